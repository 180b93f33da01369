"""Cases 42 to 51: what the caller's environment, paths and file systems bring along."""

import errno
import importlib
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest
from omegaconf import OmegaConf
from pytorch_lightning.utilities.rank_zero import rank_zero_only

import latentq.data.mnist
from latentq import paths
from latentq.config import backend, output, versions
from latentq.config.commands import read_options
from latentq.config.compose import load_config
from latentq.config.overrides import fit_words, parse_overrides
from latentq.config.words import override, pasted
from latentq.data.mnist import ensure_mnist
from latentq.data.module import data_root
from latentq.errors import InputError
from latentq.experiments import ablation
from latentq.experiments.noise.experiment import EXPERIMENT
from latentq.experiments.quddpm.experiment import EXPERIMENT as TASKS
from latentq.experiments.quddpm.experiment import Options as OptionsOfCells
from latentq.study.__main__ import locked
from latentq.study.jobs import Job, StudyFolder
from latentq.study.options import Options as StudyOptions
from latentq.training import locks, run_folder, stopping
from tests.command_line import ROOT, CommandLine
from tests.fake_mirror import mirror, packed
from tests.faults.runs import folder_of, outcome, overrides, tiny
from tests.faults.test_cases_files import shell
from tests.test_data import tiny_mnist
from train import train

__all__ = ["tiny_mnist"]  # A fixture.
ODD = "a(b) é=3,$HOME ${x} 'q' \"r\" [x] {y}%d::s\\ #;&~ null\n"


@pytest.mark.parametrize("name", ["module://matplotlib_inline.backend_inline", "nonsense", "svg"])
def test_case_42_a_backend_that_is_not_there(name: str) -> None:
    code = (
        "import os, latentq, matplotlib.pyplot\n"
        "print(matplotlib.rcParams._get_backend_or_none(), os.environ['MPLBACKEND'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, backend.VARIABLE: name},
        capture_output=True,
        text=True,
        check=False,
    )

    there = name == "svg" or (
        "matplotlib_inline" in name and find_spec("matplotlib_inline") is not None
    )
    assert done.stdout.split() == [name if there else "None", name], done.stderr


def test_case_43_the_variables_of_a_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(tiny("features", tmp_path / "alone"))
    there = {
        **{"SLURM_PROCID": "1", "SLURM_NTASKS": "2", "SLURM_JOB_ID": "7", "RANK": "1"},
        **{"LOCAL_RANK": "1", "WORLD_SIZE": "2", "PMI_RANK": "1", "OMPI_COMM_WORLD_RANK": "1"},
        **{"PL_TRAINER_LIMIT_TRAIN_BATCHES": "1", "PL_TRAINER_MAX_STEPS": "1"},
    }
    for name, value in there.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(rank_zero_only, "rank", 1)
    metrics = train(tiny("features", tmp_path / "cluster"))

    ours, theirs = (folder_of("features", tmp_path / name) for name in ("alone", "cluster"))
    assert outcome(theirs) == outcome(ours)
    assert "missing" not in metrics
    sizes = [[p.stat().st_size for p in f.glob("logs/classifier/events*")] for f in (ours, theirs)]
    assert sizes[0] == sizes[1] and sizes[0][0] > 200
    assert there.items() <= os.environ.items() and vars(rank_zero_only)["rank"] == 1


def test_case_43_a_rank_that_is_no_number(
    line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "first")

    assert line.refused() == ["RANK: must be a number or unset, was 'first'; unset RANK"]
    assert line.call(lambda words: None).code == 2


TEXTS = [
    *(
        ODD,
        "/tmp/a(b)",
        "/tmp/données",
        "/tmp/epoch=3",
        "a,b",
        "a b",
        " a ",
        "2024",
        "1e5",
        "true",
    ),
    *(
        "null",
        "inf",
        "[a]",
        "{a: b}",
        "a'b",
        'a"b',
        "'",
        "\\",
        "a\\'",
        "${x}",
        "\\${x}",
        "$x",
        "%s",
    ),
    *("a\nb", "\t", "#a", "a;b", "~a", "choice(a)", "-a", "/plain/path-1.0_x"),
]


@pytest.mark.parametrize("text", TEXTS)
def test_case_44_odd_paths_are_read_back(text: str) -> None:
    (read,), mistakes = parse_overrides([override("run.root", text)])
    assert not mistakes and isinstance(read.value(), str)
    assert OmegaConf.to_container(OmegaConf.create([read.value()]), resolve=True) == [text]
    line = pasted(["printf", "%s", override("run.root", text)], "ascii")
    assert line.isprintable() and line.isascii()
    done = subprocess.run(["bash", "-c", line], capture_output=True, check=True)
    assert os.fsdecode(done.stdout) == override("run.root", text)


@pytest.mark.parametrize(
    "text", ["/tmp/a(b)", "/tmp/données", "/tmp/epoch=3", "a,b", "2024", "a;b"]
)
def test_case_44_odd_paths_may_be_given_as_they_are(text: str) -> None:
    (read,), mistakes = parse_overrides([f"run.root={text}"])

    assert not mistakes and read.value() == text
    assert fit_words(["-m", f"run.root={text}"])[1].startswith("run.root=")
    assert fit_words(["-m", "run.root=a,b", "seed=0,1"]) == ["-m", "run.root=a,b", "seed=0,1"]


def test_case_44_a_run_in_an_odd_folder(line: CommandLine) -> None:
    root = line.folder / ODD.strip()
    words = overrides("features", root)
    done = line.program("train.py", "--config-name=debug", *words)

    assert done.code == 0, done.err
    folder = folder_of("features", root)
    assert [*folder.glob("logs/classifier/events*")] and [*line.folder.iterdir()] == [root]
    (folder / run_folder.METRICS).unlink()
    command = json.loads((folder / "environment.json").read_text())["command"]
    script = "python() { printf '%s\\0' \"$@\"; }; " + command
    told = subprocess.run(["bash", "-c", script], capture_output=True, check=True)
    again = [os.fsdecode(word) for word in told.stdout.split(b"\0")[1:-1]]
    config = load_config([word for word in again if not word.startswith("--")], "debug")
    assert config["run"]["root"] == str(root)
    with pytest.raises(stopping.Stopped) as stop, run_folder.held(folder):
        raise stopping.Stopped(15)
    hint = str(stop.value).rpartition("same options and ")[2]
    told = subprocess.run(["bash", "-c", f"printf %s {hint}"], capture_output=True, check=True)
    assert load_config([os.fsdecode(told.stdout)])["resume"] == str(folder)


def test_case_44_the_commands_that_are_made() -> None:
    cell = StudyFolder(Path(ODD)).overrides(Job("codebook", 300, 0))
    row = load_config(ablation.command("reference", 0, ODD)[2:])

    config = load_config(cell)
    assert load_config(["run.root=2024", "data.root=a,b", "resume=/a(b)"])["resume"] == "/a(b)"
    assert config["run"]["root"] == f"{ODD}/jobs"
    assert config["autoencoder"].startswith(f"{ODD}/jobs/")
    assert row["run"]["root"] == f"{ODD}/ablation"
    kept = OptionsOfCells(cells="a b")
    assert TASKS.command(kept).endswith("quddpm 'cells=a b'")


def test_case_44_settings_of_a_study() -> None:
    text = """data.root='/a b' run.x="it's" loss=mmdk"""
    with pytest.raises(InputError, match=r"^settings: run\.x is what the study sets"):
        read_options([f"settings={text}"], StudyOptions)
    found = read_options(["settings=" + text.replace("run.x", "metrics.features")], StudyOptions)
    assert found.settings == ("data.root=/a b", "metrics.features=it's", "loss=mmdk")
    with pytest.raises(InputError, match=r"^settings: must have its quotes in pairs"):
        read_options(["settings=data.root='/a"], StudyOptions)


def test_case_44_home(line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(line.folder))
    home = str(line.folder)

    config = load_config(["run.root=~/runs", "data.root=~/data", "autoencoder=~/a", "resume=~"])
    assert (config["run"]["root"], config["resume"]) == (f"{home}/runs", home)
    assert (config["data"]["root"], config["autoencoder"]) == (f"{home}/data", f"{home}/a")
    assert EXPERIMENT.options(["out=~/x"]).out == f"{home}/x"
    with pytest.raises(InputError, match=r"^out: must be a path or null, was ''"):
        EXPERIMENT.options(["out="])
    with pytest.raises(InputError, match=r"^out: must be a path or null, was 'a\\udcff'"):
        EXPERIMENT.options(["out=a\udcff"])


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.ENOSYS])
def test_case_46_a_disk_that_does_not_wait(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(place: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(paths.os, "fsync", refuse)
    paths.write_atomically(tmp_path / "a", b"1")

    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_case_46_a_folder_that_cannot_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*words: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(paths.os, "open", refuse)
        paths.sync_folder(tmp_path)

    def fail(place: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(paths.os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output error"):
        paths.sync_folder(tmp_path)


def test_case_47_closed_streams() -> None:
    """What is opened later does not get the number of a stream, and what libraries print."""
    code = (
        "import os, sys; from latentq.config.commands import run_command\n"
        "def f(words):\n"
        "    print('lost', flush=True); os.write(1, b'lost'); print('lost', file=sys.stderr)\n"
        "    assert open('README.md').fileno() > 2\n"
        "sys.exit(run_command(f, 'usage'))"
    )
    for closed in (">&-", "2>&-", "<&-", "<&- >&- 2>&-"):
        assert shell(f'"$PYTHON" -c "$CODE" {closed}', CODE=code).returncode == 0, closed
    code = code.replace("os.write(1, b'lost'); ", "")
    for unbuffered in ("", "1"):
        full = shell('"$PYTHON" -c "$CODE" > /dev/full', CODE=code, PYTHONUNBUFFERED=unbuffered)
        assert (full.returncode, full.stderr) == (0, "lost\n"), "a full disk stops no work"
    told = shell('"$PYTHON" train.py seed=x >&-')
    assert (told.returncode, told.stderr) == (
        2,
        "error: seed: must be an integer, at least 0 and at most 4294967295, was 'x'\n",
    )


def test_case_47_a_folder_that_the_output_has_no_letters_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "out").open("w", encoding="ascii") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        output.make_ready()
        print("run folder: /tmp/données")

    assert (tmp_path / "out").read_text() == "run folder: /tmp/donn?es\n"


def test_case_48_data_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("LATENTQ_DATA_ROOT", "~/data")
    assert data_root(None) == Path("/home/me/data")
    assert data_root("~/other") == Path("/home/me/other")

    monkeypatch.setenv("LATENTQ_DATA_ROOT", "")
    assert data_root(None) == ROOT / "data"


def test_case_49_a_proxy(
    tiny_mnist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not asked for a mirror of this machine, and it is for all others."""
    held = {p.name: p.read_bytes() for p in latentq.data.mnist.raw_folder(tiny_mnist).iterdir()}
    with mirror(packed(held)) as address:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
        monkeypatch.setattr(latentq.data.mnist, "MIRRORS", (address,))
        ensure_mnist(tmp_path / "direct")

        monkeypatch.setenv("http_proxy", address)
        monkeypatch.setattr(latentq.data.mnist, "MIRRORS", ("http://mirror.invalid/mnist/",))
        ensure_mnist(tmp_path / "by proxy")

    assert not latentq.data.mnist.damaged_files(
        latentq.data.mnist.raw_folder(tmp_path / "by proxy")
    )


def test_case_50_no_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(number: int) -> SimpleNamespace:
        def flock(place: int, how: int) -> None:
            raise OSError(number, os.strerror(number))

        return SimpleNamespace(flock=flock, LOCK_EX=2, LOCK_NB=4)

    for number in (errno.ENOLCK, errno.EOPNOTSUPP, errno.EBADF):
        monkeypatch.setattr(locks, "fcntl", answer(number))
        with run_folder.held(tmp_path), locked(tmp_path / "study"):
            pass
        told = capsys.readouterr().err.splitlines()
        assert [line.partition(" cannot be locked (")[0] for line in told] == [
            f"warning: {tmp_path}",
            f"warning: {tmp_path / 'study'}",
        ]
    monkeypatch.setattr(locks, "fcntl", answer(errno.EIO))
    with pytest.raises(OSError, match="Input/output"), run_folder.held(tmp_path):
        pass
    monkeypatch.setattr(locks, "fcntl", answer(errno.EAGAIN))
    with (
        pytest.raises(InputError, match="is in use by another process"),
        run_folder.held(tmp_path),
    ):
        pass


def test_case_50_windows(line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "find_spec", lambda name: None)
    told = "system: LatentQ runs on Linux and macOS; on Windows, run it in WSL"
    assert line.refused() == line.call(lambda words: None).mistakes == [told]

    for name in ("fcntl", "resource"):
        monkeypatch.setitem(sys.modules, name, None)
    for module in (
        "latentq.training.locks",
        "latentq.study.__main__",
        "latentq.experiments.record",
    ):
        spec = importlib.util.find_spec(module)
        assert spec and spec.loader
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
