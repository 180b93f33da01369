"""The notebooks: their outputs are of their code, which runs here with short settings."""

import ast
import copy
import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from latentq.config.compose import load_config
from latentq.config.config import arguments_of
from latentq.data import load_data
from latentq.errors import RunError
from latentq.models import storage
from tests.command_line import CommandLine
from tutorials import notebooks
from tutorials.notebooks import DIGEST, FOLDER, LARGEST, code_cells, digest, finish, source

NAMES = ["1-sample-and-look", "2-own-states", "3-own-images", "4-circuits-out"]
# What is put in the place of the cell with the tag `parameters`, after it has run.
SHORT: dict[str, dict[str, Any]] = {
    "1-sample-and-look": {
        "load_data": lambda _: SimpleNamespace(validation=load_data("digits").train),
        "n": 200,
    },
    "2-own-states": {"iterations": 20, "steps": 2},
    "3-own-images": {
        "images_per_class": 30,
        "settings": [
            *("images.epochs=1", "model.channels=2", "prior.steps=2", "metrics.samples=10"),
            *("denoising.iterations_per_epoch=1", "denoising.epochs=1"),
        ],
    },
    "4-circuits-out": {"n": 2},
}


def run(name: str) -> dict[str, Any]:
    """Runs the code of a notebook, and shows what its cells end with as Jupyter does."""
    space: dict[str, Any] = {"__name__": "__main__"}
    shown = []
    for number, cell in enumerate(code_cells(notebooks.read(name))):
        tree = ast.parse(source(cell))
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, f"{name}, cell {number}", "exec"), space)
        if isinstance(last, ast.Expr):
            code = compile(ast.Expression(last.value), f"{name}, cell {number}", "eval")
            shown.append(eval(code, space))
        if "parameters" in cell["metadata"].get("tags", ()):
            assert SHORT[name].keys() <= space.keys(), "a parameter has another name"
            space |= SHORT[name]
    space["pictures"] = [x._repr_png_() for x in shown if hasattr(x, "_repr_png_")]
    return space


def test_the_notebooks_are_those_that_are_tested() -> None:
    assert notebooks.names() == NAMES == [*SHORT]


@pytest.mark.parametrize("name", NAMES)
def test_the_outputs_are_of_the_code(name: str) -> None:
    """`make notebooks` runs them again, where this fails."""
    notebook = notebooks.read(name)
    cells = code_cells(notebook)

    assert notebook["metadata"][DIGEST] == digest(notebook)
    assert [cell["execution_count"] for cell in cells] == [*range(1, len(cells) + 1)]
    assert finish(copy.deepcopy(notebook)) == (FOLDER / f"{name}.ipynb").read_bytes()
    assert sum("image/png" in str(cell["outputs"]) for cell in cells) >= 3


@pytest.mark.parametrize("name", NAMES)
def test_the_links_lead_somewhere(name: str) -> None:
    for cell in notebooks.read(name)["cells"]:
        for link in re.findall(r"\]\(([^)]+)\)", source(cell)):
            if cell["cell_type"] == "markdown":
                assert (FOLDER / link).exists(), link


def test_sample_and_look(capsys: pytest.CaptureFixture[str]) -> None:
    space = run("1-sample-and-look")

    assert len(space["pictures"]) == 5 and space["chain"].shape == (6, 10, 16)
    assert space["scores"]["real images"]["fid"] < space["scores"]["classical VAE"]["fid"]
    assert capsys.readouterr().out.splitlines()[-1].startswith("classical VAE ")


def test_own_states(capsys: pytest.CaptureFixture[str]) -> None:
    space = run("2-own-states")

    assert len(space["pictures"]) == 6 and space["generated"].shape == (1500, 2)
    anywhere = space["latentq"].evaluate_states(space["anywhere"], space["held_out"])
    # The text says that mmd1 is blind to what the others see.
    assert anywhere["mmd1"] < 0.005 and anywhere["wasserstein"] > 0.05
    assert capsys.readouterr().out.count("trained by mmd1") == 1


def test_own_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    space = run("3-own-images")

    assert len(space["pictures"]) == 4 and space["drawn"].shape == (300, 1, 28, 28)
    card = (tmp_path / space["run"] / "model" / "README.md").read_text()
    assert "license: mit" in card and str(tmp_path) not in card


def test_circuits_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With 12 layers in the last step: the shipped model has errors computed for a minute."""
    config = load_config(["model=quantum", "prior.layers=[12,2]", "model.channels=2"])
    arguments = arguments_of(config)
    storage.save(storage.build("quantum", arguments), tmp_path, "quantum", arguments)
    monkeypatch.setitem(SHORT["4-circuits-out"], "name", str(tmp_path))
    space = run("4-circuits-out")
    states = space["noisy"].values()
    purities = [rho.abs().square().sum(dim=(1, 2)).mean().item() for rho in states]

    assert len(space["pictures"]) == 4
    assert space["ours"] == pytest.approx(space["theirs"], abs=1e-5)
    assert purities[0] == pytest.approx(1) and purities == sorted(purities, reverse=True)
    gates = [circuit.layers * len(circuit.pairs) for circuit in space["prior"].circuits]
    assert space["circuit"].count_ops()["cz"] == sum(gates)


def a_notebook(**output: Any) -> dict[str, Any]:  # noqa: ANN401
    found = {"output_type": "stream", "name": "stdout", "text": ["fine\n"], **output}
    cell = {"cell_type": "code", "source": ["1\n", "2"], "metadata": {"x": 1, "tags": ["a"]}}
    return {"cells": [{**cell, "outputs": [found], "execution_count": 1}], "metadata": {"x": 1}}


def test_what_is_kept_of_a_run() -> None:
    kept = json.loads(finish(a_notebook(metadata={"time": 1})))

    assert kept["cells"][0]["metadata"] == {"tags": ["a"]}
    assert kept["cells"][0]["outputs"][0]["metadata"] == {}
    assert kept["metadata"].keys() == {"kernelspec", "language_info", DIGEST}
    other = a_notebook()
    other["cells"][0]["source"] = "1\n2"  # The same text, as nbformat holds it.
    assert digest(other) == kept["metadata"][DIGEST]
    other["cells"][0]["source"] = "1\n3"
    assert digest(other) != kept["metadata"][DIGEST]


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ({"name": "stderr", "text": "careful"}, "a cell warns: careful"),
        ({"output_type": "error"}, "a cell warns"),
        ({"text": f"{notebooks.ROOT}/x"}, f"an output has {notebooks.ROOT}"),
        ({"text": "<object at 0x7f>"}, "an output has  at 0x"),
        ({"text": "x" * LARGEST}, "must be at most 300,000 bytes, was 30"),
    ],
)
def test_an_output_that_nobody_wants_is_refused(output: dict[str, Any], message: str) -> None:
    with pytest.raises(RunError, match=message):
        finish(a_notebook(**output))


def test_mistakes_are_named(line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = line.module("tutorials", "only=5-none")
    assert wrong.code == 2 and wrong.mistakes == [
        f"only: must be one of {', '.join(NAMES)}, was 5-none"
    ]
    monkeypatch.setitem(sys.modules, "nbclient", None)
    monkeypatch.setitem(sys.modules, "nbformat", SimpleNamespace())
    missing = line.module("tutorials", f"only={NAMES[0]}")
    assert missing.code == 2 and "pip install -r requirements-notebooks.txt" in missing.err


def test_a_notebook_runs_in_jupyter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("nbclient")
    from tutorials import __main__

    (tmp_path / "short.ipynb").write_text(
        json.dumps(
            {
                "cells": [
                    {
                        "cell_type": "code",
                        "id": "a",
                        "source": "from latentq.config.progress import bar\n"
                        "with bar(2, 'work') as show:\n    show(2, 'done')\n6 * 7",
                        "metadata": {},
                        "outputs": [],
                        "execution_count": None,
                    }
                ],
                "metadata": notebooks.METADATA,
                "nbformat": 4,
                "nbformat_minor": 5,
            }
        )
    )
    monkeypatch.setattr(__main__, "FOLDER", tmp_path)
    shown, result = json.loads(finish(__main__.execute("short")))["cells"][0]["outputs"]

    assert "".join(shown["data"]["text/plain"]) == "work: 2 of 2, done"
    assert "<progress" in "".join(shown["data"]["text/html"])
    assert "".join(result["data"]["text/plain"]) == "42"
