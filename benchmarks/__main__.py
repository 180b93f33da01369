"""Times the training iteration of LatentQ against other simulators.

    python -m benchmarks [suite=headline] [engines=all] [seconds=3] [out=benchmarks/results]

    suite    headline, batch, qubits, chain, parts, choices or all
    engines  all, or some, separated by commas; ours always runs
    device   cpu or cuda; on cuda only our engine and torchquantum run
    seconds  the time for each engine in each row
    memory   the GB that an iteration may take
    seed     the seed of states, angles and outcomes
    out      the folder of the results

Peers are optional: `pip install -r requirements-peers.txt`. One that is not installed is left out.
"""

import sys

from benchmarks.single_thread import restrict


def main() -> int:
    """Runs the command and returns its exit code."""
    restrict()  # Before torch, numpy and JAX are imported.
    from benchmarks.command import bench
    from latentq.config.commands import run_command

    return run_command(bench, __doc__)


if __name__ == "__main__":
    sys.exit(main())
