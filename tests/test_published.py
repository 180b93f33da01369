import pytest
import torch

from latentq.diffusion import select_outcomes
from latentq.diffusion.losses.mmd import mmd1
from latentq.diffusion.published import sampled_distance
from latentq.engine import fused
from latentq.engine.circuits import denoising_circuit
from latentq.quantum.states import haar_states

C, R = torch.complex128, torch.float64


@pytest.mark.parametrize(("batch", "compiled"), [(1, False), (3, False), (40, True)])
def test_one_node_equals_its_pieces(
    batch: int, compiled: bool, loops: bool, generator: torch.Generator
) -> None:
    circuit = denoising_circuit(3, 4)
    angles = torch.randn(circuit.parameters, generator=generator, dtype=R, requires_grad=True)
    psi = haar_states(batch, qubits=2, generator=generator, dtype=C)
    targets = haar_states(7, qubits=2, generator=generator, dtype=C)
    uniforms = torch.rand(batch, generator=generator, dtype=R)
    states = select_outcomes(fused.branches(circuit, angles, psi, 1), uniforms)
    pieces = mmd1(states, targets)
    whole = sampled_distance(circuit, angles, psi, uniforms, targets, 1)

    assert fused.compiles(circuit, 1, batch) == compiled
    assert whole.item() == pytest.approx(pieces.item(), abs=1e-15)
    (by_whole,) = torch.autograd.grad(3 * whole, angles)
    (by_pieces,) = torch.autograd.grad(3 * pieces, angles)
    assert by_whole.abs().max() > 1e-3
    assert torch.allclose(by_whole, by_pieces, atol=1e-14)


def test_gradient_of_one_node(generator: torch.Generator) -> None:
    """The outcomes are fixed by the uniform numbers, so finite differences may not cross one."""

    circuit = denoising_circuit(2, 3)
    angles = torch.randn(circuit.parameters, generator=generator, dtype=R, requires_grad=True)
    psi = haar_states(20, qubits=1, generator=generator, dtype=C)
    targets = haar_states(5, qubits=1, generator=generator, dtype=C)
    uniforms = torch.rand(20, generator=generator, dtype=R)

    assert fused.compiles(circuit, 1, 20)
    assert torch.autograd.gradcheck(
        lambda a: sampled_distance(circuit, a, psi, uniforms, targets, 1), angles
    )
