"""What `import latentq` offers, and what goes into a QuDDPM from outside."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import latentq
from latentq.diffusion import DenoisingObjective, ForwardProcess, QuDDPM
from latentq.diffusion.forward import Forward
from latentq.diffusion.losses import mmd1, mmdk, wasserstein
from latentq.engine.circuits import Circuit, denoising_circuit
from latentq.errors import InputError
from latentq.quantum.states import haar_states
from latentq.randomness import derive_generator
from tests import oracles

ROOT = Path(__file__).parent.parent
DOORS = [
    *("Circuit", "ForwardProcess", "QuDDPM", "evaluate", "evaluate_states", "fit", "load"),
    "register",
]
PROCESS = ForwardProcess(qubits=2, steps=2)


def prior(**given: Any) -> QuDDPM:  # noqa: ANN401
    return QuDDPM(PROCESS, **{"layers": 3, "seed": 0, **given})


def trained(model: QuDDPM, iterations: int = 6) -> Tensor:
    """The angles after both kinds of phases."""
    states = haar_states(40, qubits=2, generator=derive_generator(0, "states"))
    latentq.fit(
        model, states, iterations, alone=0.5, batch_size=12, start_batch_size=4, progress=False
    )
    return torch.cat([angles.detach() for angles in model.angles])


def test_the_doors_are_open() -> None:
    assert latentq.__all__ == DOORS
    assert {*DOORS, "losses", "__version__"} <= {*dir(latentq)}
    assert all(callable(getattr(latentq, name)) for name in DOORS)
    assert (latentq.QuDDPM, latentq.ForwardProcess, latentq.Circuit) == (
        QuDDPM,
        ForwardProcess,
        Circuit,
    )
    assert (latentq.losses.mmd1, latentq.losses.mmdk) == (mmd1, mmdk)
    assert latentq.losses.wasserstein is wasserstein
    with pytest.raises(AttributeError, match="has no attribute 'train'"):
        latentq.train  # noqa: B018


def test_torch_comes_with_the_first_door_only() -> None:
    code = "import sys, latentq; dir(latentq); sys.exit('torch' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_a_seed_stands_for_a_generator() -> None:
    given = QuDDPM(PROCESS, layers=3, generator=derive_generator(0, "init", "prior"))
    other = prior(seed=1)

    for a, b, c in zip(given.angles, prior().angles, other.angles, strict=True):
        assert torch.equal(a, b) and not torch.equal(a, c)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "seed: must be given, or a generator instead of it, had neither"),
        ({"seed": 0, "generator": torch.Generator()}, "had both"),
        ({"generator": 7}, "generator: must be a torch.Generator, was of type int"),
        ({"seed": -1}, "seed: must be an integer of at least 0, was -1"),
        ({"seed": 0.5}, "seed: must be an integer of at least 0, was 0.5"),
    ],
)
def test_exactly_one_source_of_randomness(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        QuDDPM(PROCESS, layers=3, **given)
    with pytest.raises(InputError, match=message):
        prior().sample_chain(3, **given)


def test_samples_follow_from_a_seed() -> None:
    model = prior()
    chain = model.sample_chain(5, derive_generator(3, "sample"))

    assert model.sample(5, seed=3).shape == (5, 4)
    assert torch.equal(model.sample(5, seed=3), chain[-1])
    assert torch.equal(model.sample_chain(5, seed=3), chain)
    assert not torch.equal(model.sample(5, seed=3), model.sample(5))
    with pytest.raises(InputError, match="n: must be an integer of at least 1, was 0"):
        model.sample(0)


def test_the_default_circuit_as_your_own_trains_to_the_same_bits() -> None:
    asked: list[tuple[int, int]] = []

    def build(qubits: int, layers: int) -> Circuit:
        asked.append((qubits, layers))
        return denoising_circuit(qubits, layers)

    expected = trained(prior())
    assert torch.equal(trained(prior(circuit=build)), expected)
    assert asked == [(3, 3), (3, 3)]
    assert torch.equal(trained(prior(circuit=denoising_circuit(3, 3), layers=None)), expected)
    assert torch.equal(trained(prior(circuit=denoising_circuit(3, 3), layers=3)), expected)


@pytest.mark.parametrize("entangler", ["cz", "cnot", "rzz"])
def test_your_own_circuit_is_what_acts(entangler: Any) -> None:  # noqa: ANN401
    circuit = Circuit(3, 2, ("ry", "rz"), entangler, ((2, 0), (0, 1)))
    model = prior(circuit=circuit, layers=None)
    kraus = oracles.kraus(circuit, model.angles[1].detach().numpy(), 1)
    psi = haar_states(6, qubits=2, generator=derive_generator(0, "states"))
    (instrument,) = model.instruments([1], 6)

    expected = torch.einsum("mij,bj->bmi", torch.tensor(kraus).to(torch.complex64), psi)
    assert torch.allclose(instrument(psi), expected, atol=1e-5)
    assert sum(angles.numel() for angles in model.angles) == 2 * circuit.parameters


def test_a_function_builds_each_step() -> None:
    model = prior(circuit=denoising_circuit, layers=(2, 5))

    assert [circuit.layers for circuit in model.circuits] == [2, 5]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"circuit": denoising_circuit(4, 3), "layers": None}, "circuit: must act on 3 qubits"),
        ({"circuit": lambda qubits, layers: denoising_circuit(2, 3)}, "was for 2"),
        ({"circuit": lambda qubits, layers: None}, "returns one, returned None"),
        ({"circuit": "ring"}, "circuit: must be a Circuit, or a function .* was 'ring'"),
        ({"circuit": denoising_circuit(3, 2), "layers": 3}, "which has 2, was 3"),
        ({"circuit": denoising_circuit, "axes": ("rz",)}, "axes, entangled: must be left out"),
        ({"circuit": denoising_circuit, "entangled": False}, "axes, entangled: must be left out"),
        ({"loss": 3}, "loss: must be one of mmd1, mmdk, wasserstein, mmdg, mmd_transport, was 3"),
        (
            {"loss": "mse"},
            "loss: must be one of mmd1, mmdk, .*, mmd_transport, was 'mse'",
        ),
    ],
)
def test_a_part_that_is_none_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        prior(**given)
    assert len(caught.value.lines()) == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"axes": ("rx", "rw")}, "axes: must be of rx, ry, rz, was 'rw'"),
        ({"entangler": "swap"}, "entangler: must be of cz, cnot, rzz, was 'swap'"),
        ({"pairs": ((0, 2),)}, r"pairs: .* qubits from 0 to 1, was \(0, 2\)"),
        ({"pairs": ((1, 1),)}, r"pairs: must be of two different qubits .* was \(1, 1\)"),
        ({"pairs": ((0, 1, 0),)}, r"pairs: .* was \(0, 1, 0\)"),
        ({"pairs": ((-1, 0),)}, r"pairs: .* was \(-1, 0\)"),
    ],
)
def test_a_circuit_of_other_gates_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Circuit(2, 1, **{"axes": ("rx",), "entangler": "cz", "pairs": ((0, 1),), **given})


def test_lists_make_the_same_circuit() -> None:
    lists: Any = ["rx", "ry"], "cz", [[0, 1], [1, 2]]

    assert Circuit(3, 2, *lists) == denoising_circuit(3, 2)
    assert hash(Circuit(3, 2, *lists)) == hash(denoising_circuit(3, 2))


def own_mmdk(phi: Tensor, psi: Tensor, weights: Tensor | None = None) -> Tensor:
    return mmdk(phi, psi, weights)


@pytest.mark.parametrize("outcomes", ["exact", "score", "sampled"])
def test_your_own_mmdk_trains_to_the_same_bits(outcomes: Any) -> None:  # noqa: ANN401
    expected = trained(prior(loss="mmdk", outcomes=outcomes))

    assert torch.equal(trained(prior(loss=own_mmdk, outcomes=outcomes)), expected)
    assert torch.equal(trained(prior(loss=mmdk, outcomes=outcomes)), expected)
    assert not torch.equal(trained(prior(loss="mmd1", outcomes=outcomes)), expected)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (lambda phi, psi, weights: 0.5, "must return a scalar tensor, .* of type float"),
        (lambda phi, psi, weights: phi.real, r"returned torch.float32 of shape \(24, 4\)"),
        (lambda phi, psi, weights: phi.sum(), r"returned torch.complex64 of shape \(\)"),
        (lambda phi, psi, weights: mmdk(phi.detach(), psi), "must have a gradient"),
    ],
)
def test_a_loss_that_returns_no_scalar_is_named(value: Any, message: str) -> None:  # noqa: ANN401
    with pytest.raises(InputError, match=f"loss: {message}|{message}") as caught:
        trained(prior(loss=value))
    assert len(caught.value.lines()) == 1 and str(caught.value).startswith("loss: must ")


def test_an_error_of_your_own_loss_is_passed_on() -> None:
    def broken(phi: Tensor, psi: Tensor, weights: Tensor) -> Tensor:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine") as caught:
        trained(prior(loss=broken))
    assert caught.traceback[-1].name == "broken"


class Twin:
    """Your own process, which is the default one by another way."""

    qubits, steps = 2, 2

    def diffuse(self, psi: Tensor, t: int, generator: torch.Generator) -> Tensor:
        return PROCESS.diffuse(psi, t, generator)

    def terminal_states(
        self, n: int, generator: torch.Generator, start: Tensor | None = None
    ) -> Tensor:
        return PROCESS.terminal_states(n, generator, start)


def test_your_own_process_trains_to_the_same_bits() -> None:
    process: Forward = Twin()
    model = QuDDPM(process, layers=3, seed=0)

    assert torch.equal(trained(model), trained(prior()))
    assert torch.equal(model.sample(4), model.sample(4, seed=0))


def test_your_own_process_is_what_is_diffused_by() -> None:
    class Still(Twin):
        def diffuse(self, psi: Tensor, t: int, generator: torch.Generator) -> Tensor:
            return psi

    states = haar_states(9, qubits=2, generator=derive_generator(0, "states"))
    objective = DenoisingObjective(
        QuDDPM(Still(), layers=3, seed=0), states,
        input_batch_size=1, start_batch_size=1, target_batch_size=1,
        intermediate_weight=0.0, seed=0,
    )  # fmt: skip

    assert all(torch.equal(ensemble, states) for ensemble in objective.ensembles)


@pytest.mark.parametrize("name", ["qubits", "steps", "diffuse", "terminal_states"])
def test_what_a_process_lacks_is_named(name: str) -> None:
    parts = {k: v for k, v in vars(Twin).items() if not k.startswith("__") and k != name}
    process: Any = type("Half", (), parts)()

    with pytest.raises(InputError, match=f"forward_process: .* a Half lacks {name}$"):
        QuDDPM(process, layers=3, seed=0)


def test_a_process_has_whole_numbers() -> None:
    process: Any = Twin()
    process.steps = 0

    with pytest.raises(InputError, match=r"forward_process\.steps: must be an integer"):
        QuDDPM(process, layers=3, seed=0)


def test_a_process_that_ends_in_haar_states_needs_an_ancilla() -> None:
    class Haar(Twin):
        terminal = "haar"

    with pytest.raises(InputError, match="ancillas: must be at least 1"):
        QuDDPM(Haar(), ancillas=0, layers=3, seed=0)
    assert QuDDPM(Twin(), ancillas=0, layers=3, seed=0).sample(2).shape == (2, 4)
