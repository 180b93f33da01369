"""Everything that reads from outside: the targets of the fuzzing."""

import gzip
import hashlib
import json
import shutil
from pathlib import Path
from typing import Annotated, Any
from unittest import mock

import numpy as np
import torch
from hypothesis import strategies as st
from safetensors.torch import save as save_tensors

from baselines.vae import VAE
from latentq.config.commands import read_options
from latentq.config.compose import load_config
from latentq.config.config import Config, validate
from latentq.config.fields import Count, Name, Settings, Share
from latentq.config.marks import Commas, OneOf
from latentq.config.overrides import parse_overrides
from latentq.config.registry import names
from latentq.data import mirrors
from latentq.data.mnist import ensure_mnist, raw_folder
from latentq.models import storage
from latentq.models.hybrid import LatentQ
from latentq.study.options import Options
from latentq.study.results import read_study
from latentq.training import checkpoints
from tests.fake_runs import make_run, metrics
from tests.fake_study import job_metrics, make_study
from tests.faults.fuzz import Target
from tests.faults.inputs import changed_bytes, changed_json, keys, texts, values, words
from tests.test_data import idx

# --- the configuration


def compose(overrides: list[str], folder: Path) -> None:
    load_config([*overrides, f"run.root={folder}"], "debug")


def check(changes: list[tuple[str, Any]], folder: Path) -> None:
    config = json.loads(json.dumps(_config(changes[0][0])))
    for key, value in changes:
        *path, last = key.split(".")
        place = config
        for part in path:
            place = place.setdefault(part, {}) if isinstance(place, dict) else {}
        if isinstance(place, dict):
            place[last] = value
    validate(config)


_COMPOSED: dict[str, Config] = {}


def _config(word: str) -> Config:
    kinds = names()
    kind = kinds[sum(word.encode("utf-8", "replace")) % len(kinds)]
    if kind not in _COMPOSED:
        _COMPOSED[kind] = load_config([f"model={kind}"])
    return _COMPOSED[kind]


def parse(overrides: list[str], folder: Path) -> None:
    _, mistakes = parse_overrides(overrides)
    assert all(isinstance(text, str) for text in mistakes)


# --- the data

PIXELS = np.arange(3 * 784) % 251
IMAGES, LABELS = idx(PIXELS.reshape(3, 28, 28)), idx(np.array([0, 9, 5]))


def raw(content: bytes, folder: Path) -> None:
    """Puts a wrong file among three that are not there: nothing may be downloaded over it."""
    path = raw_folder(folder) / "t10k-labels-idx1-ubyte"
    path.write_bytes(content)
    try:
        ensure_mnist(folder, may_download=False)
    finally:
        path.unlink()


def answer(content: bytes, folder: Path) -> None:
    """Has a mirror send something."""
    with mock.patch.object(mirrors, "_get", return_value=content):
        mirrors.fetch(("http://mirror/",), "labels", hashlib.sha256(LABELS).hexdigest())


# --- published models

VAE_ARGUMENTS: dict[str, Any] = {"channels": 2, "latent": 4, "lift": 5, "seed": 0}
PRIOR: dict[str, Any] = {
    **{"qubits": 4, "steps": 2, "ancillas": 1, "layers": 2, "axes": ["rx", "ry"]},
    **{"entangled": True, "init_scale": 1.0, "strength": [0.1, 2.0], "terminal": "basis"},
    **{"terminal_strength": 1.5, "loss": "wasserstein", "outcomes": "score", "engine": "fused"},
}
LATENTQ_ARGUMENTS: dict[str, Any] = {
    "channels": 2,
    "latent_noise": 0.1,
    "conditional": False,
    "prior": PRIOR,
    "seed": 0,
}


def _bytes(model: torch.nn.Module) -> bytes:
    return save_tensors({k: v.contiguous() for k, v in model.state_dict().items()})


WEIGHTS = {
    "classical": _bytes(VAE(**VAE_ARGUMENTS)),
    "quantum": _bytes(LatentQ(**LATENTQ_ARGUMENTS)),
}
ARGUMENTS = {"classical": VAE_ARGUMENTS, "quantum": LATENTQ_ARGUMENTS}


def _description(kind: str) -> dict[str, Any]:
    digest = hashlib.sha256(WEIGHTS[kind]).hexdigest()
    facts = {"format": 1, "kind": kind, "arguments": ARGUMENTS[kind]}
    return {**facts, "sha256": digest, "notes": {"seed": 0}}


def model(files: tuple[bytes, bytes], folder: Path) -> None:
    for name, content in zip((storage.CONFIG, storage.WEIGHTS), files, strict=True):
        (folder / name).write_bytes(content)
    loaded = storage.load(folder)
    assert all(bool(torch.isfinite(v).all()) for v in loaded.state_dict().values())


def weights(content: bytes, folder: Path) -> None:
    """Weights that somebody changed, and whose sha256 they wrote into the description."""
    described = {**_description("classical"), "sha256": hashlib.sha256(content).hexdigest()}
    model((json.dumps(described).encode(), content), folder)


def empty_model(folder: Path) -> None:
    for name in (storage.CONFIG, storage.WEIGHTS):
        (folder / name).write_bytes(b"")


descriptions = st.sampled_from(sorted(WEIGHTS)).flatmap(
    lambda kind: st.tuples(changed_json(_description(kind)), st.just(WEIGHTS[kind]))
)

# --- states of unfinished trainings

FACTS = {"stage": "prior", "epoch": 1, "batch": 2, "step": 3, "config": {"seed": 0}}
STATE = checkpoints.pack({"state_dict": {"a": torch.arange(5.0)}, "epoch": 1}, FACTS)


def state(content: bytes, folder: Path) -> None:
    path = folder / checkpoints.LAST
    path.write_bytes(content)
    try:
        found = checkpoints.read(path, {"seed": 0})
        assert found.stage == "prior"
    finally:
        path.unlink()


def signed(body: bytes, folder: Path) -> None:
    """A state that somebody changed, and whose sha256 they wrote above it."""
    digest = hashlib.sha256(body).hexdigest().encode()
    state(checkpoints.MAGIC + digest + b"\n" + body, folder)


BODY = STATE[len(checkpoints.MAGIC) + checkpoints.DIGITS + 1 :]

# --- reports


def report(files: tuple[bytes, bytes, bytes], folder: Path) -> None:
    from latentq.report import comparison, images
    from latentq.report.blocks import Gallery, Image

    names = ("metrics.json", "environment.json", "config.yaml")
    for name, content in zip(names, files, strict=True):
        (folder / "runs" / "odd" / name).write_bytes(content)
    # Charts take seconds; their numbers are made anyway.
    drawn = Gallery([Image("chart")])
    with mock.patch.object(images, "chart", return_value=drawn):
        out, _ = comparison.build([folder / "runs"], folder / "report")
    try:
        page = (out / "report.html").read_text()
        assert "<script>alert" not in page
        strict = (out / "report.json").read_text()
        json.loads(strict, parse_constant=lambda name: 1 / 0)
    finally:
        shutil.rmtree(out)


def make_runs(folder: Path) -> None:
    make_run(folder / "runs" / "odd")
    make_run(folder / "runs" / "b", "classical")
    make_run(folder / "runs" / "c", "quantum", 1)


def study(files: tuple[bytes, bytes], folder: Path) -> None:
    (folder / "study.json").write_bytes(files[0])
    (folder / "jobs" / "quantum-n300-seed0" / "metrics.json").write_bytes(files[1])
    found = read_study(folder)
    assert found.jobs


def small_study(folder: Path) -> None:
    make_study(folder, {"quantum": {300: [20.0, 21.0]}, "vae": {300: [30.0, 31.0]}})


PLAN = {
    "options": {"arms": ["quantum"], "train_sizes": [300], "seeds": [0], "settings": []},
    "jobs": [{"arm": "quantum", "size": 300, "seed": 0, "state": "missing", "reason": "x"}],
    "git_commit": "feed",
}
CONFIGURATION = b"model: {kind: quantum}\nseed: 0\nimages: {lr: 0.1}\n"

# --- command lines


class Small(Settings):
    n: Count = 1
    x: Share = 1.0
    name: Name = "a"
    some: Annotated[tuple[Annotated[str, OneOf("abc")], ...], Commas("abc", once=True)] = ("a",)


option_words = st.one_of(
    st.tuples(
        st.sampled_from(["arms", "seeds", "train_sizes", "engine", "workers", "root", "settings"]),
        st.one_of(texts, st.sampled_from(["all", "0,1", "300,1000", "local", "3", "quantum,vae"])),
    ).map("=".join),
    words,
)


def study_options(given: list[str], folder: Path) -> None:
    read_options(given, Options)


def command_options(given: list[str], folder: Path) -> None:
    read_options(given, Small)


TARGETS = (
    Target("overrides, parsed", st.lists(words, max_size=4), parse, 100, 0.1),
    Target("overrides, composed", st.lists(words, min_size=1, max_size=4), compose, 15, 0.1),
    Target(
        "configurations",
        st.lists(st.tuples(keys, values), min_size=1, max_size=4),
        check,
        150,
        0.2,
    ),
    Target(
        "raw data files",
        changed_bytes(LABELS),
        raw,
        40,
        0.05,
        lambda folder: raw_folder(folder).mkdir(parents=True),
    ),
    Target(
        "answers of mirrors",
        changed_bytes(gzip.compress(LABELS, mtime=0)),
        answer,
        80,
        0.08,
    ),
    Target("descriptions of models", descriptions, model, 60, 0.12, empty_model),
    Target(
        "weights of models", changed_bytes(WEIGHTS["classical"]), weights, 60, 0.1, empty_model
    ),
    Target("states of trainings", changed_bytes(STATE), state, 60, 0.05),
    Target("signed states of trainings", changed_bytes(BODY), signed, 40, 0.04),
    Target(
        "runs in reports",
        st.tuples(
            changed_json(metrics()),
            changed_json({"packages": {"torch": "2"}, "command": "train"}),
            changed_bytes(CONFIGURATION),
        ),
        report,
        15,
        0.06,
        make_runs,
    ),
    Target(
        "jobs in studies",
        st.tuples(changed_json(PLAN), changed_json(job_metrics("quantum", 300, 0, 20.0))),
        study,
        30,
        0.04,
        small_study,
    ),
    Target(
        "options of the study",
        st.lists(option_words, max_size=4),
        study_options,
        80,
        0.03,
    ),
    Target(
        "options of commands",
        st.lists(
            words | st.tuples(st.sampled_from(sorted(Small.model_fields)), texts).map("=".join)
        ),
        command_options,
        80,
        0.03,
    ),
)
NAMES = tuple(target.name for target in TARGETS)
