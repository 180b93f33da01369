"""The small commands, as a user calls them, and the promises of README and the pages."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import torch
from annotated_types import MinLen

import latentq
from latentq.__main__ import COMMANDS
from latentq.config.commands import read_options, run_command
from latentq.config.fields import Count, Positive, Settings, Text, fields, listing
from latentq.config.marks import Commas, OneOf, joined
from latentq.errors import InputError
from latentq.evaluation import metrics, scores
from latentq.evaluation.scores import measure
from latentq.models.hybrid import LatentQ
from latentq.models.storage import describe
from latentq.paths import sha256_file
from latentq.training.doctor import CHECKS
from tests.command_line import CommandLine
from tests.conftest import needs_mnist

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
RESULTS = (ROOT / "docs" / "results.md").read_text()
OWN_STATES = (ROOT / "docs" / "how-to" / "own-states.md").read_text()
SHIPPED = ("features", "features-fashion", "quantum", "quantum-conditional", "classical")


def test_sample_draws_the_same_picture_whatever_was_drawn_before(line: CommandLine) -> None:
    """Another process draws it too, see test_package.py."""
    words = (f"checkpoint={ROOT}/checkpoints/quantum", "n=5")
    runs = [("a", 2), ("b", 2), ("c", 3)]
    for name, seed in runs:
        done = line.program("latentq/sample.py", *words, f"seed={seed}", f"out={name}.png")
        assert done.code == 0, done.err
    first, again, other = ((line.folder / f"{name}.png").read_bytes() for name, _ in runs)

    assert first == again != other


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["n=0"], "n: must be an integer, at least 1"),
        (["n=many"], "n: must be an integer"),
        (["sed=1"], "did you mean seed"),
        (["seed"], "seed: must be key=value"),
        (["out=picture.jpg"], "out: must be a .png file"),
        (["out=/nowhere/grid.png"], "in a folder that exists"),
        (["checkpoint=/nowhere"], "checkpoint: must be a folder"),
        ([f"checkpoint={ROOT}/checkpoints/features"], "must be a generative model"),
    ],
)
def test_sample_names_mistakes_in_one_line(
    line: CommandLine, words: list[str], message: str
) -> None:
    done = line.program("latentq/sample.py", *words)

    assert done.code == 2
    assert len(done.mistakes) == 1 and message in done.mistakes[0]
    assert list(line.folder.iterdir()) == []


class Small(Settings):
    name: Text
    n: Count = 1
    x: Positive = 0.5
    letters: Annotated[tuple[Annotated[str, OneOf("abc")], ...], Commas("abc", once=True)] = ("a",)
    depths: Annotated[tuple[Count, ...], Commas(ordered=True), MinLen(2)] = (1, 2)
    strength: Literal["tuned"] | Annotated[tuple[Positive, ...], Commas()] = "tuned"


def test_options_are_read_as_their_types() -> None:
    found = read_options(["n=3", "n=4", "name=a=b", "letters=c,a", "strength=1,2.5"], Small)

    assert found == Small(n=4, name="a=b", letters=("c", "a"), strength=(1.0, 2.5))
    assert read_options(["name=", "letters=all"], Small).letters == ("a", "b", "c")
    assert read_options(["name=", "depths=3,1,2,3"], Small).depths == (1, 2, 3)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("n=0", "n: must be an integer, at least 1, was '0'"),
        ("nam=1", "nam: there is no such option (did you mean name?)"),
        ("a\udcff=1", "a\\udcff: there is no such option"),
        ("n", "n: must be key=value with a key of name, n, x, letters, depths, strength"),
        (
            "letters=a,a",
            "letters: must be all, or one or more with commas, none twice, each one of a, b, c, "
            "was 'a,a'",
        ),
        (
            "depths=4",
            "depths: must be 2 or more with commas, each an integer, at least 1, was '4'",
        ),
        (
            "strength=soft",
            "strength: must be tuned or one or more with commas, each a number, above 0, was "
            "'soft'",
        ),
    ],
)
def test_a_wrong_option_is_told_in_one_line(word: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        read_options([word, "name=a"], Small)

    assert error.value.lines() == [message]


def test_all_wrong_options_are_told_at_once() -> None:
    with pytest.raises(InputError) as error:
        read_options(["loud", "n=x", "letters=d,a", "depths=1,"], Small)

    keys = [text.partition(":")[0] for text in error.value.mistakes]
    assert keys == ["loud", "name", "n", "letters", "depths"]


def test_a_list_is_written_as_it_is_read() -> None:
    assert [line.split()[0] for line in listing(Small)] == [
        *("name=...", "n=1", "x=0.5", "letters=a", "depths=1,2", "strength=tuned")
    ]
    assert Commas("abc").write(("a", "b", "c")) == "all" and joined((1.0, 0.5)) == "1,0.5"


def test_doctor_refuses_options(line: CommandLine) -> None:
    done = line.program("latentq/training/doctor.py", "loud=1")

    assert done.code == 2
    assert "loud" in done.mistakes[0]


def test_doctor_reports_each_check(line: CommandLine) -> None:
    done = line.module("latentq.training.doctor")

    assert [row.split()[0] for row in done.out.splitlines()] == [*CHECKS]
    assert f"{len(SHIPPED)} models load" in done.out


def test_publish_refuses_an_unfinished_run(line: CommandLine) -> None:
    done = line.program("latentq/training/publish.py", f"run={line.folder}", "name=none")

    assert done.code == 2
    assert "must be a finished run" in done.mistakes[0]
    assert not (ROOT / "checkpoints" / "none").exists()


OTHERS = ("latentq.training.publish", "tests.faults", "tests.faults.kills", "tests.mutants")


@pytest.mark.parametrize("module", [m for m in COMMANDS.values() if m != "latentq.training"])
def test_help_lists_every_option(module: str, line: CommandLine) -> None:
    check_help(module, line)


@pytest.mark.parametrize("module", OTHERS)
def test_help_of_what_is_no_command_of_latentq(module: str, line: CommandLine) -> None:
    check_help(module, line)


def check_help(module: str, line: CommandLine) -> None:
    """The options that a module gives to `run_command` are those that its help lists."""
    schemas: list[type[Settings]] = []

    def run(command: Any, usage: str, schema: type[Settings] = Settings) -> int:  # noqa: ANN401
        schemas.append(schema)
        return run_command(command, usage, schema)

    line.patch.setattr("latentq.config.commands.run_command", run)
    done = line.module(module, "--help")
    listed = re.findall(r"^  (\w+)=\S*", done.out.partition("\nOptions, ")[2], re.MULTILINE)

    assert done.code == 0 and module.rpartition(".")[2] in done.out
    (schema,) = schemas
    known = dict(fields(schema))
    assert listed == [*known] and (known or module == "latentq.training.doctor")
    assert all(field.description for field in known.values())
    assert all(len(row) < 100 for row in done.out.splitlines())


def test_help_without_torch() -> None:
    """Of the commands whose modules do not need it to be read."""
    modules = [COMMANDS[name] for name in ("sample", "report", "study", "study report", "doctor")]
    code = f"""
import runpy, sys
for module in {modules}:
    sys.argv = [module, "--help"]
    try:
        runpy.run_module(module, run_name="__main__")
    except SystemExit as end:
        assert not end.code
    assert "torch" not in sys.modules, module
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Options, with their defaults:") == 4


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_models_are_those_of_their_table(name: str) -> None:
    folder = ROOT / "checkpoints" / name
    digest = sha256_file(folder / "weights.safetensors")

    assert describe(folder)[1]["sha256"] == digest
    assert f"| [`{name}`]({name}/README.md) |" in (ROOT / "checkpoints" / "README.md").read_text()
    assert digest in (ROOT / "checkpoints" / "README.md").read_text()
    assert (folder / "weights.safetensors").stat().st_size < 4_000_000


def test_shipped_features_are_small_and_good() -> None:
    folder = ROOT / "checkpoints" / "features"
    metrics = json.loads((folder / "metrics.json").read_text())

    assert (folder / "weights.safetensors").stat().st_size < 1_000_000
    assert metrics["test_accuracy"] >= 0.99
    assert metrics["data"]["name"] == "mnist"


def test_shipped_quantum_model_beats_its_controls() -> None:
    quantum, classical = (
        json.loads((ROOT / "checkpoints" / name / "metrics.json").read_text())
        for name in ("quantum", "classical")
    )

    assert quantum["n_samples"] == classical["n_samples"] == 10_000
    assert quantum["features"] == classical["features"]
    assert quantum["fid"] < 0.5 * min(quantum["fid_terminal"], quantum["fid_haar"])
    assert quantum["fid_reconstruction"] < 0.1 * classical["fid"]


def test_the_readme_python_runs() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    names: dict[str, object] = {}

    exec(code, names)

    model, states = names["model"], names["states"]
    assert isinstance(states, torch.Tensor)
    assert states.shape == (64, 16)
    assert isinstance(names["chain"], torch.Tensor)
    assert names["chain"].shape == (6, 64, 16)
    assert isinstance(model, LatentQ)
    assert isinstance(names["again"], torch.Tensor)
    turned = model.decode(states * torch.exp(torch.tensor(1j)))
    assert torch.allclose(turned, names["again"], atol=1e-4)


def test_the_python_of_the_page_runs_on_own_states() -> None:
    """With a tenth of the iterations."""
    (code,) = re.findall(r"```python\n(.*?)```", OWN_STATES, flags=re.DOTALL)
    names: dict[str, Any] = {}
    assert code.count("iterations=500") == 1
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        exec(code.replace("iterations=500", "iterations=50"), names)

    assert names["generated"].shape == (500, 8) and len(names["scores"]) == 6
    untrained = names["latentq"].QuDDPM(names["forward"], layers=20, seed=0).sample(500, seed=0)
    before = latentq.evaluate_states(untrained, names["states"][500:])
    assert names["scores"]["mmd1"] < 0.3 * before["mmd1"]
    assert names["history"][-1]["iteration"] == 49


@pytest.mark.parametrize("name", ["quantum", "classical"])
def test_the_numbers_of_the_results_are_those_of_the_shipped_models(name: str) -> None:
    metrics = json.loads((ROOT / "checkpoints" / name / "metrics.json").read_text())
    rows = {line.split("|")[1].strip(): line for line in RESULTS.splitlines() if line[:1] == "|"}

    (samples,) = (rows[key] for key in rows if key.startswith(f"{name}: samples"))
    (decoded,) = (rows[key] for key in rows if key.startswith(f"{name}: reconstructions"))
    shown = (f"{metrics['fid']:.1f}", *(f"{metrics[k]:.3f}" for k in ("precision", "recall")))
    assert all(f" {value} " in samples for value in shown)
    assert f" {metrics['fid_reconstruction']:.2f} " in decoded


def test_shipped_models_load_by_name() -> None:
    assert all(
        isinstance(latentq.load(ROOT / "checkpoints" / n), torch.nn.Module) for n in SHIPPED
    )


def without_other_rows(patch: pytest.MonkeyPatch) -> None:
    """Leaves out of an evaluation what is not compared here, which takes most of its time."""
    patch.setattr(scores, "sample_rows", lambda a, b, seed: {"fid": metrics.fid(a, b)})
    patch.setattr(scores, "reconstruct", lambda model, images, labels: images[:2])
    patch.setattr(scores, "class_rows", lambda *_: {})
    patch.setattr(scores, "inception_row", lambda *_: {})
    patch.setattr(scores, "quantum_rows", lambda *_: {})
    patch.setattr(scores.diversity, "memorisation", lambda *_: None)


@needs_mnist
@pytest.mark.parametrize("name", ["quantum", "classical", "quantum-conditional"])
def test_the_fid_of_a_shipped_model_is_measured_again(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The results state an error of half a point: machines round differently."""
    shipped = json.loads((ROOT / "checkpoints" / name / "metrics.json").read_text())
    without_other_rows(monkeypatch)
    rows = measure([f"checkpoint={ROOT / 'checkpoints' / name}"])

    assert rows["fid"] == pytest.approx(shipped["fid"], abs=0.5)
    if name == "quantum-conditional":
        assert rows["label_accuracy"] == pytest.approx(shipped["label_accuracy"], abs=0.01)


@pytest.mark.parametrize(
    ("option", "word"),
    [
        ("checkpoint=checkpoints/features", "must be a generative model"),
        ("features=checkpoints/quantum", "must be a features model"),
        ("split=train", "split: must be one of"),
    ],
)
def test_evaluation_names_mistakes(
    option: str, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    with pytest.raises(InputError, match=word):
        measure([option])
