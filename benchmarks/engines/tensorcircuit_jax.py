"""tensorcircuit-ng on JAX: a circuit on one state, vectorised over the batch and compiled."""

import jax

from benchmarks.engines.jax_iteration import JaxIteration
from benchmarks.engines.tensorcircuit_circuit import settings, state


class TensorCircuitJax(JaxIteration):
    """The iteration with `jax.vmap` over the states."""

    def layer(self, angles: jax.Array, psi: jax.Array) -> jax.Array:
        """Applies one layer to every state."""
        with settings("jax"):
            return jax.vmap(lambda one: state(self.layer_circuit, angles, one))(psi)
