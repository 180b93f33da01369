"""Models as folders for others: what goes into one, what comes back, and what the Hub is told."""

import inspect
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch

import latentq
from baselines.vae import VAE
from latentq.errors import CheckpointError, InputError
from latentq.models import storage
from latentq.models.classifier import Classifier
from latentq.models.generative import GenerativeModel
from latentq.models.hybrid import LatentQ
from latentq.paths import CHECKPOINTS
from tests.command_line import ROOT

ARGUMENTS = {"channels": 2, "latent": 3, "lift": 4, "seed": 1}
FILES = ["README.md", "config.json", "config.yaml", "metrics.json", "weights.safetensors"]


@pytest.fixture
def vae() -> VAE:
    model = storage.build("classical", ARGUMENTS)
    assert isinstance(model, VAE)
    return model.eval()


class Hub(ModuleType):
    """A Hub in a folder, which notes what it is asked for."""

    def __init__(self, place: Path) -> None:
        super().__init__("huggingface_hub")
        self.place, self.calls = place, list[tuple[str, dict[str, Any]]]()

    def HfApi(self, token: str | None) -> "Hub":
        self.calls.append(("HfApi", {"token": token}))
        return self

    def create_repo(self, **given: Any) -> SimpleNamespace:  # noqa: ANN401
        self.calls.append(("create_repo", given))
        return SimpleNamespace(repo_id=f"me/{given['repo_id']}")

    def upload_folder(self, folder_path: str, **given: Any) -> str:  # noqa: ANN401
        self.calls.append(("upload_folder", given))
        shutil.copytree(folder_path, self.place / given["repo_id"])
        return "the address of the commit"

    def snapshot_download(self, repo_id: str, **given: Any) -> str:  # noqa: ANN401
        self.calls.append(("snapshot_download", given))
        if not (self.place / repo_id).is_dir():
            raise OSError(f"401: there is no {repo_id}\nand more lines")
        return str(self.place / repo_id)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    made = Hub(tmp_path / "hub")
    monkeypatch.setitem(sys.modules, "huggingface_hub", made)
    return made


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_saved_model_comes_back(vae: VAE, tmp_path: Path) -> None:
    assert vae.save_pretrained(tmp_path / "new" / "folder") is None

    for again in (
        VAE.from_pretrained(tmp_path / "new" / "folder"),
        GenerativeModel.from_pretrained(tmp_path / "new" / "folder"),
        latentq.load(tmp_path / "new" / "folder"),
    ):
        assert isinstance(again, VAE)
        assert torch.equal(again.sample(3, seed=2), vae.sample(3, seed=2))
    assert storage.describe(tmp_path / "new" / "folder")[1]["arguments"] == ARGUMENTS


@pytest.mark.parametrize("name", ["quantum", "checkpoints/features"])
def test_a_shipped_model_goes_with_its_card(name: str, tmp_path: Path) -> None:
    model: Any = latentq.load(name)
    model.save_pretrained(tmp_path)
    source = CHECKPOINTS / Path(name).name

    assert names(tmp_path) == FILES
    for file in FILES:
        if file != "config.json":  # It may be of an earlier format.
            assert (tmp_path / file).read_bytes() == (source / file).read_bytes()
    assert storage.describe(tmp_path)[1] == storage.describe(source)[1]


def test_other_weights_go_without_what_tells_of_the_old_ones(tmp_path: Path) -> None:
    model: Any = latentq.load("features")
    with torch.no_grad():
        model.head.bias += 1
    model.save_pretrained(tmp_path)

    assert names(tmp_path) == ["config.json", "weights.safetensors"]
    assert storage.describe(tmp_path)[1]["notes"] == {}
    assert torch.equal(Classifier.from_pretrained(tmp_path).head.bias, model.head.bias)


def test_what_built_a_model_is_kept_as_it_was(tmp_path: Path) -> None:
    arguments = {"channels": 2, "latent": 3}
    model: Any = storage.build("classical", arguments)
    arguments["latent"] = 5
    model.save_pretrained(tmp_path)

    assert VAE.from_pretrained(tmp_path).latent_freedom == 3


def test_a_model_of_unknown_arguments_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"save: the arguments of this VAE are not known; load"):
        VAE(channels=2, latent=3).save_pretrained(tmp_path)
    assert names(tmp_path) == []


def test_a_model_of_another_class_is_refused(vae: VAE, tmp_path: Path) -> None:
    vae.save_pretrained(tmp_path)
    with pytest.raises(InputError, match=f"must be a LatentQ, {tmp_path} is a VAE"):
        LatentQ.from_pretrained(tmp_path)


def test_a_push_sends_the_whole_folder(hub: Hub, tmp_path: Path) -> None:
    model: Any = latentq.load("quantum")
    told = model.push_to_hub("digits", private=True, token="t", branch="b", create_pr=True)

    assert told == "the address of the commit"
    assert names(tmp_path / "hub" / "me" / "digits") == FILES
    assert hub.calls == [
        ("HfApi", {"token": "t"}),
        ("create_repo", {"repo_id": "digits", "private": True, "exist_ok": True}),
        (
            "upload_folder",
            {
                "repo_id": "me/digits",
                "repo_type": "model",
                "commit_message": "Push a model of LatentQ.",
                "revision": "b",
                "create_pr": True,
            },
        ),
    ]
    assert torch.equal(LatentQ.from_pretrained("me/digits").sample(2), model.sample(2))
    assert hub.calls[-1][1]["allow_patterns"][:2] == ["config.json", "weights.safetensors"]


def test_saving_may_push_too(hub: Hub, vae: VAE, tmp_path: Path) -> None:
    vae.save_pretrained(tmp_path / "digits", push_to_hub=True, commit_message="more")

    assert hub.calls[1][1]["repo_id"] == "digits"
    assert hub.calls[2][1]["commit_message"] == "more"
    assert names(tmp_path / "hub" / "me" / "digits") == names(tmp_path / "digits")


def test_a_folder_comes_before_the_hub(
    hub: Hub, vae: VAE, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    vae.save_pretrained("me/digits")

    assert isinstance(VAE.from_pretrained("me/digits"), VAE) and hub.calls == []


def test_what_the_hub_refuses_is_told_in_a_line(hub: Hub) -> None:
    with pytest.raises(InputError) as caught:
        VAE.from_pretrained("me/nothing", revision="r", local_files_only=True)

    assert str(caught.value) == (
        "from_pretrained: me/nothing is no folder with a model, nor one of the Hub: "
        "401: there is no me/nothing"
    )
    assert hub.calls[0][1]["revision"] == "r" and hub.calls[0][1]["local_files_only"] is True
    for name in ("nothing", "checkpoints/nothing", "a/b/c"):
        with pytest.raises(CheckpointError, match="checkpoint: must be a folder"):
            VAE.from_pretrained(name)


def test_without_the_package_it_says_what_to_install(
    vae: VAE, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    needs = "needs huggingface_hub, which is not installed here; pip install huggingface_hub"

    with pytest.raises(InputError) as caught:
        vae.push_to_hub("me/digits")
    assert caught.value.lines() == [f"push_to_hub: {needs}"]
    with pytest.raises(InputError) as caught:
        VAE.from_pretrained("me/digits")
    assert caught.value.lines() == [
        f"from_pretrained: me/digits is no folder with a model; the Hub {needs}"
    ]


def test_the_methods_are_those_of_the_mixin() -> None:
    mixin = pytest.importorskip("huggingface_hub").ModelHubMixin

    for name in ("save_pretrained", "from_pretrained", "push_to_hub"):
        theirs = inspect.signature(getattr(mixin, name)).parameters
        for key, own in inspect.signature(getattr(VAE, name)).parameters.items():
            assert key == "device" or own.kind == theirs[key].kind, (name, key)


def test_a_model_loads_by_name_without_asking_for_the_hub(tmp_path: Path) -> None:
    code = (
        "import sys, latentq; model = latentq.load('quantum'); model.save_pretrained('here');"
        "sys.exit('huggingface_hub' in sys.modules or model.sample(1).shape[1:] != (1, 28, 28))"
    )
    words = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {code}"]
    done = subprocess.run(words, cwd=tmp_path, check=False, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "here" / "config.json").read_text())["kind"] == "quantum"
