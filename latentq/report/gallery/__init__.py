"""The live page: the shipped quantum model, run in a browser without a network."""
