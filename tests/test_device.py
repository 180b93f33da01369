"""Circuits out, counts in: samplers of Qiskit against the laws of the chain."""

import builtins
import sys
import warnings
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

import latentq
from latentq.diffusion import ForwardProcess, QuDDPM
from latentq.diffusion.forward import Preparation
from latentq.diffusion.noisy import NoisyChain
from latentq.engine import fused, noisy, qiskit
from latentq.engine.noisy import Noise
from latentq.errors import InputError
from latentq.models.device import DevicePlan, draw_states, run_preparation, sample_on
from latentq.models.hybrid import LatentQ
from latentq.quantum import readout
from latentq.quantum.states import haar_states
from latentq.randomness import derive_generator
from tests.command_line import CommandLine
from tests.programs import expected

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from qiskit.primitives import Sampler as ReferenceSampler

NOISE = Noise(0.03, 0.02, 0.05)
PROCESS = ForwardProcess(qubits=2, steps=2, terminal_strength=1.5)


@pytest.fixture(scope="module")
def prior() -> QuDDPM:
    return QuDDPM(PROCESS, layers=3, seed=0, init_scale=3.0)


@pytest.fixture(scope="module")
def model() -> LatentQ:
    """A hybrid of two qubits with weights that nobody trained."""
    prior = {
        "qubits": 2, "steps": 2, "strength": [0.1, 2.0], "terminal": "basis",
        "terminal_strength": 1.5,
        "layers": 3,
    }  # fmt: skip
    return LatentQ(2, prior, seed=0, conditional=True, classes=4).eval()


def start_of(made: Preparation) -> Tensor:
    psi = torch.zeros(1, 4, dtype=torch.complex64)
    psi[0, int(made.basis)] = 1
    return fused.run(made.circuit, made.angles, psi)


def law(prior: QuDDPM, made: Preparation) -> Tensor:
    """The law of outcome strings and bits in all settings, from the instruments of the chain."""
    phi = torch.tensor(expected(prior, start_of(made)))
    return readout.probabilities(readout.density_matrices(phi))


def reference(**given: Any) -> Any:  # noqa: ANN401
    return ReferenceSampler(options=given)


class SecondInterface:
    """A sampler that answers as Qiskit's second interface does, by the law of the first."""

    def run(self, circuits: list[Any], *, shots: int) -> Any:  # noqa: ANN401
        laws = reference(shots=shots, seed=3).run(circuits).result().quasi_dists
        return SimpleNamespace(result=lambda: [self._item(law, shots) for law in laws])

    @staticmethod
    def _item(law: dict[int, float], shots: int) -> Any:  # noqa: ANN401
        keys = [f"{k:04b}" for k, share in law.items() for _ in range(round(share * shots))]
        parts = {"outcome": [key[2:] for key in keys], "readout": [key[:2] for key in keys]}
        return SimpleNamespace(
            data=SimpleNamespace(
                **{k: SimpleNamespace(get_bitstrings=lambda v=v: v) for k, v in parts.items()}
            )
        )


SAMPLERS = {
    "qiskit": lambda: reference(shots=4000, seed=1),
    "aer": lambda: qiskit.aer_sampler(Noise(), 1),
    "second": SecondInterface,
}


@pytest.mark.parametrize("name", SAMPLERS)
def test_counts_have_the_law_of_the_chain(name: str, prior: QuDDPM) -> None:
    made = PROCESS.preparation(1, derive_generator(3, "sample"))
    plan = DevicePlan(8, 4500, starts=1)
    counts = run_preparation(prior, SAMPLERS[name](), made, plan)
    wanted = law(prior, made)

    assert counts.shape == (4, 9, 4) and float(counts.sum()) == pytest.approx(8 * 4500)
    sigma = (wanted / 4000).sqrt() + 1e-3
    assert float(((counts / 4000 - wanted).abs() / sigma).max()) < 5


@pytest.mark.parametrize("deferred", [True, False])
def test_aer_with_errors_has_the_law_of_the_noisy_chain(deferred: bool, prior: QuDDPM) -> None:
    made = PROCESS.preparation(1, derive_generator(3, "sample"))
    sampler = qiskit.aer_sampler(NOISE, 1)
    counts = run_preparation(prior, sampler, made, DevicePlan(8, 4500, 1, deferred))

    chain = NoisyChain(prior, NOISE)
    r = chain.terminal(1, derive_generator(3, "sample"))
    for t in (1, 0):
        r = torch.einsum("mij,nj->nmi", chain.instruments[t], r).flatten(0, 1)
    wanted = readout.probabilities(noisy.from_pauli(noisy.misread(r, NOISE.readout)))
    sigma = (wanted / 4000).sqrt() + 1e-3
    assert float(((counts / 4000 - wanted).abs() / sigma).max()) < 5
    assert float((wanted - law(prior, made)).abs().max()) > 0.02


def test_every_string_gives_its_own_state() -> None:
    psi = haar_states(2, qubits=2, generator=derive_generator(0, "states"))
    rho = readout.density_matrices(psi.to(torch.complex128))
    counts = readout.probabilities(rho) * torch.tensor([3e4, 1e4])[:, None, None]
    found = draw_states(counts, 400, derive_generator(1, "draw"))
    first = (found - rho[0]).abs().amax(dim=(1, 2)) < 1e-6

    assert first.double().mean().item() == pytest.approx(0.75, abs=0.07)
    assert torch.allclose(found[~first], rho[1].expand(int((~first).sum()), 4, 4), atol=1e-6)


def test_images_are_those_of_the_model(model: LatentQ) -> None:
    """With shots without end an image is that of one of the branches of its preparation."""
    prior: Any = model.prior
    images = sample_on(model, reference(), DevicePlan(7, 10**6, starts=3), seed=5)
    labels = model.labels(3, 5)
    made = prior.forward_process.preparation(3, derive_generator(5, "sample"), labels)
    groups = images.split([3, 2, 2])

    assert images.shape == (7, 1, 28, 28) and labels is not None
    for k, group in enumerate(groups):
        one = Preparation(made.basis[k : k + 1], made.circuit, made.angles[k : k + 1])
        assert int(one.basis) == int(labels[k])
        phi = torch.tensor(expected(prior, start_of(one))).to(torch.complex64)
        exact = model.decode(phi / phi.norm(dim=1, keepdim=True)).detach()
        for image in group:
            assert float((image - exact).abs().amax(dim=(1, 2, 3)).min()) < 1e-4


def test_a_plan_divides_images_and_shots() -> None:
    assert (DevicePlan(64, 2430).preparations, DevicePlan(64, 2430).group) == (8, 8)
    assert DevicePlan(64, 2430).shots_of_circuit(4) == 240
    assert (DevicePlan(7, 10, 3).group, DevicePlan(1, 9).preparations) == (3, 1)
    assert DevicePlan(2, 41, 1).shots_of_circuit(4) == 2


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((0, 5), "n: must be an integer of at least 1, was 0"),
        ((5, 0), "shots: must be an integer of at least 1, was 0"),
        ((5, 5, 6), "starts: must be at most n, 5, was 6"),
    ],
)
def test_a_wrong_plan_is_told(given: Any, message: str) -> None:  # noqa: ANN401
    with pytest.raises(InputError, match=message):
        DevicePlan(*given)


def test_too_few_shots_are_told_before_anything_runs(model: LatentQ) -> None:
    sampler: Any = None
    with pytest.raises(InputError, match="shots: must be at least 9, one for each of the 9"):
        sample_on(model, sampler, DevicePlan(2, 4, 1))


def test_a_missing_package_is_one_line(monkeypatch: pytest.MonkeyPatch, line: CommandLine) -> None:
    real = builtins.__import__

    def refuse(name: str, *rest: Any, **more: Any) -> Any:  # noqa: ANN401
        if name.startswith("qiskit"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *rest, **more)

    for name in [k for k in sys.modules if k.startswith("qiskit_aer")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", refuse)
    done = line.latentq("sample", "backend=aer", "shots=810")

    assert done.code == 2
    assert done.mistakes == [
        "backend: needs qiskit_aer.primitives, which is not installed here; "
        "pip install qiskit qiskit-aer"
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["backend=ibm"], "backend: must be one of exact, aer, kolkata, lagos, prague, was 'ibm'"),
        (["shots=810"], "shots: needs backend=aer"),
        (["gate_error=0.1"], "gate_error: needs backend=aer"),
        (["backend=aer"], "shots: must be given with backend=aer, such as shots=2430"),
        (["backend=aer", "shots=0"], "shots: must be an integer, at least 1"),
        (["backend=aer", "shots=-4"], "shots: must be an integer, at least 1"),
        (
            ["backend=aer", "shots=9", "n=4"],
            "shots: must be at least 81, one for each of the 81 settings of 4 qubits, was 36",
        ),
        (["backend=aer", "shots=9", "gate_error=1.5"], "gate_error: must be a number, at least 0"),
        (["backend=aer", "shots=810", "checkpoint=classical"], "checkpoint: must be a model with"),
        (["backend=prague", "shots=810", "damping=0.1"], "damping: needs backend=aer, prague has"),
        (["backend=aer", "shots=810", "label=3"], "label: must be left out with backend=aer"),
    ],
)
def test_a_wrong_word_is_one_line(words: list[str], message: str, line: CommandLine) -> None:
    done = line.latentq("sample", *words)

    assert done.code == 2 and len(done.mistakes) == 1
    assert done.mistakes[0].startswith(message)
    assert list(line.folder.iterdir()) == []


def test_the_command_draws_by_aer(
    model: LatentQ, line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latentq, "load", lambda path: model, raising=False)
    words = ("backend=aer", "shots=90", "n=4", "starts=2", "gate_error=0.01", "out=a.png")
    done = line.latentq("sample", *words)

    assert (done.code, done.out) == (0, "4 samples: a.png\n"), done
    assert (line.folder / "a.png").stat().st_size > 1000


def test_the_best_line_has_the_least_errors() -> None:
    errors = {(0, 1): 0.1, (1, 2): 0.1, (2, 3): 0.5, (1, 3): 0.01, (3, 4): 0.02}

    assert sorted(qiskit.best_line(errors, 3)) == [1, 3, 4]
    assert qiskit.best_line(errors, 4) in ([0, 1, 3, 4], [4, 3, 1, 0], [2, 1, 3, 4])
    with pytest.raises(InputError, match="backend: must have a line of 6 coupled qubits"):
        qiskit.best_line(errors, 6)


def test_a_simulated_machine_has_nearly_the_law_of_the_chain(prior: QuDDPM) -> None:
    made = PROCESS.preparation(1, derive_generator(3, "sample"))
    machine = qiskit.FakeMachine("prague", 1)
    counts = run_preparation(prior, machine, made, DevicePlan(8, 4500, 1, deferred=False))
    apart = (counts / 4000 - law(prior, made)).abs().sum(dim=(0, 2)) / 2

    assert machine.calibrated == "2023-01-12"
    assert machine.two_qubit_gates == 2 * 3 * 2 + 2  # CZ of two steps, and two for an RZZ.
    assert float(apart.min()) > 0.005 and float(apart.max()) < 0.12


def test_errors_are_put_where_they_belong() -> None:
    assert set(qiskit.noise_model(NOISE).noise_instructions) == {"cz", "cx", "rzz", "measure"}
    assert "measure" not in qiskit.noise_model(Noise(0.1)).noise_instructions
