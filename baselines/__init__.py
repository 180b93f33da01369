"""Matched classical baselines: the same networks and trainers as the quantum model."""
