"""The compiling of the loops; what they compute is tested with their callers."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import pytest
import torch

from latentq.engine import native
from latentq.engine.native import compiling


def test_loops_are_compiled_without_a_folder_for_their_cache(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("cannot cache function: no locator available")

    monkeypatch.setattr(compiling.FunctionCache, "__init__", refuse)
    twice = compiling.compiled(lambda x: 2 * x)

    assert twice(4) == 8
    assert isinstance(twice, numba.core.dispatcher.Dispatcher)


def triple(x: float) -> float:
    return 3 * x


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Path]:
    """Fills a cache with a function, and returns its folder."""

    def fill() -> Path:
        monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
        assert compiling.compiled(triple)(4.0) == 12.0
        return next(tmp_path.rglob("*.nbc")).parent

    return fill


def hits(function: Any) -> int:  # noqa: ANN401
    return sum(function.stats.cache_hits.values())


def test_what_was_compiled_is_read_again(
    kept: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept()
    again = compiling.compiled(triple)
    assert (again(5.0), hits(again)) == (15.0, 1)

    monkeypatch.setattr(compiling, "source_stamp", lambda: "of other sources")
    other = compiling.compiled(triple)
    assert (other(5.0), hits(other)) == (15.0, 0)


def flipped(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
def test_a_damaged_cache_is_compiled_anew(suffix: str, kept: Callable[[], Path]) -> None:
    (path,) = kept().glob(f"*.{suffix}")
    content = path.read_bytes()
    damaged = [b"", content[:-1], content[: len(content) // 2], content + b"0", b"\x80\x04."]
    for wrong in (*damaged, flipped(content, 0), flipped(content, len(content) // 2)):
        path.write_bytes(wrong)
        anew = compiling.compiled(triple)
        assert (anew(5.0), hits(anew)) == (15.0, 0)
        after = compiling.compiled(triple)
        assert (after(5.0), hits(after)) == (15.0, 1), "it was mended"


def test_no_byte_of_the_cache_is_read_unchecked(kept: Callable[[], Path]) -> None:
    for path in kept().iterdir():
        content = path.read_bytes()
        assert compiling.is_whole(str(path))
        for place in range(0, len(content), 101):
            path.write_bytes(flipped(content, place))
            assert not compiling.is_whole(str(path))


def test_a_cache_on_a_full_or_read_only_disk_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))

    class Full:
        name = "full"

        def __enter__(self) -> "Full":
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def write(self, content: bytes) -> None:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(compiling.numba.core.caching, "open", lambda *_: Full(), raising=False)
    assert compiling.compiled(triple)(6.0) == 18.0

    def refuse(*words: str) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(compiling.numba.core.caching, "open", refuse, raising=False)
    assert compiling.compiled(triple)(7.0) == 21.0
    assert not [*tmp_path.rglob("*.nb?")]


def test_where_there_are_loops() -> None:
    assert native.runs_on(torch.zeros(1))
    assert not native.runs_on(torch.zeros(1, device="meta"))


HASHED = """
import hashlib
import torch
from latentq.engine import circuits
from latentq.engine import fused
from latentq.diffusion import ForwardProcess, QuDDPM
from latentq.quantum.states import haar_states
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
