"""Runs sorted into groups on one scale, and into arms that differ in nothing but the seed.

A group holds runs with the same data, feature network, number of samples and images to measure
against, all conditional or none of them: a model that is told the class is not compared with one
that is not. An arm holds runs
of a group with the same model, numbers of parameters and configuration, but for the seed and what
cannot change a result. Without a configuration their names have to agree, read without the seed
(`deep-seed3` is `deep`). Two runs with one seed are never averaged: the second starts another arm.
"""

import json
import re
from collections.abc import Sequence

import yaml

from latentq.config.config import leaves
from latentq.config.renamed import current_config
from latentq.report.finished import MODELS, FinishedRun, Group, Replicates, title_of

DATA = ("name", "sha256", "train", "validation", "test", "limit")
ORDER = ("mnist", "fashion", "kmnist", "digits")
# The group has what matters of data and metrics; the rest cannot change a result.
FREE = ("seed", "resume", "threads", "device", "run.", "data.", "metrics.")


def settings(run: FinishedRun) -> dict[str, str]:
    """Returns what the configuration of a run says of model and training, by dotted key."""
    try:
        config = current_config(yaml.safe_load(run.config or ""))
    except (yaml.YAMLError, RecursionError):
        return {}
    if not isinstance(config, dict):
        return {}

    found = {key: str(value) for key, value in leaves(config) if not key.startswith(FREE)}
    # The autoencoders of the seeds of an arm are in folders that differ in the seed.
    return {k: re.sub(r"\d+", "", v) if k == "autoencoder" else v for k, v in found.items()}


def bare_name(run: FinishedRun) -> str:
    """Returns the name of a run without its seed."""
    name, seed = run.get("name") or "", run.seed
    if seed is None:
        return name

    bare, found = re.subn(rf"[-_ .,/]*seed[-_ =]?0*{seed}(?!\d)", "", name)
    if not found:
        bare = re.sub(rf"(^|[-_ .,/]+)s?0*{seed}$", "", name)
    return bare.strip("-_ .,/")


def _group_key(run: FinishedRun) -> str:
    """Names the scale of the numbers of a run."""
    data = [run.get(f"data.{key}") for key in DATA]
    features = [run.get("features.name"), run.get("features.sha256")]
    return json.dumps([data, features, run.get("n_samples"), run.split, run.conditional])


def _arm_key(run: FinishedRun) -> tuple[str, str, str]:
    """Names what the runs of one arm have in common."""
    chosen = json.dumps(settings(run), sort_keys=True) if settings(run) else bare_name(run)
    return run.model, chosen, json.dumps(run.get("parameters"), sort_keys=True)


def _arms(runs: Sequence[FinishedRun]) -> list[Replicates]:
    """Sorts the runs of a group into arms."""
    arms: dict[tuple[str, str, str], list[Replicates]] = {}
    for run in sorted(runs, key=lambda run: (run.seed is None, run.seed or 0, str(run.path))):
        same = arms.setdefault(_arm_key(run), [])
        free = [arm for arm in same if run.seed not in arm.seeds]
        if not free:
            free = [Replicates(run.model, bare_name(run))]
            same += free
        free[0].runs.append(run)
    return [arm for same in arms.values() for arm in same]


def _label(arms: Sequence[Replicates]) -> None:
    """Gives every arm a label that no other arm of its group has."""
    for arm in arms:
        title = title_of(arm.model)
        same = [other for other in arms if other.model == arm.model]
        names = [other.name for other in same]
        told = arm.name if arm.name and names.count(arm.name) == 1 else ""
        if len(same) > 1 and not told:
            told = arm.runs[0].path.name
        arm.label = f"{title} ({told})" if told and len(same) > 1 else title


def group_runs(runs: Sequence[FinishedRun]) -> list[Group]:
    """Sorts runs into groups, MNIST first, more samples first.

    Arguments:
        runs: Finished runs.

    Returns:
        The groups. Each has an arm for quantum and one for classical, empty if there is no run.
    """
    keys = sorted({_group_key(run) for run in runs})
    groups = []
    for key in keys:
        arms = _arms([run for run in runs if _group_key(run) == key])
        arms += [Replicates(model) for model in MODELS if model not in {arm.model for arm in arms}]
        first = {model: i for i, model in enumerate(MODELS)}
        arms.sort(key=lambda arm: (first.get(arm.model, 9), arm.model, -len(arm.runs), arm.name))
        _label(arms)
        groups.append(Group(arms))
    return sorted(groups, key=_rank)


def _rank(group: Group) -> tuple[int, float]:
    """Puts MNIST first and other data last, conditional models last, many samples first."""
    name = group.runs[0].get("data.name")
    place = ORDER.index(name) if name in ORDER else len(ORDER)
    place = 2 * place + group.runs[0].conditional
    return place, -(group.runs[0].number("n_samples") or 0)
