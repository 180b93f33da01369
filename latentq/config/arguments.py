"""The arguments of a saved model, held to the rules of the configuration before it is built.

A description that somebody wrote could otherwise ask for any amount of memory.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from latentq.config.relations import check_relations
from latentq.config.rules import CLASSES, RULES, Rule
from latentq.errors import LONGEST, InputError, nearest, shown

# The data tell it, so the configuration has no such key.
OWN = {"model.classes": Rule(int, low=1, high=CLASSES)}
ALIASES = {"terminal_noise": "noise"}


def _items(arguments: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Lists arguments by the name of their rule; those of lists entry by entry."""
    for key, value in arguments.items():
        inner = value if key == "prior" and isinstance(value, dict) else {key: value}
        for name, item in inner.items():
            if isinstance(item, list):
                yield from ((f"{name}.*", entry) for entry in item)
            else:
                yield name, item


def _rules(name: str) -> list[Rule]:
    names = [ALIASES.get(name, name)]
    names += ["layers"] if name == "layers.*" else []
    keys = (f"{section}{n}" for n in names for section in ("", "model.", "prior."))
    known = {**RULES, **OWN}
    return [known[key] for key in keys if key in known]


def check_arguments(kind: str, arguments: Mapping[str, Any]) -> None:
    """Checks the arguments of a model: their names, types, ranges, and how they fit together.

    Arguments:
        kind: The kind of model.
        arguments: What its class is to be called with.

    Raises:
        InputError: If some are wrong; it lists all mistakes.
    """
    mistakes = []
    for name, value in _items(arguments):
        rules = _rules(name)
        if not rules:
            known = {key.rpartition(".")[2] for key in RULES}
            mistakes.append(f"{name[:LONGEST]}: no model has it{nearest(name, known)}")
        elif not any(rule.accepts(value) for rule in rules):
            mistakes.append(f"{name}: must be {rules[-1].describe()}, was {shown(value)}")
    if not mistakes:
        mistakes += check_relations(_as_config(kind, arguments), set())
    if mistakes:
        raise InputError(*mistakes)


def _as_config(kind: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    prior = arguments.get("prior", {})
    return {"model": {**arguments, "kind": kind}, "prior": prior, "loss": prior.get("loss")}
