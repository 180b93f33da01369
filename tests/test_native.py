"""The compiling of the loops; what they compute is tested with their callers."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numba
import pytest
import torch

from latentq import native
from latentq.native import compiling


def test_loops_are_compiled_without_a_folder_for_their_cache(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(**options: Any) -> Callable:  # noqa: ANN401
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        return numba.njit(**options)

    monkeypatch.setattr(compiling, "numba", SimpleNamespace(njit=refuse))
    twice = compiling.compiled(lambda x: 2 * x)

    assert twice(4) == 8
    assert isinstance(twice, numba.core.dispatcher.Dispatcher)


def test_where_there_are_loops() -> None:
    assert native.runs_on(torch.zeros(1))
    assert not native.runs_on(torch.zeros(1, device="meta"))


HASHED = """
import hashlib
import torch
from latentq import circuits, fused
from latentq.diffusion import ForwardProcess, QuDDPM
from latentq.states import haar_states
generator = torch.Generator().manual_seed(0)
circuit = circuits.cnot_circuit(4, 3)
angles = torch.randn(circuit.parameters, generator=generator).requires_grad_()
psi, phi = (haar_states(64, qubits=4, generator=generator) for _ in range(2))
final = fused.run(circuit, angles, psi)
(phi.conj() * final).sum(dim=-1).abs().square().mean().backward()
found = [final.detach(), angles.grad]
for loss, outcomes in (("mmd1", "sampled"), ("mmdk", "score")):
    prior = QuDDPM(ForwardProcess(steps=1), 1, 3, loss, outcomes, generator=generator)
    prior.step_loss(0, psi, phi, generator).backward()
    found.append(prior.angles[0].grad)
print(hashlib.sha256(b"".join(x.numpy().tobytes() for x in found)).hexdigest())
"""


def test_compiled_and_cached_loops_agree_to_the_bit(tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", HASHED]
    first, second = (
        subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
        for _ in range(2)
    )

    assert [*tmp_path.rglob("*.nbc")]
    assert len(first) == 65 and first == second
