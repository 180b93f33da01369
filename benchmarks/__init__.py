"""Times the training iteration of LatentQ against other simulators: `python -m benchmarks`."""
