"""A circuit on a batch of states in PennyLane, whichever its interface is."""

from collections.abc import Callable
from typing import Any

import pennylane as qml

from latentq.engine.circuits import Circuit

GATES = {"rx": qml.RX, "ry": qml.RY, "rz": qml.RZ, "cz": qml.CZ}


def node(circuit: Circuit, interface: str) -> Callable[[Any, Any], Any]:
    r"""Returns the function of angles :math:`(P)` and states :math:`(B, D)` to states.

    Parameters are broadcast over the batch of states, and derivatives are by backpropagation:
    adjoint differentiation knows neither batches nor, on `lightning.qubit`, states as results.

    Arguments:
        circuit: The circuit.
        interface: The library of the arrays, `torch` or `jax`.
    """
    device = qml.device("default.qubit", wires=circuit.qubits)

    @qml.qnode(device, interface=interface, diff_method="backprop")
    def states(angles: Any, psi: Any) -> Any:  # noqa: ANN401
        qml.StatePrep(psi, wires=range(circuit.qubits), validate_norm=False)
        for gate in circuit.gates():
            parameters = () if gate.angle is None else (angles[gate.angle],)
            GATES[gate.name](*parameters, wires=gate.wires)
        return qml.state()

    return states
