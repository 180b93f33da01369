"""Whole models: networks, the base class, the hybrid model, and models on disk."""
