"""One thread, a seeded source of randomness, and the mark of tests that need the real MNIST."""

import pytest
import torch

from data.mnist import SHA256, raw_folder
from data.module import data_root

torch.set_num_threads(1)

needs_mnist = pytest.mark.skipif(
    not all((raw_folder(data_root(None)) / name).is_file() for name in SHA256),
    reason="LATENTQ_DATA_ROOT holds no MNIST",
)


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)
