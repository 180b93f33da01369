"""Groups of states, one for each class or cell, and what they need to be trained on."""

from collections.abc import Iterator

from latentq.config.schema.data import CLASSES, too_few
from latentq.config.schema.values import Values, relation

BOUND = ("basis", "product")  # terminal ensembles whose basis state can be chosen


def classes_of(values: Values) -> int:
    """Returns the number of classes, as far as it is known: of own images, at least one."""
    if "model.classes" in values:
        return values["model.classes"]
    return 1 if values.get("data.name") == "folder" else CLASSES


def groups_of(values: Values) -> tuple[str, int]:
    """Returns the key that divides the states into groups, and the number of these, at least 1."""
    if values.get("model.conditional") is True:
        return "model.conditional", classes_of(values)
    for key in ("denoising.cells", "prior.cells"):
        if values.get(key) is True and "prior.qubits" in values:
            return key, 2 ** values["prior.qubits"]
    return "", 1


@relation("data.name", "data.validation")
def images_of_all_groups(values: Values) -> Iterator[str]:
    """Every group needs a training image."""
    by, groups = groups_of(values)
    if by:
        yield from too_few(by, groups, values)


@relation("denoising.cells", "prior.terminal")
def groups_start_in_basis_states(values: Values) -> Iterator[str]:
    """Class or cell k starts in basis state k."""
    terminal, conditional = values["prior.terminal"], values.get("model.conditional")
    if (conditional or values["denoising.cells"]) and terminal not in BOUND:
        key = "model.conditional" if conditional else "denoising.cells"
        yield f"{key}: needs prior.terminal=basis or product, was {terminal}; set it to false"


@relation(
    "denoising.input_batch_size", "denoising.start_batch_size", "denoising.target_batch_size"
)
def states_of_all_groups(values: Values) -> Iterator[str]:
    """A loss needs a state of every group."""
    by, groups = groups_of(values)
    for name in ("input", "start", "target"):
        if (number := values[f"denoising.{name}_batch_size"]) < groups:
            yield (
                f"denoising.{name}_batch_size: must be at least {groups} where {by}=true, one for "
                f"each group of states, was {number}"
            )
