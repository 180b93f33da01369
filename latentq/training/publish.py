"""Copies the model of finished runs to `checkpoints/` and writes their table and cards.

    python -m latentq.training.publish run=runs/quantum-mnist-seed0 name=quantum
    python -m latentq.training.publish name=quantum              # measures a published model again

Everything in `checkpoints/README.md` is read off the models and runs, nothing is typed.
"""

import json
import shutil
import sys
from pathlib import Path

from pydantic import Field

from latentq.config import registry
from latentq.config.commands import read_options, run_command
from latentq.config.fields import Folder, Name, Settings
from latentq.errors import InputError
from latentq.evaluation import scores
from latentq.models.storage import CONFIG, WEIGHTS, describe, load, save
from latentq.paths import CHECKPOINTS, INSTALLED, NO_COMMIT, PACKAGE, write_atomically
from latentq.report.cards import write_cards
from latentq.report.tables import markdown_table
from latentq.training.run_folder import git_commit, write_json


class Options(Settings):
    """What is published."""

    name: Name = Field(description="the folder in `checkpoints`")
    run: Folder | None = Field(
        None,
        description="the run to copy; null: the published model is measured again",
    )


HEAD = """# Trained models

Each folder holds `config.json` (kind, arguments, sha256 of the weights, seed, commit),
`weights.safetensors`, the resolved `config.yaml` of its training, its `metrics.json`, and a card:
what it is for, what it learned from, how good it is, and its limits.
`latentq.load` checks the sha256; nothing is ever unpickled. The models of kind `features` are the
classifiers behind the column `fid`: `features` for MNIST and the small digits, `features-fashion`
for Fashion-MNIST. FID in other features does not compare.

This table is written by `python -m latentq.training.publish`, and the cards by
`python -m latentq.report.cards` too; `make train` and `make report` train the models.

"""
COLUMNS = (
    *("folder", "kind", "seed", "result on the 10,000 test images", "size"),
    *("sha256 of the weights", "commit"),
)


def table_row(folder: Path) -> list[str]:
    """Describes a published model in one row of the table, see :data:`COLUMNS`."""
    _, description = describe(folder)
    metrics = json.loads((folder / "metrics.json").read_text())
    if registry.find(description["kind"]).classifier:
        result = f"accuracy {metrics['test_accuracy']:.2%}"
    else:
        result = f"FID {metrics['fid']:.1f}, reconstruction {metrics['fid_reconstruction']:.2f}"
        if metrics["label_accuracy"] is not None:
            result += f", label accuracy {metrics['label_accuracy']:.1%}"
    size = (folder / WEIGHTS).stat().st_size / 1e6
    commit, changes, _ = (metrics["git_commit"] or "").partition("+changes")
    source = f"`{commit[:10]}{changes}`" if commit else NO_COMMIT
    name = [
        f"[`{folder.name}`]({folder.name}/README.md)",
        description["kind"],
        str(metrics["seed"]),
    ]
    return [*name, result, f"{size:.2f} MB", f"`{description['sha256']}`", source]


def copy_model(run: Path, target: Path) -> None:
    """Copies the model of a finished run, with its metrics and its configuration.

    Arguments:
        run: The run folder.
        target: The folder to copy it to.

    Raises:
        InputError: If the run is not finished, or its model does not load.
    """
    if not (run / "metrics.json").is_file():
        raise InputError(f"run: must be a finished run folder, was {run}")
    load(run)
    target.mkdir(parents=True, exist_ok=True)
    for source in (run / "model" / CONFIG, run / "model" / WEIGHTS):
        shutil.copy(source, target / source.name)
    for name in ("metrics.json", "config.yaml"):
        shutil.copy(run / name, target / name)


def measure_again(folder: Path) -> None:
    """Measures a published model again, and notes what its data are if that is not noted yet.

    Arguments:
        folder: The folder of the model.

    Raises:
        InputError: If there is no such model, or its data are not here.
    """
    from latentq.data.identity import reopen_data

    _, description = describe(folder)
    data, model = reopen_data(folder).describe(), load(folder)
    metrics = json.loads((folder / "metrics.json").read_text())
    notes = {**description.get("notes", {}), "data": data}
    if not registry.find(description["kind"]).classifier:
        rows = scores.measure([f"checkpoint={folder}"])
        notes["fid"] = rows["fid"]
        metrics |= {**rows, "measured_at": git_commit()}
    write_json(folder / "metrics.json", {**metrics, "data": data})
    save(model, folder, description["kind"], description["arguments"], notes)


def publish(arguments: list[str]) -> None:
    """Copies a model, or measures a published one again, and renews the table.

    Raises:
        InputError: If the run is not finished, a model does not load, or this is no checkout.
    """
    if INSTALLED:
        raise InputError(f"publish: is for a checkout, and {PACKAGE} was installed from a wheel")
    options = read_options(arguments, Options)
    target = CHECKPOINTS / options.name
    if options.run is None:
        measure_again(target)
    else:
        copy_model(Path(options.run), target)
    rows = [table_row(p.parent) for p in sorted(CHECKPOINTS.glob(f"*/{CONFIG}"))]
    text = f"{HEAD}{markdown_table(COLUMNS, rows)}\n"
    write_atomically(CHECKPOINTS / "README.md", text.encode())
    write_cards()
    print(f"published: {target}")


if __name__ == "__main__":
    sys.exit(run_command(publish, __doc__, Options))
