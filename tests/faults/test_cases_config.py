"""Cases 1 to 7: the configuration."""

from pathlib import Path

import pytest
import torch

from latentq.config import memory
from latentq.config.compose import load_config
from latentq.config.memory import check_room
from latentq.errors import InputError
from latentq.models.storage import build
from latentq.quantum.encoding import amplitude_encode
from tests.command_line import CommandLine


def test_case_01_unknown_model(line: CommandLine) -> None:
    (mistake,) = line.refused("model=quantm")

    assert mistake.startswith("model: must be one of branches, classical, codebook")
    assert mistake.endswith("was 'quantm' (did you mean quantum?)")


def test_case_02_unknown_key(line: CommandLine) -> None:
    mistakes = line.refused("train.lrr=0.1", "images.lrr=0.1", "zzz=1", "seed=x")

    assert mistakes == [
        "train.lrr: there is no such key (did you mean images.lr?)",
        "images.lrr: there is no such key (did you mean images.lr?)",
        "zzz: there is no such key; `python train.py --help` lists all keys",
        "seed: must be an integer, at least 0 and at most 4294967295, was 'x'",
    ]


def test_case_03_wrong_type(line: CommandLine) -> None:
    mistakes = line.refused("images.epochs=abc", "images.lr=", "data.download=3", "engine")

    assert mistakes == [
        "engine: must be an option of the form key=value; `python train.py --help` lists all keys",
        "images.epochs: must be an integer, at least 1 and at most 10000, was 'abc'",
        "images.lr: must be a number, above 0 and at most 1, was ''",
        "data.download: must be true or false, was 3",
    ]


@pytest.mark.parametrize(
    "word",
    [
        *("images.lr=nan", "images.lr=inf", "images.lr=-1", "images.lr=1e400", "images.epochs=-5"),
        *("images.batch_size=0", "prior.qubits=0", "model.latent_noise=-0.1", "prior.ancillas=5"),
        *("denoising.intermediate_weight=nan", "data.validation=0", "data.limit=0", "threads=0"),
        *("run.name=a/b", "run.name=..", "run.name=", 'run.name="x\ty"', f"run.name={'x' * 300}"),
    ],
)
def test_case_04_out_of_range(word: str) -> None:
    with pytest.raises(InputError) as error:
        load_config([word])

    (told,) = error.value.lines()
    assert told.startswith(word.partition("=")[0] + ": must be ")


def test_case_04_out_of_range_all_at_once(line: CommandLine) -> None:
    words = ("images.lr=nan", "images.epochs=-5", "images.batch_size=0", "prior.qubits=0")
    mistakes = line.refused(*words, "prior.layers=[]", "loss=mmd")

    named = {mistake.partition(":")[0] for mistake in mistakes}
    assert named == {w.partition("=")[0] for w in words} | {"prior.layers", "loss"}


def free(patch: pytest.MonkeyPatch, folder: Path, gib: int) -> None:
    """Pretends that so much memory is free."""
    (folder / "meminfo").write_text(f"MemAvailable: {gib * 2**20} kB\n")
    patch.setattr(memory, "MEMINFO", folder / "meminfo")
    patch.setattr(memory, "LIMITS", ())


def test_case_05_too_large_for_the_memory(
    line: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free(monkeypatch, tmp_path, 8)

    mistakes = line.refused(
        *("denoising.start_batch_size=100000", "denoising.target_batch_size=100000"),
        *("images.batch_size=60000", "model.channels=256"),
    )

    assert [mistake.partition(":")[0] for mistake in mistakes] == [
        "images.batch_size",
        "denoising.start_batch_size",
    ]
    assert mistakes[1].endswith(
        "denoising.start_batch_size=100000 and denoising.target_batch_size=100000, and 8.0 GiB "
        "are free; lower denoising.start_batch_size or denoising.target_batch_size"
    )


SMALL_LOSS = ("denoising.start_batch_size=64", "denoising.target_batch_size=64")


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (
            ("model=latent_diffusion", "denoising.batch_size=100000", "prior.width=4096"),
            "denoising",
        ),
        (("model=mixture", "prior.components=10000", "prior.fitted=54000"), "prior.components"),
        (
            (*SMALL_LOSS, "engine=torchquantum", "prior.qubits=6", "prior.layers=500"),
            "prior.layers",
        ),
        ((*SMALL_LOSS, "prior.qubits=6", "prior.ancillas=4", "prior.steps=50"), "prior.qubits"),
        (("prior.qubits=6", "prior.steps=100", "denoising.cells=false"), "prior.steps"),
    ],
)
def test_case_05_each_part_is_estimated(words: tuple[str, ...], key: str) -> None:
    config = load_config([*words])

    with pytest.raises(InputError, match=f"^{key}.* GiB are free"):
        check_room(config, 2**28)


def test_case_05_default_runs_fit() -> None:
    for model in ("quantum", "classical", "latent_diffusion", "mixture", "codebook", "features"):
        check_room(load_config([f"model={model}"]), 2**30)


def test_case_06_latent_does_not_fit_the_qubits() -> None:
    with pytest.raises(InputError, match=r"each of 10 classes, prior.qubits=3 has 8"):
        load_config(["model.conditional=true", "prior.qubits=3"])
    with pytest.raises(InputError, match=r"denoising.cells: needs at least 64 .*, there are 50"):
        load_config(["prior.qubits=6", "data.limit=50", "denoising.cells=true"])
    with pytest.raises(ValueError, match="must be of even length, was 31"):
        amplitude_encode(torch.ones(2, 31))
    with pytest.raises(InputError, match=r"^config: .*a list of 2 or 5 numbers, was \[1.0\]"):
        build("quantum", {"channels": 2, "prior": {"steps": 5, "strength": [1.0]}})


@pytest.mark.parametrize("seed", ["-1", "4294967296", "text", "1.5", "nan", "true", "null", "[1]"])
def test_case_07_seed(seed: str) -> None:
    with pytest.raises(InputError, match=r"^seed"):
        load_config([f"seed={seed}"])


def test_sweeps_are_bounded_and_checked_before_the_first_run(line: CommandLine) -> None:
    many = line.refused("-m", "seed=range(0,100000000)")
    wrong = line.refused("-m", "seed=1,x,y", "images.lr=0,0.1")

    assert many == ["-m: at most 1000 runs can be asked for at once"]
    assert sorted(mistake.partition(",")[0] for mistake in wrong) == [
        "images.lr: must be a number",
        "seed: must be an integer",
        "seed: must be an integer",
    ]
