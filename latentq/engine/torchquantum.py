"""Circuits executed gate by gate by torchquantum.

This is the only module that imports torchquantum, and only when a circuit is run here:
importing it takes seconds.
"""

import warnings
from functools import cache
from types import ModuleType

import torch
from torch import Tensor

from latentq.engine.circuits import Circuit


@cache
def _torchquantum() -> ModuleType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its dependencies announce their own deprecations
        import torchquantum

    return torchquantum


def run(circuit: Circuit, angles: Tensor, psi: Tensor) -> Tensor:
    r"""Applies a circuit to states with torchquantum, gate by gate.

    Arguments:
        circuit: The circuit :math:`U`.
        angles: The angles in radians, with shape :math:`(P)`, or :math:`(B, P)` where each
            state has a circuit of its own.
        psi: Statevectors, with shape :math:`(B, 2^n)`, complex64.

    Returns:
        The states :math:`U \psi`, with shape :math:`(B, 2^n)`.

    Raises:
        ValueError: If the states are not complex64, the only type that torchquantum has.
    """
    if psi.dtype != torch.complex64:
        raise ValueError(f"psi: must be complex64 for engine=torchquantum, was {psi.dtype}")

    tq = _torchquantum()
    circuit.split(angles)  # checks the number of angles
    device = tq.QuantumDevice(n_wires=circuit.qubits, bsz=len(psi), device=psi.device)
    device.set_states(psi.reshape(len(psi), *[2] * circuit.qubits))
    for gate in circuit.gates():
        # Shape (1, 1) broadcasts over the states, shape (B, 1) gives each state its own angle.
        angle = None if gate.angle is None else angles[..., gate.angle].reshape(-1, 1)
        getattr(tq.functional, gate.name)(device, wires=list(gate.wires), params=angle)

    return device.get_states_1d()


def branches(circuit: Circuit, angles: Tensor, psi: Tensor, ancillas: int) -> Tensor:
    r"""Returns the unnormalised states that the outcomes of an ancilla measurement leave.

    .. math:: \phi_m = ( \langle m | \otimes 1 ) \, U \, ( | 0 \rangle \otimes \psi )

    Arguments:
        circuit: The circuit :math:`U` on ancillas and data, ancillas first.
        angles: The angles in radians, with shape :math:`(P)`.
        psi: Statevectors of the data, with shape :math:`(B, d)`.
        ancillas: The number of ancillas :math:`n_A`.

    Returns:
        The branches :math:`\phi_m`, with shape :math:`(B, 2^{n_A}, d)`.
    """
    outcomes = 2**ancillas
    joint = torch.cat((psi, psi.new_zeros(len(psi), (outcomes - 1) * psi.shape[-1])), dim=-1)
    return run(circuit, angles, joint).reshape(len(psi), outcomes, -1)
