"""Noisy circuits against qiskit-aer's density matrices, and against closed forms."""

import warnings
from functools import reduce
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from latentq.diffusion import ForwardProcess, QuDDPM
from latentq.diffusion.noisy import NoisyChain, select
from latentq.engine import noisy
from latentq.engine.circuits import Circuit, denoising_circuit
from latentq.engine.noisy import Noise
from latentq.errors import InputError
from latentq.quantum.readout import density_matrices
from latentq.quantum.states import haar_states
from latentq.randomness import derive_generator
from tests import oracles

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from qiskit import QuantumCircuit
    from qiskit_aer import AerSimulator
    from qiskit_aer.noise import NoiseModel, amplitude_damping_error, depolarizing_error

PROCESS = ForwardProcess(qubits=2, steps=3, terminal_strength=1.5)


def angles_of(circuit: Circuit, *shape: int) -> Tensor:
    generator = derive_generator(0, "angles")
    return 3 * torch.randn(*shape, circuit.parameters, generator=generator, dtype=torch.float64)


def haar(n: int, qubits: int) -> Tensor:
    generator = derive_generator(0, "states")
    return haar_states(n, qubits=qubits, generator=generator, dtype=torch.complex128)


def aer(circuit: Circuit, angles: Tensor, psi: Tensor, noise: Noise) -> np.ndarray:
    """The density matrix by qiskit-aer, with the bits of its index turned round."""
    n = circuit.qubits
    made = QuantumCircuit(n)
    vector = psi.reshape([2] * n).permute(*reversed(range(n))).reshape(-1).numpy()
    made.set_density_matrix(np.outer(vector, vector.conj()))
    for name, wires, place in circuit.gates():
        angle = () if place is None else (float(angles[place]),)
        getattr(made, {"cnot": "cx"}.get(name, name))(*angle, *wires)
    made.save_density_matrix()
    one = amplitude_damping_error(noise.damping)
    error = depolarizing_error(noise.gate, 2).compose(one.tensor(one))
    model = NoiseModel()
    model.add_all_qubit_quantum_error(error, ["cz", "cx", "rzz"])
    simulator = AerSimulator(method="density_matrix", noise_model=model)
    found = simulator.run(made).result().data()["density_matrix"].data
    turned = found.reshape([2] * 2 * n).transpose(*reversed(range(n)), *reversed(range(n, 2 * n)))
    return np.asarray(turned.reshape(2**n, 2**n))


def test_pauli_coordinates_are_expectations() -> None:
    rho = density_matrices(haar(4, 2).unflatten(0, (2, 2)) / 2**0.5)
    words = [a + b for a in "ixyz" for b in "ixyz"]
    wanted = [[np.trace(oracles.pauli_string(w) @ x).real for w in words] for x in rho.numpy()]

    assert np.allclose(noisy.to_pauli(rho).numpy(), wanted)
    assert torch.allclose(noisy.from_pauli(noisy.to_pauli(rho)), rho)


@pytest.mark.parametrize("noise", [Noise(), Noise(0.07), Noise(0, 0.2), Noise(0.05, 0.1)])
@pytest.mark.parametrize(("entangler", "qubits"), [("cz", 3), ("cnot", 3), ("rzz", 2)])
def test_density_matrices_are_those_of_aer(noise: Noise, entangler: Any, qubits: int) -> None:  # noqa: ANN401
    pairs = ((2, 0), (0, 1)) if qubits == 3 else ((1, 0),)
    circuit = Circuit(qubits, 3, ("rx", "rz", "ry"), entangler, pairs)
    angles, psi = angles_of(circuit), haar(2, qubits)
    found = noisy.evolve(circuit, angles, noisy.to_pauli(density_matrices(psi)), noise)

    for own, state in zip(noisy.from_pauli(found), psi, strict=True):
        wanted = aer(circuit, angles, state, noise)
        assert np.abs(own.numpy() - wanted).max() < 1e-7  # Aer takes gates to 1e-8.


def test_states_have_circuits_of_their_own() -> None:
    circuit = Circuit(3, 2, ("rz", "ry"), "rzz", ((0, 1), (0, 2)))
    angles, states = angles_of(circuit, 4), noisy.to_pauli(density_matrices(haar(4, 3)))
    found = noisy.evolve(circuit, angles, states, Noise(0.1, 0.1))

    for k in range(4):
        alone = noisy.evolve(circuit, angles[k], states[k : k + 1], Noise(0.1, 0.1))
        assert torch.allclose(found[k], alone[0])


def confusion(e: float, ancillas: int) -> np.ndarray:
    one = np.array([[1 - e, e], [e, 1 - e]])
    return reduce(np.kron, [one] * ancillas, np.eye(1))


@pytest.mark.parametrize("ancillas", [0, 1, 2])
def test_an_instrument_is_circuit_measurement_and_misread_bits(ancillas: int) -> None:
    circuit = denoising_circuit(2 + ancillas, 3)
    angles, psi, m = angles_of(circuit), haar(1, 2), 2**ancillas
    found = noisy.instrument(circuit, angles, ancillas, Noise(0.06, 0.04, readout=0.1))
    own = noisy.from_pauli(found @ noisy.to_pauli(density_matrices(psi))[0])

    joint = torch.cat((psi[0], psi.new_zeros((m - 1) * 4)))
    rho = aer(circuit, angles, joint, Noise(0.06, 0.04)).reshape(m, 4, m, 4)
    blocks = np.array([rho[k, :, k, :] for k in range(m)])
    wanted = np.einsum("ab,bij->aij", confusion(0.1, ancillas), blocks)
    assert own.shape == (m, 4, 4)
    assert np.abs(own.numpy() - wanted).max() < 1e-7


def test_without_noise_the_chain_is_that_of_the_prior() -> None:
    prior = QuDDPM(PROCESS, layers=4, seed=0, init_scale=3.0)
    chain = NoisyChain(prior, Noise())
    start = torch.arange(50) % 4

    for given in (None, start):
        pure = prior.sample_chain(50, seed=7, start=given)[-1].detach()
        wanted = density_matrices(pure.to(torch.complex128))
        assert torch.allclose(chain.sample(50, 7, given), wanted, atol=1e-5)


def test_full_noise_leaves_nothing_of_a_state() -> None:
    prior = QuDDPM(PROCESS, layers=4, seed=0, init_scale=3.0)
    found = NoisyChain(prior, Noise(1.0)).sample(20)

    # The last gate joins the last ancilla and the data; a rotation cannot undo that.
    assert torch.allclose(found, torch.eye(4, dtype=torch.complex128) / 4, atol=1e-12)
    damped = NoisyChain(prior, Noise(damping=1.0)).sample(20)
    zero = torch.zeros(4, 4, dtype=torch.complex128)
    zero[0, 0] = 1
    assert torch.allclose(damped, zero.expand(20, 4, 4), atol=1e-12)


def test_the_terminal_states_lose_what_their_gates_lose() -> None:
    """One layer of RZZ on the one pair of two qubits: (1 - p) of the state, p of white noise."""
    prior = QuDDPM(PROCESS, layers=2, seed=0)
    r = [NoisyChain(prior, Noise(p)).terminal(9, derive_generator(1, "x")) for p in (0, 0.25)]

    assert torch.allclose(r[1][:, 1:], 0.75 * r[0][:, 1:])


def test_outcomes_have_their_probabilities() -> None:
    """Two outcomes of probability 0.3 and 0.7, with states that tell them apart."""
    branches = torch.tensor([[[0.3, 0.15], [0.7, -0.7]]], dtype=torch.float64).expand(4, -1, -1)
    found = select(branches, torch.tensor([0.0, 0.29, 0.31, 0.99]))

    assert found.tolist() == [[1, 0.5], [1, 0.5], [1, -1], [1, -1]]


def test_misread_bits_shrink_words_by_their_weight() -> None:
    r = torch.ones(2, 16, dtype=torch.float64)
    row = [1, 0.8, 0.8, 0.8]
    assert torch.allclose(noisy.misread(r, 0.1)[0], torch.tensor(np.kron(row, row)))


@pytest.mark.parametrize("name", ["gate", "damping", "readout"])
@pytest.mark.parametrize("value", [-0.1, 1.5, float("nan")])
def test_a_rate_is_a_probability(name: str, value: float) -> None:
    with pytest.raises(InputError, match=f"{name}: must be a probability from 0 to 1, was"):
        Noise(**{name: value})


def test_states_that_no_gates_make_are_refused() -> None:
    class Own:
        qubits, steps, diffuse, terminal_states = 2, 2, None, None

    own: Any = Own()
    with pytest.raises(InputError, match="prior: must begin with a ForwardProcess"):
        NoisyChain(QuDDPM(own, layers=2, seed=0), Noise())
