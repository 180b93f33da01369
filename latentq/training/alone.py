"""A run is one process, whatever a scheduler or a launcher has left in the environment."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from pytorch_lightning.utilities.rank_zero import rank_zero_only

# Lightning takes ranks and sizes from some of them, and the defaults of a training from others.
PREFIXES = ("PL_", "SLURM_", "PMI_", "PMIX_", "OMPI_", "MPI_", "JSM_", "TORCHELASTIC_")
NAMES = (
    *("RANK", "LOCAL_RANK", "GROUP_RANK", "NODE_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE"),
    *("MASTER_ADDR", "MASTER_PORT"),
)


@contextmanager
def one_process() -> Iterator[None]:
    """Makes this process the first and only one of a training, and puts all back at the end."""
    foreign = {k: v for k, v in os.environ.items() if k in NAMES or k.startswith(PREFIXES)}
    rank = getattr(rank_zero_only, "rank", 0)
    for name in foreign:
        del os.environ[name]
    rank_zero_only.rank = 0  # type: ignore[attr-defined]
    try:
        yield
    finally:
        rank_zero_only.rank = rank  # type: ignore[attr-defined]
        os.environ.update(foreign)
