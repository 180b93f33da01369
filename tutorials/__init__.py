"""Runs the notebooks of `docs/tutorials` and keeps their outputs: `make notebooks`."""
