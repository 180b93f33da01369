"""Settings of torch that hold for the whole process, and are the caller's.

A notebook that trains a model, or loads one, goes on afterwards with the settings that it had.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import torch

# Lightning sets it where determinism is asked for.
WORKSPACE = "CUBLAS_WORKSPACE_CONFIG"


@contextmanager
def own_defaults() -> Iterator[None]:
    """Makes new tensors float32 and on the CPU, and leaves torch's global generator as it was.

    Layers draw their first weights from that generator, also those that get other weights later.
    """
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    # Where it is that already, a context would only cost a microsecond at each operation.
    usual = torch.get_default_device().type == "cpu"
    try:
        with torch.random.fork_rng(devices=[]), nullcontext() if usual else torch.device("cpu"):
            yield
    finally:
        torch.set_default_dtype(before)


@contextmanager
def settings_restored() -> Iterator[None]:
    """Puts back what a training sets: threads, deterministic mode, and the default type."""
    threads, workspace = torch.get_num_threads(), os.environ.get(WORKSPACE)
    deterministic = torch.are_deterministic_algorithms_enabled()
    warn = torch.is_deterministic_algorithms_warn_only_enabled()
    cudnn = torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic
    try:
        with own_defaults():
            yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(deterministic, warn_only=warn)
        torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic = cudnn
        os.environ.pop(WORKSPACE, None)
        if workspace is not None:
            os.environ[WORKSPACE] = workspace
