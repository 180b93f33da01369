"""The card of a model as text: its head for the Hub, and its sections."""

import json
import re
from pathlib import Path
from typing import Any

import jinja2
import yaml

import latentq
from latentq.config import registry
from latentq.config.registry import Entry
from latentq.errors import CheckpointError
from latentq.models.storage import CONFIG, WEIGHTS, describe
from latentq.paths import CHECKPOINTS, NO_COMMIT, write_atomically
from latentq.report.cards.credits import Credit, credit_of
from latentq.report.cards.measures import Facts, Measure, Seeds, measures_of, other_seeds
from latentq.report.pages import escape
from latentq.report.tables import markdown_table
from latentq.report.wording import NAMES, count, listed, number

CARD = "README.md"
TASKS = {True: "image-classification", False: "unconditional-image-generation"}


def card_of(folder: Path, metrics: Facts, name: str, seeds: Seeds | None = None) -> str:
    """Returns the card of a model.

    Arguments:
        folder: The folder of the model.
        metrics: What was measured of it, the content of `metrics.json`.
        name: What to call it.
        seeds: What is known of other seeds.

    Raises:
        CheckpointError: If there is no model, or its description is damaged.
    """
    _, description = describe(folder)
    entry = registry.find(description["kind"])
    source, measures = credit_of(metrics["data"]["name"]), measures_of(metrics)
    commit = metrics.get("git_commit")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("card.md.j2").render(
        head=yaml.safe_dump(head_of(name, entry, metrics, measures), sort_keys=False, width=99),
        title=escape(name),
        what=_sentence(entry),
        entry=entry,
        shipped=folder.parent == CHECKPOINTS,
        arguments=yaml.safe_dump(description["arguments"], sort_keys=False),
        plugin=description.get("plugin"),
        data=_data(metrics["data"]),
        data_name=escape(NAMES.get(metrics["data"]["name"], metrics["data"]["name"])),
        source=source,
        metrics=metrics,
        real=count(metrics["data"].get(metrics.get("split", "test"))),
        features=escape(str(metrics.get("features", {}).get("name"))),
        table=_table(measures),
        seeds=seeds,
        limits=limits_of(entry, metrics, source),
        sha256=description["sha256"],
        size=f"{(folder / WEIGHTS).stat().st_size / 1e6:.2f} MB",
        parameters=_parameters(metrics["parameters"]),
        trained=f"at commit `{commit}`" if commit else f"with {NO_COMMIT}",
        version=latentq.__version__,
    )


def head_of(name: str, entry: Entry, metrics: Facts, measures: list[Measure]) -> dict[str, Any]:
    """Returns the head of a card, which the Hugging Face Hub reads."""
    data = metrics["data"]["name"]
    hub, shown = credit_of(data).hub, NAMES.get(data, data)
    task, kinds = TASKS[entry.classifier], ["accuracy"] if entry.classifier else ["fid"]
    values = [{"type": m.key, "name": m.key, "value": round(m.summary.mean, 4)} for m in measures]
    # The Hub shows a result with the data set it is of, by its name there.
    result = {
        "task": {"type": task},
        "dataset": {"type": hub or data, "name": shown, "split": metrics.get("split", "test")},
        "metrics": values,
    }
    return {
        "license": "mit",
        "library_name": "latentq",
        "pipeline_tag": task,
        "tags": ["latentq", data, *_tags(entry)],
        **({"datasets": [hub]} if hub else {}),
        "metrics": kinds,
        "model-index": [{"name": name, "results": [result]}],
    }


def _tags(entry: Entry) -> list[str]:
    quantum = ["quantum-machine-learning", "diffusion"] if entry.role == "quantum" else []
    return ["image-classification"] if entry.classifier else ["image-generation", *quantum]


def _sentence(entry: Entry) -> str:
    """Returns the first sentence of the docstring of a class, without the marks of Sphinx."""
    text = entry.load().__doc__ or entry.title
    first = " ".join(text.strip().partition("\n\n")[0].split())
    return re.sub(r":\w+:`~?([^`]*)`", r"\1", first).replace("``", "`")


def _parameters(found: Facts | int) -> str:
    """Says how many trained parameters there are, and of which part."""
    if isinstance(found, int):
        return f"{count(found)} trained parameters"
    parts = [f"{count(n)} of the {part}" for part, n in found.items() if part != "total" and n]
    return f"{count(found['total'])} trained parameters, {listed(parts)}"


def _data(found: Facts) -> str:
    """Says how many images there are in each split, and what the sha256 of the data is."""
    sizes = {"train": "to train on", "validation": "to choose by", "test": "to test on"}
    parts = [f"{found[k]:,} images {use}" for k, use in sizes.items() if k in found]
    digests = {"sha256": "The sha256 of the data is", "split": "That of the split is"}
    told = [f"{text}\n`{found[k]}`." for k, text in digests.items() if found.get(k)]
    return "\n".join([f"{', '.join(parts)}.", *told])


def _table(measures: list[Measure]) -> str:
    rows = [[f"`{m.key}`", m.text, m.meaning] for m in measures]
    return markdown_table(["measure", "value [95% interval]", "what it is"], rows)


def limits_of(entry: Entry, metrics: Facts, source: Credit) -> list[str]:
    """Lists the limits of a model, each said by its own numbers."""
    told = [f"It knows grey images of 28 x 28 pixels that show {source.shows}, and no others."]
    if entry.classifier:
        return [*told, "Whether its probabilities are calibrated was not measured."]
    features = escape(str(metrics["features"]["name"]))
    told.append(f"FID is in the features of `{features}`. It compares with no FID in others.")
    if metrics.get("fid_inception") is None:
        told.append("FID in Inception features was not measured.")
    if (recall := metrics.get("recall")) is not None:
        told.append(f"Recall is {number(recall)}, and 1 where samples are as varied as the data.")
    if (distance := metrics.get("class_distance")) is not None:
        told.append(
            f"{distance:.1%} of its samples would have to be of another class for the classes to "
            "be as frequent as in the data, by the classifier's count."
        )
    if memory := metrics.get("memorisation"):
        told.append(
            f"{memory['closer']:.1%} of its samples lie as near to a training image as 1% of the "
            "reconstructions of unseen images do. More than 1% would be a sign of copies."
        )
    if entry.role == "quantum":
        told.append(
            "The circuits are simulated. A quantum computer would add shots and errors, and gain "
            "nothing at this size."
        )
    return told


def write_card(folder: Path, metrics: Facts, name: str, seeds: Seeds | None = None) -> Path:
    """Writes the card of a model beside it, see :func:`card_of`, and returns its place."""
    path = folder / CARD
    write_atomically(path, card_of(folder, metrics, name, seeds).encode())
    return path


def write_cards(folder: Path = CHECKPOINTS) -> list[Path]:
    """Writes the card of every model in a folder, and returns where they are.

    Raises:
        CheckpointError: If a model is damaged, or its `metrics.json` is not there.
    """
    written = []
    for place in sorted(path.parent for path in folder.glob(f"*/{CONFIG}")):
        try:
            metrics = json.loads((place / "metrics.json").read_text())
        except (OSError, ValueError) as error:
            raise CheckpointError(f"card: {place}/metrics.json cannot be read: {error}") from error
        written.append(write_card(place, metrics, place.name, other_seeds(metrics)))
    return written
