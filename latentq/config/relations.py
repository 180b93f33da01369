"""Rules between several keys of a configuration, checked where each of these is fine by itself."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from latentq.config.rules import AUTO, CLASSES, FEATURES, MAX_PARTICLES, RULES
from latentq.errors import InputError, shown

Config = Mapping[str, Any]
Check = Callable[[Config], Iterator[str]]
RELATIONS: list[tuple[Check, tuple[str, ...]]] = []
MNIST_IMAGES = 60_000
OFFICIAL = ("mnist", "fashion")  # Sets of as many training images.


def relation(*keys: str) -> Callable[[Check], Check]:
    """Registers a check of the keys that it reads; it only runs where all of them are there."""

    def register(check: Check) -> Check:
        RELATIONS.append((check, keys))
        return check

    return register


def value_of(config: Config, key: str) -> Any:  # noqa: ANN401
    """Returns the value of a dotted key, or `None` if it is not there."""
    value: Any = config
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def check_relations(config: Config, wrong: set[str]) -> Iterator[str]:
    """Lists what does not fit together.

    Arguments:
        config: The configuration.
        wrong: The keys that are wrong by themselves.
    """
    for check, keys in RELATIONS:
        if not wrong & set(keys) and all(_is_given(config, key) for key in keys):
            yield from check(config)


def _is_given(config: Config, key: str) -> bool:
    """Whether a key has a value of the shape that its rule is for: a list is no number."""
    value = value_of(config, key)
    single = key in RULES and key != "prior.layers"
    return value is not None and not (single and isinstance(value, (list, dict)))


@relation("prior.axes")
def _axes(config: Config) -> Iterator[str]:
    axes = config["prior"]["axes"]
    if not isinstance(axes, list) or len(axes) not in range(1, 10):
        yield f"prior.axes: must be a list of 1 to 9 axes, was {shown(axes)}"


@relation("prior.strength", "prior.steps")
def _strength(config: Config) -> Iterator[str]:
    strength, steps = config["prior"]["strength"], config["prior"]["steps"]
    if not isinstance(strength, list) or len(strength) not in (2, steps):
        yield f"prior.strength: must be a list of 2 or {steps} numbers, was {shown(strength)}"


@relation("prior.layers", "prior.steps")
def _layers(config: Config) -> Iterator[str]:
    layers, steps = config["prior"]["layers"], config["prior"]["steps"]
    if isinstance(layers, list) and len(layers) != steps:
        yield (
            f"prior.layers: must be one number or {steps}, one for each step, was {shown(layers)}"
        )


@relation("model.kind", "loss")
def _traced(config: Config) -> Iterator[str]:
    if config["model"]["kind"] == "traced" and config["loss"] != "wasserstein":
        yield f"loss: must be wasserstein where ancillas are traced out, was {config['loss']}"


@relation("denoising.cells", "prior.terminal")
def _cells(config: Config) -> Iterator[str]:
    terminal, conditional = config["prior"]["terminal"], value_of(config, "model.conditional")
    if (conditional or config["denoising"]["cells"]) and terminal != "basis":
        key = "model.conditional" if conditional else "denoising.cells"
        yield f"{key}: needs prior.terminal=basis, was {terminal}; set it to false"


@relation("model.conditional", "prior.qubits")
def _classes(config: Config) -> Iterator[str]:
    qubits, classes = config["prior"]["qubits"], classes_of(config)
    if config["model"]["conditional"] and 2**qubits < classes:
        yield (
            f"model.conditional: needs a basis state for each of {classes} classes, "
            f"prior.qubits={qubits} has {2**qubits}"
        )


@relation(
    *("model.kind", "outcomes", "prior.ancillas", "prior.steps"),
    *("denoising.starts", "denoising.together"),
)
def _particles(config: Config) -> Iterator[str]:
    if config["model"]["kind"] != "quantum" or config["outcomes"] != "exact":
        return
    starts, together = config["denoising"]["starts"], config["denoising"]["together"]
    branches = config["prior"]["ancillas"] * config["prior"]["steps"]
    particles = starts * 2.0**branches
    if together and particles > MAX_PARTICLES:
        yield (
            f"denoising.starts: {starts} states with 2^{branches} exact branches each are "
            f"{particles:.3g} particles, at most {MAX_PARTICLES} are allowed; lower "
            "denoising.starts or prior.ancillas, or set outcomes=score"
        )


@relation("model.kind", "prior.ancillas", "prior.terminal")
def _haar(config: Config) -> Iterator[str]:
    prior, circuits = config["prior"], config["model"]["kind"] in ("quantum", "traced")
    if circuits and not prior["ancillas"] and prior["terminal"] == "haar":
        yield (
            "prior.ancillas: must be at least 1 where prior.terminal=haar, was 0; without a "
            "measurement Haar states stay Haar states, and nothing can be learned"
        )


@relation("data.name")
def _own_images(config: Config) -> Iterator[str]:
    name, path = config["data"]["name"], value_of(config, "data.path")
    if name == "folder" and path is None:
        yield "data.path: must be the folder of the images where data=folder, was null"
    if name != "folder" and path is not None:
        yield f"data.path: is for data=folder, was {shown(path)} where data={name}"


def no_features(name: str) -> str:
    """Says that data have no classifier of their own, and how to get one."""
    return (
        f"data={name} has no classifier of its own; train one with `python train.py "
        "model=features data=folder data.path=FOLDER` and name its run folder, or name another "
        "one, such as checkpoints/features; tables tell which one it was"
    )


@relation("model.kind", "data.name", "metrics.features")
def _features(config: Config) -> Iterator[str]:
    name, features = config["data"]["name"], config["metrics"]["features"]
    if config["model"]["kind"] != "features" and features == AUTO and name not in FEATURES:
        yield f"metrics.features: {no_features(name)}"


@relation("data.name", "data.limit", "data.validation")
def _limit(config: Config) -> Iterator[str]:
    data = config["data"]
    room = MNIST_IMAGES - data["validation"]
    if data["name"] in OFFICIAL and data["limit"] > room:
        yield (
            f"data.limit: must be from 1 to {room} where data.validation={data['validation']}, "
            f"was {data['limit']}"
        )


def classes_of(config: Config) -> int:
    """Returns the number of classes, as far as it is known: of own images, at least one."""
    known = value_of(config, "model.classes")
    if isinstance(known, int):
        return known
    return 1 if value_of(config, "data.name") == "folder" else CLASSES


def groups_of(config: Config) -> tuple[str, int]:
    """Returns the key that divides the states into groups, and the number of these, at least 1."""
    qubits = value_of(config, "prior.qubits")
    if value_of(config, "model.conditional") is True:
        return "model.conditional", classes_of(config)
    for key in ("denoising.cells", "prior.cells"):
        if value_of(config, key) is True and isinstance(qubits, int):
            return key, 2 ** min(max(qubits, 0), 64)
    return "", 1


@relation("denoising.inputs", "denoising.starts", "denoising.targets")
def _each_group(config: Config) -> Iterator[str]:
    by, groups = groups_of(config)
    for name in ("inputs", "starts", "targets"):
        if (number := config["denoising"][name]) < groups:
            yield (
                f"denoising.{name}: must be at least {groups} where {by}=true, one for each "
                f"group of states, was {number}"
            )


def _wanted(config: Config) -> Iterator[tuple[str, int]]:
    """Lists the keys that need a number of training images, and how many."""
    for key, more in (("prior.components", 0), ("prior.centres", 0), ("prior.neighbours", 1)):
        if isinstance(number := value_of(config, key), int):
            yield key, number + more
    by, groups = groups_of(config)
    if by:
        yield by, groups


def _short(config: Config, images: int) -> Iterator[str]:
    """Lists what needs more training images than there are."""
    for key, need in _wanted(config):
        fitted = value_of(config, "prior.fitted")
        room = min(images, fitted) if isinstance(fitted, int) else images
        if need > room:
            yield f"{key}: needs at least {need} training images, there are {room} of them"


@relation("data.name", "data.validation")
def _few_images(config: Config) -> Iterator[str]:
    data = config["data"]
    limit = data.get("limit")
    if (data["name"] not in OFFICIAL and limit is None) or limit == 0:
        return
    yield from _short(
        config, limit if isinstance(limit, int) else MNIST_IMAGES - data["validation"]
    )


def check_training_images(config: Config, counts: Sequence[int]) -> None:
    """Checks that there are the training images that a configuration needs.

    Arguments:
        config: The configuration.
        counts: The number of training images of each class.

    Raises:
        InputError: If they are too few, or a class has none and is to be generated.
    """
    # What depends on the number of classes can be checked now, where the data are own images.
    config = {**config, "model": {**config["model"], "classes": len(counts)}}
    mistakes = list(dict.fromkeys([*check_relations(config, set()), *_short(config, sum(counts))]))
    missing = [str(label) for label, count in enumerate(counts) if not count]
    if missing and value_of(config, "model.conditional"):
        mistakes = [
            f"model.conditional: needs training images of all {len(counts)} classes, "
            f"{len(missing)} of them have none ({', '.join(missing)}); raise data.limit, or set "
            "it to false"
        ]
    if mistakes:
        raise InputError(*mistakes)
