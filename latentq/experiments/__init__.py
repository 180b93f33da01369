"""Experiments: each module makes one table or figure, by `python -m latentq.experiments.NAME`."""
