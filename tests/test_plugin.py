"""A model of a user's own: trained, saved, loaded, sampled, measured, and an arm of a study."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
import torch

import latentq
from latentq.config import registry
from latentq.config.commands import read_options
from latentq.config.compose import load_config
from latentq.diffusion.losses import mmdk
from latentq.engine.circuits import denoising_circuit
from latentq.errors import InputError
from latentq.evaluation import scores
from latentq.models import storage
from latentq.models.hybrid import LatentQ
from latentq.study import arms
from latentq.study.jobs import StudyFolder, plan
from latentq.study.options import Options
from tests.command_line import CommandLine
from tests.faults.targets import LATENTQ_ARGUMENTS, PRIOR
from train import train

PLUGIN = """
import torch
from torch import nn

import latentq
from latentq.models.generative import GenerativeModel, pixel_loss
from latentq.randomness import derive_generator


@latentq.register("mine", title="a linear autoencoder")
class Mine(GenerativeModel):
    def __init__(self, width: int = 4, scale: float = 1.0):
        super().__init__()
        self.width, self.scale = width, scale
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(784, width))
        self.decoder = nn.Sequential(nn.Linear(width, 784), nn.Unflatten(1, (1, 28, 28)))

    def encode(self, images):
        return self.encoder(images)

    def decode(self, latents):
        return self.decoder(latents).sigmoid()

    def loss(self, images, labels, generator):
        return {"loss": pixel_loss(self.decoder(self.encoder(images)), images)}

    def sample(self, n, seed=0, label=None):
        generator = derive_generator(seed, "sample")
        noise = torch.randn(n, self.width, generator=generator)
        return self.decode(self.scale * noise.to(next(self.parameters()).device)).detach()
"""
WORDS = (
    *("model=mine", "plugin=my_module", "model.width=3", "data=digits", "data.limit=200"),
    *("metrics.samples=150", "device=cpu", "threads=1"),
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A current folder with the module, and a finished run; the model is known in these tests."""
    folder = tmp_path_factory.mktemp("user")
    (folder / "my_module.py").write_text(PLUGIN)
    with (
        pytest.MonkeyPatch.context() as context,
        patch.dict(sys.modules),
        patch.dict(registry.ENTRIES),
    ):
        context.chdir(folder)
        context.setattr(sys, "path", [*sys.path])
        train(load_config([*WORDS], "debug"))
        yield folder


RUN = "runs/mine-digits-seed0"


def test_a_run_of_your_own_model_is_a_run_like_others(place: Path) -> None:
    metrics = json.loads((place / RUN / "metrics.json").read_text())

    assert metrics["model"] == "mine" and metrics["fid"] > metrics["fid_floor"] > 0
    assert metrics["parameters"]["encoder"] == 784 * 3 + 3
    assert metrics["parameters"]["prior"] == 0 and metrics["latent_freedom"] is None
    assert {*metrics["parameters_by_model"]} == {"mine", "quantum"}
    assert (place / RUN / "samples.png").stat().st_size > 0


def test_its_weights_follow_from_the_seed_though_it_takes_none(place: Path) -> None:
    arguments = {"width": 3, "scale": 1.0}
    first, again = (storage.build_seeded("mine", arguments, 5) for _ in range(2))
    other = storage.build_seeded("mine", arguments, 6)
    weights = [next(model.parameters()) for model in (first, again, other)]

    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])


def test_the_saved_model_names_its_module_and_draws_the_same(place: Path) -> None:
    description = json.loads((place / RUN / "model" / "config.json").read_text())
    model = latentq.load(place / RUN)

    assert description["plugin"] == "my_module"
    assert description["arguments"] == {"width": 3, "scale": 1.0}
    images = model.sample(5, seed=2)  # type: ignore[operator]
    assert images.shape == (5, 1, 28, 28) and 0 <= images.min() < images.max() <= 1
    assert torch.equal(images, latentq.load(place / RUN).sample(5, seed=2))  # type: ignore[operator]


def test_the_commands_take_the_module(place: Path, line: CommandLine) -> None:
    words = (f"checkpoint={place / RUN}", "plugin=my_module", "n=4", "out=x.png")
    done = line.latentq("sample", *words)
    assert done.code == 0, done.err
    assert (line.folder / "x.png").stat().st_size > 0

    rows = scores.measure([f"checkpoint={place / RUN}", "samples=150", "plugin=my_module"])
    told = json.loads((place / RUN / "metrics.json").read_text())
    assert rows["fid"] == pytest.approx(told["fid"], rel=1e-5)


def test_without_the_module_it_is_named_and_never_imported(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(registry.ENTRIES, "mine")
    monkeypatch.delitem(sys.modules, "my_module")
    with pytest.raises(InputError) as error:
        latentq.load(place / RUN)

    assert str(error.value) == (
        "kind: mine is not registered; import the module that registers it (my_module), or give "
        "plugin=my_module"
    )
    assert "my_module" not in sys.modules


@pytest.mark.parametrize("plugin", ["os; rm", 7, "a\nb", "x" * 300])
def test_what_is_no_module_is_not_repeated_as_one(
    tmp_path: Path, place: Path, plugin: object
) -> None:
    for name in ("config.json", "weights.safetensors"):
        (tmp_path / name).write_bytes((place / RUN / "model" / name).read_bytes())
    content = json.loads((tmp_path / "config.json").read_text())
    changed = {**content, "kind": "unheard_of", "plugin": plugin}
    (tmp_path / "config.json").write_text(json.dumps(changed))

    with pytest.raises(InputError, match=r"^plugin: must be the name of a module, was"):
        latentq.load(tmp_path)


def test_wrong_arguments_of_a_saved_model_are_refused(place: Path) -> None:
    with pytest.raises(InputError, match=r"config: does not fit .*: model.width: must be an int"):
        storage.build("mine", {"width": 10.5})
    with pytest.raises(InputError, match=r"widht: no mine model has it .did you mean width"):
        storage.build("mine", {"widht": 10})


def test_the_module_does_not_make_another_run(place: Path) -> None:
    """It names where a class is, and no result depends on that."""
    skipped = train(load_config([*WORDS, "run.skip_finished=true"], "debug"))
    told = json.loads((place / RUN / "metrics.json").read_text())

    assert skipped == told and len([*(place / "runs").iterdir()]) == 1


@pytest.fixture
def own_arms() -> Iterator[dict[str, arms.Arm]]:
    """The arms, which are afterwards as before."""
    before = dict(arms.ARMS)
    yield arms.ARMS
    arms.ARMS.clear()
    arms.ARMS.update(before)


def test_it_is_an_arm_of_a_study(place: Path, own_arms: dict[str, arms.Arm]) -> None:
    options = read_options(
        ["arms=mine", "plugin=my_module", "seeds=1", "train_sizes=300"], Options
    )
    (job,) = plan(options.arms, options.seeds, options.train_sizes)

    assert own_arms["mine"].title == "a linear autoencoder"
    config = StudyFolder(place / "study").config(job)
    assert (config["model"]["kind"], config["plugin"]) == ("mine", "my_module")


# --- What a file cannot describe


def quantum(**prior: object) -> tuple[LatentQ, dict[str, object]]:
    arguments = {**LATENTQ_ARGUMENTS, "prior": {**PRIOR, **prior}}
    return LatentQ(**arguments), arguments


def test_a_loss_of_your_own_cannot_be_written_down(tmp_path: Path) -> None:
    model, arguments = quantum(loss=lambda phi, psi, weights=None: mmdk(phi, psi, weights))

    with pytest.raises(InputError, match=r"^save: .* cannot be written down, .*function") as error:
        storage.save(model, tmp_path / "model", "quantum", arguments)
    assert str(error.value).endswith("register a model that builds it, see latentq.register")
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("part", ["circuits", "distance", "forward_process"])
def test_a_part_that_the_arguments_do_not_say_is_refused(tmp_path: Path, part: str) -> None:
    model, arguments = quantum()
    process = latentq.ForwardProcess(qubits=4, steps=2, strength=(0.1, 1.0))
    own = {
        "circuits": tuple(denoising_circuit(5, 2, axes=("ry", "rz")) for _ in range(2)),
        "distance": mmdk,
        "forward_process": process,
    }
    storage.save(model, tmp_path / "before", "quantum", arguments)
    setattr(model.prior, part, own[part])

    with pytest.raises(InputError, match=f"save: its arguments do not say prior.{part}"):
        storage.save(model, tmp_path / "after", "quantum", arguments)


def test_a_model_of_another_class_is_refused(tmp_path: Path) -> None:
    class Other(LatentQ):
        pass

    with pytest.raises(InputError, match=r"save: a quantum model is a LatentQ, was a .*Other"):
        storage.save(Other(**LATENTQ_ARGUMENTS), tmp_path, "quantum", LATENTQ_ARGUMENTS)
