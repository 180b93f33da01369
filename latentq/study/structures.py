"""The circuits of controls, which are those of the quantum arm with one thing changed.

What a control changes may need other circuits: without a second axis a layer has half as many
angles. They are made from the circuits that the quantum arm has in the study, tuned or not, so
that a control stays as large as the arm that it is a control of.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from latentq.config.schema.quantum import CircuitPrior, of_all_steps

KEYS = ("ancillas", "layers", "init_scale")


@dataclass(frozen=True)
class Structure:
    """The circuits of a chain, each tuple with a value for every step; step 0 comes first."""

    ancillas: tuple[int, ...]
    layers: tuple[int, ...]
    init_scale: tuple[float, ...]
    axes: tuple[str, ...] = ("rx", "ry")
    qubits: int = 4

    @property
    def angles(self) -> tuple[int, ...]:
        """The number of angles of each step."""
        each = zip(self.ancillas, self.layers, strict=True)
        return tuple(len(self.axes) * (self.qubits + a) * layers for a, layers in each)

    def overrides(self) -> tuple[str, ...]:
        """Returns it as overrides of `train.py`."""
        lists = (f"prior.{key}={_text(getattr(self, key))}" for key in KEYS)
        axes = f"prior.axes=[{','.join(self.axes)}]"
        return (f"prior.steps={len(self.layers)}", *lists, axes)


Change = Callable[[Structure], Structure]


def _text(values: tuple[float, ...]) -> str:
    return f"[{','.join(f'{value:g}' for value in values)}]"


def structure_of(tuned: Mapping[str, str]) -> Structure:
    """Returns the circuits of the quantum arm.

    Arguments:
        tuned: What the tuning has found for it, by key; other keys have their defaults.
    """
    default = CircuitPrior()

    def steps(key: str) -> tuple[Any, ...]:
        text = tuned.get(f"prior.{key}")
        found = getattr(default, key) if text is None else json.loads(text)
        return tuple(of_all_steps(found, default.steps))

    ancillas, layers, scales = map(steps, KEYS)
    return Structure(ancillas, layers, scales, qubits=default.qubits)


def _with_angles(circuits: Structure, angles: tuple[int, ...]) -> Structure:
    """Returns circuits with as many layers as come nearest to numbers of angles."""
    each = [len(circuits.axes) * (circuits.qubits + a) for a in circuits.ancillas]
    layers = (max(1, round(n / of)) for n, of in zip(angles, each, strict=True))
    return replace(circuits, layers=tuple(layers))


def with_one_axis(circuits: Structure) -> Structure:
    """Returns real circuits, of RY and CZ, with as many angles in each step."""
    return _with_angles(replace(circuits, axes=("ry",)), circuits.angles)


def without_ancillas(circuits: Structure) -> Structure:
    """Returns unitary circuits with as many angles in each step."""
    none = replace(circuits, ancillas=(0,) * len(circuits.ancillas))
    return _with_angles(none, circuits.angles)


def in_one_step(circuits: Structure) -> Structure:
    """Returns one circuit with the ancillas of step 0 and the angles of all steps."""
    first = replace(
        circuits,
        **{key: getattr(circuits, key)[:1] for key in KEYS},
    )
    return _with_angles(first, (sum(circuits.angles),))


def alike(circuits: Structure) -> Structure:
    """Returns circuits of one ancilla with as many layers in every step, as the first edition."""
    steps = len(circuits.layers)
    even = replace(circuits, ancillas=(1,) * steps, init_scale=(circuits.init_scale[0],) * steps)
    return _with_angles(even, (sum(circuits.angles) // steps,) * steps)
