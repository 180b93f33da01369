"""PennyLane's `default.qubit` on JAX, compiled."""

import jax

from benchmarks.engines.jax_iteration import JaxIteration
from benchmarks.engines.pennylane_circuit import node


class PennyLaneJax(JaxIteration):
    """The iteration with PennyLane's broadcasting over the states."""

    def layer(self, angles: jax.Array, psi: jax.Array) -> jax.Array:
        """Applies one layer to the batch."""
        return node(self.layer_circuit, "jax")(angles, psi)
