"""A circuit on one state in tensorcircuit-ng, whichever its backend is."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import tensorcircuit as tc

from latentq.engine.circuits import Circuit


@contextmanager
def settings(backend: str) -> Iterator[Any]:
    """Sets a backend and the contractor that is fastest here, which are globals of the package.

    Arguments:
        backend: The name of the backend, `jax` or `pytorch`.
    """
    with (
        tc.runtime_backend(backend) as functions,
        tc.runtime_contractor(method="plain-experimental"),
    ):
        yield functions


def state(circuit: Circuit, angles: Any, psi: Any) -> Any:  # noqa: ANN401
    r"""Returns the state :math:`U \psi`, with shape :math:`(D)`.

    Arguments:
        circuit: The circuit :math:`U`.
        angles: The angles in radians, with shape :math:`(P)`, an array of the backend.
        psi: The statevector, with shape :math:`(D)`, an array of the backend.
    """
    executed = tc.Circuit(circuit.qubits, inputs=psi)
    for gate in circuit.gates():
        options = {} if gate.angle is None else {"theta": angles[gate.angle]}
        getattr(executed, gate.name)(*gate.wires, **options)
    return executed.state()
