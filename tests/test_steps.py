"""Steps in the place of circuits: each against numpy, its free reals, and what it learns."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from baselines.chains import PerceptronChain, StepChain, isometries, linear_maps, measurements
from baselines.controls import DephasedChain
from baselines.steps import IsometryStep, MapStep, PrepareStep, Step
from latentq.config.compose import load_config
from latentq.config.config import arguments_of
from latentq.diffusion import Chain, ForwardProcess
from latentq.diffusion.fit import fit
from latentq.errors import InputError
from latentq.models import storage
from latentq.models.generative import prior_freedom
from latentq.models.hybrid import LatentQ, quantum_model
from latentq.quantum.encoding import density_coordinates
from latentq.quantum.states import fidelity, haar_states, perturb, turn_randomly
from latentq.randomness import derive_generator
from tests import oracles

KINDS = ("isometries", "linear", "branches", "measure_and_prepare", "dephased", "perceptrons")
STEPS: dict[str, Callable[[torch.Generator], Step]] = {
    "isometry": lambda g: IsometryStep(4, 3, g),
    "two maps": lambda g: MapStep(4, 2, 1, False, g),
    "three maps": lambda g: MapStep(4, 3, 2, True, g),
    "measurement": lambda g: PrepareStep(4, 5, g),
}


def as_numpy(pairs: Tensor) -> np.ndarray[Any, Any]:
    return torch.view_as_complex(pairs.detach()).numpy()


def choi(step: Step) -> np.ndarray[Any, Any]:
    """What becomes of the second half of a maximally entangled state of two times two qubits."""
    columns = step(torch.eye(4, dtype=torch.complex64)).detach().numpy()
    state = np.einsum("kma,lmb->kalb", columns, columns.conj()) / 4
    return state


def least_after_transpose(step: Step) -> float:
    """The least eigenvalue of the partial transpose, negative if entanglement is left."""
    transposed = choi(step).transpose(0, 3, 2, 1).reshape(16, 16)
    return float(np.linalg.eigvalsh(transposed)[0])


def test_isometries_are_complete_and_keep_all_overlaps(generator: torch.Generator) -> None:
    step = IsometryStep(4, 3, generator)
    psi = haar_states(6, qubits=2, generator=generator)
    moved = step(psi).flatten(1)

    assert step(psi).shape == (6, 3, 4)
    assert torch.allclose(moved.conj() @ moved.mT, psi.conj() @ psi.mT, atol=1e-6)
    columns = step.kraus().flatten(0, 1).detach().numpy()
    matrix = as_numpy(step.matrix)
    assert np.allclose(columns @ (columns.conj().T @ matrix), matrix, atol=1e-5)
    assert torch.allclose(step(psi), torch.einsum("mij,bj->bmi", step.kraus(), psi), atol=1e-6)


@pytest.mark.parametrize("learnt", [True, False])
def test_maps_are_drawn_by_their_weights(learnt: bool, generator: torch.Generator) -> None:
    step = MapStep(4, 3, 2, learnt, generator)
    wanted = np.full(3, 1 / 3)
    if step.logits is not None:
        nn.init.normal_(step.logits, generator=generator)
        logits = step.logits.detach().numpy()
        wanted = np.exp(logits) / np.exp(logits).sum()
    psi = haar_states(5, qubits=2, generator=generator)
    branches = step(psi).detach().numpy()

    shared, left, right = map(as_numpy, (step.shared, step.left, step.right))
    matrices = [shared, *(shared + u @ v.conj().T for u, v in zip(left, right, strict=True))]
    for m, matrix in enumerate(matrices):
        moved = psi.numpy() @ matrix.T
        moved = moved / np.linalg.norm(moved, axis=1, keepdims=True) * np.sqrt(wanted[m])
        assert np.allclose(branches[:, m], moved, atol=1e-6)
    assert len({round(float(w), 4) for w in wanted}) == (3 if learnt else 1)


def test_measurements_prepare_by_the_born_rule(generator: torch.Generator) -> None:
    step = PrepareStep(4, 5, generator)
    psi = haar_states(6, qubits=2, generator=generator)
    branches = step(psi).detach().numpy()
    probabilities = (np.abs(branches) ** 2).sum(axis=2)
    vectors = np.linalg.qr(as_numpy(step.effects))[0]  # Rows are the bras <e_m|.

    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    assert np.allclose(vectors.conj().T @ vectors, np.eye(4), atol=1e-6)
    assert np.allclose(probabilities, np.abs(psi.numpy() @ vectors.T) ** 2, atol=1e-6)
    prepared = as_numpy(step.prepared)
    prepared /= np.linalg.norm(prepared, axis=1, keepdims=True)
    overlaps = np.abs(np.einsum("bmi,mi->bm", branches, prepared.conj())) ** 2
    assert np.allclose(overlaps, probabilities, atol=1e-6)  # Nothing but the state prepared.


def test_measurements_break_entanglement_and_isometries_do_not(generator: torch.Generator) -> None:
    """A channel breaks entanglement only if the partial transpose of its state is positive."""
    assert least_after_transpose(PrepareStep(4, 5, generator)) > -1e-6
    assert least_after_transpose(IsometryStep(4, 2, generator)) < -0.01


@pytest.mark.parametrize("name", STEPS)
def test_free_reals_are_the_rank_of_the_derivative(name: str, generator: torch.Generator) -> None:
    """A real counts if it moves a branch by more than a global phase."""
    step = STEPS[name](generator).double()
    psi = haar_states(40, qubits=2, generator=generator).to(torch.complex128)
    names = [key for key, _ in step.named_parameters()]
    point = tuple(p.detach() for p in step.parameters())

    def seen(*values: Tensor) -> Tensor:
        branches = functional_call(step, dict(zip(names, values, strict=True)), (psi,))
        return density_coordinates(branches).flatten()

    parts = torch.autograd.functional.jacobian(seen, point)
    rows = torch.cat([part.flatten(1) for part in cast(tuple[Tensor, ...], parts)], dim=1)
    sizes = torch.linalg.svdvals(rows)

    assert int((sizes > 1e-8 * sizes[0]).sum()) == step.freedom
    assert step.freedom < rows.shape[1]


def dephased(ancillas: int = 1, steps: int = 2) -> DephasedChain:
    generator = torch.Generator().manual_seed(3)
    forward = ForwardProcess(2, steps)
    return DephasedChain(forward, ancillas=ancillas, layers=3, init_scale=3.0, generator=generator)


@pytest.mark.parametrize("ancillas", [1, 2])
def test_interference_off_is_the_channel_of_the_diagonal(
    ancillas: int, generator: torch.Generator
) -> None:
    chain, psi = dephased(ancillas), haar_states(3, qubits=2, generator=generator)
    for t, instrument in zip([1, 0], chain.instruments([1, 0], 3), strict=True):
        circuit, angles = chain.measured.circuits[t], chain.measured.angles[t]
        kraus = oracles.kraus(circuit, angles.detach().numpy(), ancillas)
        branches = instrument(psi).detach().numpy()
        for state, own in zip(psi.numpy(), branches, strict=True):
            diagonal = np.diag(np.abs(state) ** 2)
            assert np.allclose(
                np.einsum("ma,mb->ab", own, own.conj()),
                oracles.apply_channel(kraus, diagonal),
                atol=1e-5,
            )


def test_interference_off_is_a_markov_chain() -> None:
    """The mean state after all steps is that of the matrix of transition probabilities."""
    chain, n = dephased(steps=3), 40_000
    start = torch.zeros(n, dtype=torch.int64)
    ensembles = chain.sample_chain(n, seed=1, start=start)
    p = ensembles[0].abs().square().mean(dim=0).numpy()
    for t in (2, 1):
        angles = chain.measured.angles[t].detach().numpy()
        kraus = oracles.kraus(chain.measured.circuits[t], angles, 1)
        p = sum(np.abs(k) ** 2 for k in kraus) @ p
    angles = chain.measured.angles[0].detach().numpy()
    last = oracles.kraus(chain.measured.circuits[0], angles, 1)
    found = np.einsum("na,nb->ab", ensembles[-1].numpy(), ensembles[-1].numpy().conj()) / n

    assert np.allclose(found, oracles.apply_channel(last, np.diag(p)), atol=0.02)
    drawn = np.unique(np.round(np.abs(ensembles[-1].numpy()) ** 2, 3), axis=0)
    assert len(drawn) <= 2 * 4  # A state for each basis state and outcome.


def test_a_model_without_interference_is_no_quantum_model() -> None:
    """Its circuits alone would say something else."""
    config = load_config(["model=dephased", "prior.layers=1", "model.channels=2"])
    model = cast(LatentQ, storage.build("dephased", arguments_of(config)))
    with pytest.raises(InputError, match="must be a model with a quantum prior"):
        quantum_model(model, "it")
    with pytest.raises(InputError, match="outcomes: must be score or sampled"):
        load_config(["model=dephased", "outcomes=exact"])


def test_one_measurement_is_the_codebook(generator: torch.Generator) -> None:
    """With one step, states are drawn from a table by weights that depend on the start alone."""
    forward = ForwardProcess(2, 1, terminal_strength=0.0)
    chain = measurements(forward, (6,), generator=generator)
    step = cast(PrepareStep, chain.maps[0])
    vectors = np.linalg.qr(as_numpy(step.effects))[0]
    drawn = chain.sample_chain(20_000, generator, start=torch.full((20_000,), 2))[-1]
    table = torch.view_as_complex(step.prepared.detach())
    nearest = torch.stack([fidelity(drawn, state) for state in table], dim=1)
    shares = torch.bincount(nearest.argmax(dim=1), minlength=6) / len(drawn)

    assert nearest.max(dim=1).values.min() > 0.999
    assert np.allclose(shares.numpy(), np.abs(vectors[:, 2]) ** 2, atol=0.015)


def spread_chain(name: str, spread: float) -> Chain:
    """Chains of equal weights, whatever the spread."""
    forward, generator = ForwardProcess(2, 2), torch.Generator().manual_seed(4)
    made: dict[str, Callable[[], Chain]] = {
        "isometries": lambda: isometries(forward, 2, spread=spread, generator=generator),
        "linear": lambda: linear_maps(forward, (3, 1), 1, spread=spread, generator=generator),
        "measurements": lambda: measurements(forward, 5, spread=spread, generator=generator),
        "perceptrons": lambda: PerceptronChain(forward, 7, spread=spread, generator=generator),
        "dephased": lambda: DephasedChain(
            forward, ancillas=1, layers=2, spread=spread, generator=generator
        ),
    }
    return made[name]()


@pytest.mark.parametrize(
    "name", ["isometries", "linear", "measurements", "perceptrons", "dephased"]
)
def test_every_chain_is_turned_at_its_end_alone_as_the_circuits_are(name: str) -> None:
    plain, turned = (spread_chain(name, spread) for spread in (0.0, 0.5))
    first, second = (chain.sample_chain(4000, seed=2) for chain in (plain, turned))

    assert torch.equal(first[:2], second[:2])
    assert torch.equal(second[2], turn_randomly(first[2], 0.5, after(plain)))
    draws = (torch.Generator().manual_seed(1) for _ in range(2))
    inputs = first[1][:100]
    losses = [
        chain.step_loss(0, inputs, first[2][:100], g).item()
        for chain, g in zip((plain, turned), draws, strict=True)
    ]
    assert losses[0] == losses[1]  # Training is without it, as that of the circuits.


def after(chain: Chain) -> torch.Generator:
    """The generator of samples as a chain leaves it, before anything is turned."""
    generator = derive_generator(2, "sample")
    chain.sample_chain(4000, generator)
    return generator


def test_a_step_of_one_map_is_that_map(generator: torch.Generator) -> None:
    chain = linear_maps(ForwardProcess(2, 2), (3, 1), 1, generator=generator)
    psi = haar_states(6, qubits=2, generator=generator)
    (step,) = chain.instruments([1], 6)
    moved = psi.numpy() @ as_numpy(cast(MapStep, chain.maps[1]).shared).T

    wanted = moved / np.linalg.norm(moved, axis=1, keepdims=True)
    assert np.allclose(step(psi)[:, 0].detach().numpy(), wanted, atol=1e-6)
    assert step(psi).shape[1] == 1
    with pytest.raises(InputError, match="maps: must be one number or 2"):
        linear_maps(ForwardProcess(2, 2), (3, 1, 1), 1, generator=generator)


def chains(generator: torch.Generator) -> dict[str, Chain]:
    forward = ForwardProcess(2, 2, terminal_strength=0.5)
    return {
        "isometries": isometries(forward, (3, 2), generator=generator),
        "linear": linear_maps(forward, 2, 2, generator=generator),
        "branches": linear_maps(forward, 3, 1, learnt=True, generator=generator),
        "measurements": measurements(forward, 6, generator=generator),
        "dephased": dephased(),
        "perceptrons": PerceptronChain(forward, 9, shared=True, generator=generator),
    }


@pytest.mark.parametrize("name", chains(torch.Generator()))
def test_chains_learn_two_states(name: str, generator: torch.Generator) -> None:
    goal = haar_states(2, qubits=2, generator=generator)
    states = perturb(goal.repeat(60, 1), 0.1, generator)
    chain = chains(generator)[name]
    chain.check()
    fit(chain, states, 160, batch_size=48, lr=0.03, seed=1, progress=False)
    drawn = chain.sample(400, seed=3)
    best = torch.stack([fidelity(drawn, state) for state in goal])

    assert best.max(dim=0).values.mean() > 0.85
    assert 100 < (best[0] > best[1]).sum() < 300


def test_a_shared_network_knows_its_step(generator: torch.Generator) -> None:
    chain = PerceptronChain(ForwardProcess(2, 3), 6, shared=True, generator=generator)
    psi = haar_states(2, qubits=2, generator=generator)
    first, last = (instrument(psi) for instrument in chain.instruments([0, 2], 2))
    (network,) = chain.networks
    x = torch.cat((psi.real, psi.imag, torch.ones(2, 1), torch.eye(3)[[2, 2]]), dim=1)
    moved = torch.cat((psi.real, psi.imag), dim=1) + network(x)
    moved = moved / moved.norm(dim=1, keepdim=True) / 2**0.5

    assert torch.allclose(last[:, 1], torch.complex(*moved.chunk(2, dim=1)), atol=1e-6)
    assert not torch.allclose(first, last)


def test_a_list_is_of_all_steps() -> None:
    with pytest.raises(InputError, match=r"prior\.branches: must be one number or 5, .* \[2, 3\]"):
        load_config(["model=isometries", "prior.branches=[2,3]"])
    with pytest.raises(InputError, match=r"prior\.effects: must be at least 16"):
        load_config(["model=measure_and_prepare", "prior.effects=15"])
    with pytest.raises(InputError, match=r"branches: must be one number or 2, was \[2\]"):
        isometries(ForwardProcess(2, 2), (2,), generator=torch.Generator())


@pytest.mark.parametrize("kind", KINDS)
def test_chains_survive_the_disk(kind: str, tmp_path: Path) -> None:
    words = ["prior.layers=1"] if kind == "dephased" else []
    arguments = arguments_of(load_config([f"model={kind}", "model.channels=2", *words]))
    model = cast(LatentQ, storage.build_seeded(kind, arguments, 0)).eval()
    storage.save(model, tmp_path, kind, arguments)
    loaded = cast(LatentQ, storage.load(tmp_path))

    assert torch.equal(loaded.sample(5, seed=2), model.sample(5, seed=2))
    assert not torch.equal(loaded.sample(5, seed=2), loaded.sample(5, seed=3))


def test_free_reals_of_a_chain_are_those_of_its_steps(generator: torch.Generator) -> None:
    chain = isometries(ForwardProcess(4, 5), (3, 2, 2, 2, 2), generator=generator)

    assert isinstance(chain, StepChain)
    # A first column of unit length, each further one orthogonal to the others as well.
    each = [sum(2 * 16 * m - 1 - 2 * j for j in range(16)) - m for m in (3, 2, 2, 2, 2)]
    assert prior_freedom(chain) == chain.freedom == sum(each)
    assert prior_freedom(nn.Linear(3, 2)) == 8 and prior_freedom(None) == 0
