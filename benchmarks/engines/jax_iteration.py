"""The training iteration of the engines that run on JAX: one compiled function, circuit aside."""

from abc import ABC, abstractmethod
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from benchmarks.task import LEARNING_RATE, BenchmarkTask
from latentq.engine.circuits import denoising_circuit


def measure(branches: jax.Array, uniforms: jax.Array) -> jax.Array:
    """Draws one outcome for each state, as in :mod:`benchmarks.engines.torch_iteration`."""
    fixed = jax.lax.stop_gradient(branches)
    cumulative = jnp.cumsum(jnp.sum(fixed.real**2 + fixed.imag**2, axis=-1), axis=-1)
    outcome = jnp.sum(cumulative[:, :-1] < uniforms[:, None] * cumulative[:, -1:], axis=-1)
    chosen = branches[jnp.arange(len(branches)), outcome]
    return chosen / jnp.sqrt(jnp.sum(chosen.real**2 + chosen.imag**2, axis=-1, keepdims=True))


def mean_state_distance(phi: jax.Array, psi: jax.Array) -> jax.Array:
    """Returns the loss, by the same choice of form as in the iteration on torch."""
    if phi.shape[-1] <= len(phi):
        rho = (phi.T @ phi.conj() - psi.T @ psi.conj()) / len(phi)
        return jnp.sum(rho.real**2 + rho.imag**2)

    own, other, cross = (a.conj() @ b.T for a, b in ((phi, phi), (psi, psi), (phi, psi)))
    own, other, cross = (jnp.sum(g.real**2 + g.imag**2) for g in (own, other, cross))
    return (own + other - 2 * cross) / len(phi) ** 2


class JaxIteration(ABC):
    """One training iteration on JAX, compiled as a whole; a subclass executes one layer.

    The layers are a `jax.lax.scan`: unrolled, XLA compiles for minutes and the iteration is no
    faster.

    Arguments:
        task: The sizes and numbers of the iteration.
        kraus: Whether the circuit is executed on the basis states of the data only, which gives
            its Kraus matrices, and these are applied to the batch.
    """

    def __init__(self, task: BenchmarkTask, kraus: bool = False) -> None:
        self.task = task
        self.kraus = kraus
        self.layer_circuit = denoising_circuit(task.circuit.qubits, 1)
        self.arrays = tuple(
            jnp.asarray(x.numpy()) for x in (task.psi, task.targets, task.uniforms)
        )
        self.optimizer = optax.adam(LEARNING_RATE)
        self.parameter = jnp.asarray(task.angles.numpy())
        self.state = self.optimizer.init(self.parameter)
        self._update = jax.jit(self._iterate)

    @abstractmethod
    def layer(self, angles: jax.Array, psi: jax.Array) -> jax.Array:
        r"""Applies one layer to states of ancillas and data, with shape :math:`(*, D)`."""

    def branches(self, angles: jax.Array, psi: jax.Array) -> jax.Array:
        r"""Returns the branches of states, with shape :math:`(B, M, d)`."""
        d = self.task.dimension
        inputs = jnp.eye(d, dtype=psi.dtype) if self.kraus else psi
        joint = jnp.pad(inputs, ((0, 0), (0, self.task.joint_dimension - d)))
        layers = angles.reshape(self.task.layers, -1)
        states, _ = jax.lax.scan(lambda x, a: (self.layer(a, x), None), joint, layers)
        states = psi @ states if self.kraus else states
        return states.reshape(len(psi), -1, d)

    def loss(self, angles: jax.Array, arrays: tuple[jax.Array, ...]) -> jax.Array:
        """Returns the loss of angles on states, targets and uniform numbers."""
        psi, targets, uniforms = arrays
        return mean_state_distance(measure(self.branches(angles, psi), uniforms), targets)

    def _iterate(self, angles: jax.Array, state: Any, arrays: tuple[jax.Array, ...]) -> Any:  # noqa: ANN401
        loss, gradient = jax.value_and_grad(self.loss)(angles, arrays)
        updates, state = self.optimizer.update(gradient, state)
        return optax.apply_updates(angles, updates), state, loss, gradient

    def step(self) -> jax.Array:
        """Starts one iteration and returns its loss."""
        self.parameter, self.state, loss, _ = self._update(self.parameter, self.state, self.arrays)
        return loss

    def wait(self) -> None:
        """Waits until the iterations that were started are done."""
        self.parameter.block_until_ready()

    def gradient(self) -> tuple[float, np.ndarray]:
        """Returns the loss and its gradient at the present angles, without a step."""
        *_, loss, gradient = self._update(self.parameter, self.state, self.arrays)
        return float(loss), np.asarray(gradient)

    def angles(self) -> np.ndarray:
        """Returns the present angles in radians, with shape (P)."""
        return np.array(self.parameter)
