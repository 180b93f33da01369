"""The near-term chain: own angles of each basis state, and exact errors in training."""

from typing import Any

import pytest
import torch
from torch import Tensor

from latentq.diffusion import DenoisingObjective, ForwardProcess, QuDDPM
from latentq.diffusion.measurement import uniform_particles
from latentq.diffusion.near_term import NearTermQuDDPM, in_blocks
from latentq.diffusion.noisy import NoisyChain
from latentq.engine import noise_aware, noisy
from latentq.engine.circuits import Circuit, denoising_circuit
from latentq.engine.noisy import Noise
from latentq.errors import InputError
from latentq.models.near_term import NearTerm
from latentq.quantum.readout import density_matrices
from latentq.quantum.states import haar_states
from latentq.randomness import derive_generator

PROCESS = ForwardProcess(qubits=2, steps=3, terminal="product", terminal_strength=1.5)
GROUPS = torch.arange(4).repeat_interleave(30)


def chain(gate_error: float = 0.0, **given: Any) -> NearTermQuDDPM:  # noqa: ANN401
    given = {"layers": (2, 1, 2), **given}
    return NearTermQuDDPM(PROCESS, 4, gate_error, 3.0, seed=0, **given)


def haar(n: int, qubits: int) -> Tensor:
    generator = derive_generator(0, "states")
    return haar_states(n, qubits=qubits, generator=generator, dtype=torch.complex128)


@pytest.mark.parametrize(
    "circuit",
    [
        denoising_circuit(3, 1),
        denoising_circuit(4, 3),
        Circuit(3, 2, ("rz", "ry"), "cnot", ((2, 0), (0, 1))),
    ],
)
def test_branches_are_those_of_the_compiled_instrument(circuit: Circuit) -> None:
    angles = 3 * torch.randn(2, circuit.parameters, generator=derive_generator(0, "angles"))
    ancillas = circuit.qubits - 2
    r = noisy.to_pauli(density_matrices(haar(10, 2))).view(2, 5, 16)
    found = noise_aware.branches(circuit, angles, r.float(), ancillas, 0.07)

    for own, theta, inputs in zip(found, angles, r, strict=True):
        matrices = noisy.instrument(circuit, theta, ancillas, Noise(0.07))
        wanted = torch.einsum("mij,nj->nmi", matrices, inputs)
        assert torch.allclose(own.double(), wanted, atol=1e-5)


def test_the_gradient_is_that_of_differences() -> None:
    circuit = denoising_circuit(3, 2)
    angles = torch.randn(1, circuit.parameters, generator=derive_generator(0, "angles")).double()
    r = noisy.to_pauli(density_matrices(haar(3, 2)))[None]

    def value(theta: Tensor) -> Tensor:
        weights = torch.arange(96.0, dtype=torch.float64).sin().view(1, 3, 2, 16)
        return (noise_aware.branches(circuit, theta, r, 1, 0.1) * weights).sum()

    assert torch.autograd.gradcheck(value, angles.requires_grad_(), eps=1e-6, atol=1e-6)


def test_without_errors_the_loss_and_its_gradient_are_those_of_pure_states() -> None:
    """A machine whose gates are perfect is the limit of one whose gates are good."""
    targets = [haar(120, 2).to(torch.complex64)] * 3
    found = []
    for error in (0.0, 1e-7):
        prior = chain(error)
        starts = PROCESS.terminal_states(120, derive_generator(1, "start"), GROUPS)
        losses = prior.chain_losses(starts, targets, derive_generator(2, "draw"), groups=4)
        losses[0].backward()
        gradients = torch.cat([a.grad.flatten() for a in prior.angles if a.grad is not None])
        found.append((torch.stack(losses).detach(), gradients))

    assert torch.allclose(found[0][0], found[1][0], atol=1e-4)
    assert torch.allclose(found[0][1], found[1][1], atol=1e-3)
    assert float(found[0][1].abs().max()) > 0.01


def test_the_cost_of_a_mixed_state_is_one_minus_its_fidelity() -> None:
    prior, targets = chain(0.1), haar(4, 2).to(torch.complex64)
    psi = haar(8, 2)[4:]
    rho = 0.7 * density_matrices(psi) + 0.3 * torch.eye(4) / 4
    particles = uniform_particles(noisy.to_pauli(rho).float())
    fidelity = torch.einsum("ni,nij,nj->n", targets.conj().to(rho), rho, targets.to(rho)).real
    found = prior.compare(particles, targets, True, groups=4)

    assert found.item() == pytest.approx((1 - fidelity).mean().item(), abs=1e-5)


def test_samples_of_a_basis_state_are_those_of_its_own_chain() -> None:
    prior = chain()
    start = torch.tensor([2, 0, 2, 3, 3, 3, 2])
    found = prior.sample_chain(7, seed=5, start=start)
    assert found.shape == (4, 7, 4)

    many = prior.sample_chain(4000, seed=1, start=torch.full((4000,), 2))[-1]
    alone = prior.of_group(2).sample_chain(4000, seed=3, start=torch.full((4000,), 2))[-1]
    other = prior.of_group(1).sample_chain(4000, seed=3, start=torch.full((4000,), 2))[-1]
    means = [density_matrices(psi).mean(dim=0) for psi in (many, alone, other)]
    assert (means[0] - means[1]).abs().max() < 0.03 < (means[0] - means[2]).abs().max()


def test_states_start_in_their_own_basis_states() -> None:
    start = torch.tensor([2, 0, 2, 3, 3])
    blocks, places = in_blocks(start, 4)

    assert blocks.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert blocks[places].tolist() == start.tolist()
    assert len(places.unique()) == 5


def test_samples_with_errors_are_those_of_the_noisy_chain_of_each_group() -> None:
    prior, start = chain(), torch.tensor([1, 3, 1])
    rho = prior.sample_noisy(3, Noise(0.2), 4, start)
    wanted = prior.of_group(3)
    purity = rho.abs().square().sum(dim=(1, 2))
    r = NoisyChain(wanted, Noise(0.2))
    law = r.terminal(2000, derive_generator(0, "a"), torch.full((2000,), 3))
    for t in (2, 1, 0):
        law = r.step(t, law, derive_generator(t, "b"))

    assert rho.diagonal(dim1=1, dim2=2).sum(dim=1).real.tolist() == pytest.approx([1] * 3)
    assert float(purity.max()) < 0.9
    many = prior.sample_noisy(2000, Noise(0.2), 4, torch.full((2000,), 3)).mean(dim=0)
    assert (many - noisy.from_pauli(law).mean(dim=0)).abs().max() < 0.03


@pytest.mark.parametrize("error", [0.0, 0.05])
def test_training_lowers_the_loss(error: float) -> None:
    from latentq.diffusion.fit import train_phase

    labels = torch.arange(4).repeat_interleave(50)
    goals = haar(4, 2).to(torch.complex64)[labels]
    prior = chain(error)
    objective = DenoisingObjective(
        prior, goals, input_batch_size=64, start_batch_size=64, target_batch_size=64,
        intermediate_weight=0.0, seed=0, groups=labels,
    )  # fmt: skip
    rows: list[float] = []

    def note(draw: int, losses: dict[str, Tensor]) -> None:
        rows.append(losses["loss"].item())

    for phase in range(3):
        train_phase(objective, phase, range(10 * phase, 10 * phase + 10), 0.1)
    train_phase(objective, 3, range(30, 130), 0.1, note=note)
    assert rows[-1] < 0.5 * rows[0] and rows[-1] < 0.35


def test_errors_leave_a_loss_that_perfect_gates_do_not_have() -> None:
    """Three steps of five CZ in all, each with an error p, cost at least the white noise of it."""
    targets = haar(4, 2).to(torch.complex64)
    with torch.no_grad():
        r = chain(0.2).draw_inputs(4, derive_generator(0, "x"), -1, torch.arange(4))
    assert r.shape == (4, 16)
    best = (r @ noisy.to_pauli(density_matrices(targets)).float().mT / 4).max()
    assert 0.3 < float(best) < 0.9


def test_groups_must_be_those_of_the_angles() -> None:
    prior, targets = chain(), [haar(8, 2).to(torch.complex64)] * 3
    starts = PROCESS.terminal_states(8, derive_generator(1, "start"))
    with pytest.raises(InputError, match="groups: must be 4, as many as angles, were 1"):
        prior.chain_losses(starts, targets, derive_generator(2, "draw"))
    with pytest.raises(InputError, match="start: must be from 0 to 3, was 4"):
        prior.of_group(4)
    with pytest.raises(InputError, match="groups: must be from 1 to 4, was 5"):
        NearTermQuDDPM(PROCESS, 5, seed=0)
    with pytest.raises(InputError, match="loss: must be wasserstein"):
        chain(loss="mmdk")
    with pytest.raises(InputError, match="gate: must be a probability"):
        chain(1.5)


def test_a_program_has_the_angles_of_its_basis_state() -> None:
    prior = chain()
    alone: QuDDPM = prior.of_group(3)

    assert prior.to_qasm(start=3, seed=2) == alone.to_qasm(start=3, seed=2)
    assert prior.to_qasm(start=3, seed=2) != prior.to_qasm(start=2, seed=2)
    made = PROCESS.preparation(1, derive_generator(0, "a"), torch.tensor([3]))
    assert prior.write_program(made) == alone.write_program(made)
    assert "rzz" not in prior.to_qasm(start=3)
    prior.check()


def test_a_conditional_model_has_angles_for_each_class() -> None:
    given: dict[str, Any] = {
        "qubits": 2, "steps": 2, "strength": [0.1, 2.0], "terminal": "product",
        "terminal_strength": 1.0, "layers": [1, 2], "gate_error": 0.01,
    }  # fmt: skip
    classes = NearTerm(2, given, conditional=True, classes=3)
    cells = NearTerm(2, given)

    assert [a.shape for a in classes.prior.parameters()] == [(3, 6), (3, 12)]
    assert [a.shape for a in cells.prior.parameters()] == [(4, 6), (4, 12)]
    assert classes.sample(5, seed=1).shape == (5, 1, 28, 28)
    assert torch.equal(cells.sample(5, seed=1), cells.sample(5, seed=1))
