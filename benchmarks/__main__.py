"""Times the training iteration of LatentQ against other simulators.

    python -m benchmarks
    python -m benchmarks suite=all engines=pennylane,torchquantum seconds=10

Peers are optional: `pip install -r requirements-peers.txt`. One that is not installed is left out.
"""

import sys

from benchmarks.single_thread import restrict


def main() -> int:
    """Runs the command and returns its exit code."""
    restrict()  # Before torch, numpy and JAX are imported.
    from benchmarks.command import Options, bench
    from latentq.config.commands import run_command

    return run_command(bench, __doc__, Options)


if __name__ == "__main__":
    sys.exit(main())
