r"""The circuits of :mod:`latentq.engine.circuits`, executed fast on batches of states.

- :func:`evolve` applies circuits to a batch, with a backward pass of its own: on a CPU by the
  loops of :mod:`latentq.engine.native`, elsewhere by a few matrix products a layer;
- :func:`run_each` applies a circuit to states that have angles of their own;
- :func:`kraus` compiles a circuit to matrices. With the ancillas in :math:`| 0 \rangle`, the
  first :math:`d = 2^n` columns of :math:`U` are :math:`2^{n_A}` Kraus matrices,

  .. math:: K_m = ( \langle m | \otimes 1 ) \, U \, ( | 0 \rangle \otimes 1 ), \qquad
      \sum_m K_m^\dagger K_m = 1,

  which are built once per iteration and applied to the whole batch with one matrix product;
- :func:`branches` takes the cheaper of the first and the last.
"""

from latentq.engine.fused.evolution import evolve, run, run_each, uses_loops
from latentq.engine.fused.gates import (
    cnot_sources,
    cz_signs,
    entangler_diagonal,
    kronecker,
    layer_rotations,
    parity_sum,
)
from latentq.engine.fused.instruments import (
    Compiled,
    apply_kraus,
    branches,
    compiles,
    kraus,
)

__all__ = [
    "Compiled",
    "apply_kraus",
    "branches",
    "cnot_sources",
    "compiles",
    "cz_signs",
    "entangler_diagonal",
    "evolve",
    "kraus",
    "kronecker",
    "layer_rotations",
    "parity_sum",
    "run",
    "run_each",
    "uses_loops",
]
