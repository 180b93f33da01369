"""The doctor, with each of the known traps of an installation."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from latentq.config import memory, versions
from latentq.errors import InputError, RunError
from latentq.training import doctor

Patch = pytest.MonkeyPatch
GOOD = dict.fromkeys(map(versions.normal, doctor.NEEDED), "99.0")


def has(patch: Patch, **changes: str | None) -> None:
    """Pretends that some packages are installed in other versions, or not at all."""
    found = {k.replace("_", "-"): v for k, v in changes.items()}
    known = {k: v for k, v in {**GOOD, **found}.items() if v is not None}
    patch.setattr(doctor, "installed", lambda: known)


def lacks(patch: Patch, *names: str) -> None:
    """Pretends that some modules cannot be imported."""
    patch.setattr(versions, "find_spec", lambda name: None if name in names else object())


def test_real_packages_are_known() -> None:
    found = doctor.installed()

    assert {versions.normal(name) for name in doctor.NEEDED} <= found.keys()
    assert "torch " in doctor.check_packages()


def test_missing_packages_are_named(monkeypatch: Patch) -> None:
    has(monkeypatch, safetensors=None)
    with pytest.raises(InputError, match=r"^not installed: safetensors; run make setup$"):
        doctor.check_packages()

    has(monkeypatch, torch="2.15.0+cpu")
    assert "torch 2.15.0+cpu" in doctor.check_packages()


def test_builds_that_do_not_fit_are_named(tmp_path: Path, monkeypatch: Patch) -> None:
    (tmp_path / "torchvision.py").write_text(
        "raise RuntimeError('operator torchvision::nms does not exist')"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "torchvision", raising=False)
    has(monkeypatch, torch="2.15.0+cpu", torchvision="0.29.2")

    with pytest.raises(InputError) as error:
        doctor.check_torchvision()

    assert "torch 2.15.0+cpu and torchvision 0.29.2 are not of one build" in str(error.value)
    has(monkeypatch, torchvision=None)
    assert "MNIST is read by it" in doctor.check_torchvision()


def test_a_half_installed_torchquantum_is_explained(monkeypatch: Patch) -> None:
    lacks(monkeypatch, "qiskit_aer", "pkg_resources")
    with pytest.raises(InputError, match=r"without qiskit_aer, pkg_resources; .*setuptools<81"):
        doctor.check_torchquantum()

    lacks(monkeypatch, *versions.TORCHQUANTUM)
    assert "only engine=torchquantum needs it" in doctor.check_torchquantum()


@pytest.mark.parametrize("version", [(3, 10, 9), (3, 13, 0), (3, 14, 1), (2, 7, 18)])
def test_other_pythons_are_refused(version: tuple[int, int, int]) -> None:
    with pytest.raises(InputError, match=r"python: must be from 3.11 to 3.12, was \d"):
        versions.check_python(version)


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 12, 9)])
def test_these_pythons_are_let_through(version: tuple[int, int, int]) -> None:
    versions.check_python(version)


def test_little_memory_and_disk_are_told(tmp_path: Path, monkeypatch: Patch) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 8000000 kB\nMemAvailable:  1048576 kB\n")
    (tmp_path / "max").write_text("536870912\n")
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "LIMITS", ())
    with pytest.raises(InputError, match=r"1.0 GiB are free, a run needs 2 GiB"):
        doctor.check_memory()

    monkeypatch.setattr(memory, "LIMITS", (tmp_path / "max", tmp_path / "nothing"))
    with pytest.raises(InputError, match=r"0.5 GiB are free"):
        doctor.check_memory()

    monkeypatch.setattr(doctor, "LEAST_DISK", 10**9)
    with pytest.raises(InputError, match="GiB are free in"):
        doctor.check_disk()


def test_damaged_data_is_told_and_missing_data_is_not_a_fault(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    monkeypatch.setenv("LATENTQ_DATA_ROOT", str(tmp_path))
    assert "a run downloads it" in doctor.check_data()

    (tmp_path / "MNIST" / "raw").mkdir(parents=True)
    (tmp_path / "MNIST" / "raw" / "t10k-labels-idx1-ubyte").write_bytes(b"x")
    with pytest.raises(InputError, match="t10k-labels-idx1-ubyte is damaged"):
        doctor.check_data()


def fail(error: Exception) -> Callable[[], str]:
    def check() -> str:
        raise error

    return check


def test_every_check_runs_whatever_happens_to_the_others(
    monkeypatch: Patch, capsys: pytest.CaptureFixture[str]
) -> None:
    checks = {
        "input": fail(InputError("a: must\nbe b")),
        "loader": fail(OSError("libtorch.so: \x1b[31mno such file")),
        "odd": fail(KeyError("x")),
        "fine": lambda: "all is well",
    }
    monkeypatch.setattr(doctor, "CHECKS", checks)

    with pytest.raises(RunError, match="failed: input, loader, odd"):
        doctor.diagnose([])

    assert capsys.readouterr().out.splitlines() == [
        "input         FAILED: a: must be b",
        r"loader        FAILED: OSError: libtorch.so: \x1b[31mno such file",
        "odd           FAILED: KeyError: 'x'",
        "fine          ok: all is well",
    ]


def test_an_engine_without_its_packages_is_refused(monkeypatch: Patch) -> None:
    lacks(monkeypatch, "torchpack")

    versions.check_engine("fused")
    versions.check_engine(None)
    with pytest.raises(InputError, match=r"engine: torchquantum needs torchpack, .*engine=fused"):
        versions.check_engine("torchquantum")
