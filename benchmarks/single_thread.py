"""One thread for every library, which has to be asked for before the libraries are imported."""

import os

VARIABLES = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
}


def restrict() -> None:
    """Sets the variables, and keeps this process on one core where the system can do that.

    The core is what makes it sure: XLA starts threads of its own in spite of its flags.
    """
    os.environ.update(VARIABLES)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
