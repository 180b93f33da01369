from copy import deepcopy

import pytest
from hydra.core.config_store import ConfigStore
from hypothesis import given, settings
from hypothesis import strategies as st

from latentq.config import registry
from latentq.config.compose import check_command_line, load_config, split_arguments
from latentq.config.config import (
    arguments_of,
    check_arguments,
    check_training_images,
    leaves,
    validate,
)
from latentq.config.fields import fields
from latentq.config.overrides import expand_sweep
from latentq.config.schema.data import SOURCES, Source
from latentq.errors import InputError
from tests.command_line import CommandLine

KINDS = registry.names()
MISTAKES = [
    (["model=quantm"], "did you mean quantum"),
    (["data=mnst"], "did you mean mnist"),
    (["images.lrr=0.1"], "did you mean images.lr"),
    (["images.epochs=abc"], "images.epochs: must be an integer"),
    (["images.lr=nan"], "images.lr: must be a number"),
    (["images.lr=-1"], "above 0"),
    (["images.batch_size=0"], "at least 1"),
    (["seed=-1"], "seed: must be an integer, at least 0"),
    (["seed=1.5"], "seed"),
    (["seed=true"], "seed"),
    (["loss=mmd"], "did you mean mmdk"),
    (["model=classical", "loss=mmd1"], "this model has no such key"),
    (["prior.axes=[rx,rq]"], "one of rx, ry, rz"),
    (["prior.axes=[]"], "prior.axes: must be a list of 1 to 9, each one of rx, ry, rz, was []"),
    (["prior.strength=[1]"], "must be a list of 2 or 5 numbers, was [1]"),
    (["prior.strength=[1,2,3]"], "must be a list of 2 or 5 numbers"),
    (
        ["prior.terminal=haar", "denoising.cells=false", "prior.ancillas=0"],
        "prior.ancillas: must be at least 1 where prior.terminal=haar",
    ),
    (
        ["model=traced", "prior.terminal=haar", "denoising.cells=false", "prior.ancillas=0"],
        "prior.ancillas: must be at least 1 where prior.terminal=haar",
    ),
    (["outcomes=exact", "prior.ancillas=2"], "particles"),
    (["prior.qubits=5", "model.coordinates=local"], "model.coordinates: local needs prior.qubits"),
    (["model=near_term", "denoising.cells=false"], "denoising.cells: must be true where model"),
    (["model=near_term", "prior.layers=[1,2]"], "prior.layers: must be one number or 5"),
    (["model=near_term", "prior.gate_error=1.1"], "prior.gate_error: must be a number"),
    (
        ["prior.terminal=haar", "denoising.cells=true"],
        "denoising.cells: needs prior.terminal=basis or product, was haar",
    ),
    (["denoising.cells=false", "model.conditional=true", "prior.qubits=3"], "10 classes"),
    (
        ["model.conditional=true", "data.limit=5"],
        "model.conditional: needs at least 10 training images, there are 5 of them",
    ),
    (["model=classical", "model.conditional=true", "data.limit=5"], "model.conditional: needs"),
    (
        ["model=latent_diffusion", "prior.cells=true", "data.limit=5"],
        "prior.cells: needs at least 16 training images, there are 5 of them",
    ),
    (
        ["denoising.input_batch_size=15", "denoising.cells=true"],
        "denoising.input_batch_size: must be at least 16 where denoising.cells=true, one for each",
    ),
    (
        ["model.conditional=true", "denoising.target_batch_size=9"],
        "denoising.target_batch_size: must be at least 10 where model.conditional=true",
    ),
    (["model=traced", "loss=mmdk"], "loss: must be wasserstein where ancillas are traced out"),
    (["model=mixture", "prior.components=0"], "prior.components: must be an integer, at least 1"),
    (["model=ensemble", "prior.ensemble=har"], "did you mean haar"),
    (["model=latent_diffusion", "loss=mmdk"], "loss: this model has no such key"),
    (["autoencoder="], "autoencoder: must be a path or null"),
    (
        ["prior.layers=[5,4,3,2,1,1]"],
        "prior.layers: must be one number or a list of 1 to 5, as prior.steps=5, was [5, 4, 3",
    ),
    (
        ["prior.ancillas=[1,5]"],
        "prior.ancillas.1: must be an integer, at least 0",
    ),
    (["prior.layers=[5,4,3,2,0]"], "prior.layers.4: must be an integer, at least 1"),
    (["prior.layers=[]"], "prior.layers: must be one number or a list of 1 to 5"),
    (["prior.layers=[[1],2,3,4,5]"], "prior.layers.0: must be an integer, at least 1"),
    (["~prior.layers"], "prior.layers: must be given"),
    (["model.kind=classical"], "model=classical"),
    (["prior=3"], "prior: must be a section with keys, was 3"),
    (["device=tpu"], "auto, cpu, cuda"),
    (["foo"], "key=value"),
    (["seed=[1"], "seed=[1"),
    (["+x=1"], "x: there is no such key"),
]


@pytest.mark.parametrize(("overrides", "message"), MISTAKES)
def test_mistakes_are_named(overrides: list[str], message: str) -> None:
    with pytest.raises(InputError) as error:
        load_config(overrides)

    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_conditional_model_has_no_cells_to_fill() -> None:
    load_config(["model.conditional=true", "data.limit=12", "denoising.start_batch_size=10"])


@pytest.mark.parametrize(
    ("overrides", "counts", "message"),
    [
        (
            ["model=quantum", "model.conditional=true"],
            [3, 0, 2, 9, 0, 9, 9, 9, 9, 9],
            "model.conditional: needs training images of all 10 classes, 2 of them have none "
            "(1, 4); raise data.limit, or set it to false",
        ),
        (["model=classical", "model.conditional=true"], [5] * 9 + [0], "1 of them have none (9)"),
        (
            ["model=quantum", "denoising.cells=true"],
            [2] * 7 + [0] * 3,
            "denoising.cells: needs at least 16",
        ),
        (
            ["model=latent_diffusion", "prior.cells=true"],
            [1] * 10,
            "prior.cells: needs at least 16 training images, there are 10 of them",
        ),
        (["model=mixture"], [9] + [0] * 9, "prior.components: needs at least 10"),
        (["model=codebook"], [9] * 10, "prior.centres: needs at least 130"),
    ],
)
def test_images_that_are_too_few_are_named(
    overrides: list[str], counts: list[int], message: str
) -> None:
    """Of data whose size no configuration says."""
    config = load_config([*overrides, "data=digits"])
    check_training_images(config, [200] * 10)
    with pytest.raises(InputError) as error:
        check_training_images(config, counts)

    assert message in str(error.value)


def keys_of(model: str) -> list[str]:
    return [key for key, _ in fields(registry.find(model).settings)]


@pytest.mark.parametrize("model", KINDS)
@pytest.mark.parametrize("name", ["train", "debug"])
def test_every_model_has_a_valid_configuration_of_all_its_keys(model: str, name: str) -> None:
    config = load_config([f"model={model}"], name)
    lists = ("axes", "strength", "ancillas", "layers", "init_scale", "branches", "effects")
    values = dict(leaves(config))

    assert config["model"]["kind"] == model
    keys = [f"prior.{key}" for key in lists]
    found = {next((key for key in keys if leaf.startswith(key)), leaf) for leaf in values}
    assert found == {*keys_of(model)}
    small = {"images.epochs": 1, "data.limit": 512, "denoising.iterations_per_epoch": 4}
    set_here = [values[key] == value for key, value in small.items() if key in values]
    assert all(set_here) if name == "debug" else not any(set_here)


def test_layers_may_differ_from_step_to_step() -> None:
    config = load_config(["prior.layers=[5,4,3,2,1]"])

    assert config["prior"]["layers"] == [5, 4, 3, 2, 1]


def test_all_mistakes_are_listed_together() -> None:
    with pytest.raises(InputError) as error:
        load_config(["images.lr=-1", "seed=-1"])

    assert "images.lr" in str(error.value)
    assert "seed" in str(error.value)


def test_sweeps_are_checked_in_every_combination() -> None:
    assert expand_sweep(["model=quantum,classical", "seed=0,1"]) == [
        ["model=quantum", "seed=0"],
        ["model=quantum", "seed=1"],
        ["model=classical", "seed=0"],
        ["model=classical", "seed=1"],
    ]
    check_command_line(["-m", "model=quantum,classical", "seed=0,1"])
    with pytest.raises(InputError, match="seed"):
        check_command_line(["-m", "model=quantum,classical", "seed=0,-1"])


def test_flags_are_not_overrides() -> None:
    words = ["--config-name", "debug", "seed=1", "--cfg", "job", "-m"]

    assert split_arguments(words) == (["seed=1"], "debug")
    assert split_arguments(["--config-name=debug", "typo"]) == (["typo"], "debug")


QUANTUM = load_config(["model=quantum"])


@settings(max_examples=200, deadline=None)
@given(
    key=st.sampled_from(keys_of("quantum")),
    value=st.one_of(st.integers(), st.floats(), st.text(max_size=5), st.booleans(), st.none()),
)
def test_values_are_accepted_or_named(key: str, value: object) -> None:
    config = deepcopy(QUANTUM)
    section, _, leaf = key.rpartition(".")
    target = config
    for part in section.split(".") if section else []:
        target = target[part]
    target[leaf] = value

    complaint = ""
    try:
        validate(config)
    except InputError as error:
        complaint = str(error)

    assert complaint.count("\n") == 0
    assert not complaint or any(name in complaint for name in (key, "model=", "particles"))


@pytest.mark.parametrize("value", [[], [None], [[3]], {}, {"a": 1}])
@pytest.mark.parametrize(
    "key", ["denoising.input_batch_size", "denoising.start_batch_size", "data.validation"]
)
def test_a_list_in_the_place_of_a_number_is_a_mistake(key: str, value: object) -> None:
    """It has no entry that is wrong by itself, and must not be compared with numbers either."""
    config = deepcopy(QUANTUM)
    section, name = key.split(".")
    config[section][name], config["model"] = value, -86

    with pytest.raises(InputError):
        validate(config)


@pytest.mark.parametrize("model", KINDS)
def test_the_arguments_of_a_model_pass_the_check_of_a_saved_one(model: str) -> None:
    arguments = arguments_of(load_config([f"model={model}"]))
    check_arguments(model, arguments)

    for wrong in ({"channels": 10**9}, {"channels": 2, "zzz": 1}, {"channels": True}):
        with pytest.raises(InputError):
            check_arguments(model, {**arguments, **wrong})


def test_arguments_lie_where_the_classes_want_them() -> None:
    found = {model: arguments_of(load_config([f"model={model}"])) for model in KINDS}

    assert found["features"] == {"channels": 16}
    assert found["ensemble"] == {
        **{"channels": 16, "latent_noise": 0.15, "qubits": 4, "ensemble": "haar"},
        **{"terminal_strength": 1.5, "seed": 0},
    }
    assert found["latent_diffusion"] == {
        **{"channels": 16, "latent_noise": 0.15, "qubits": 4, "seed": 0},
        "prior": {"steps": 5, "width": 39, "depth": 2, "cells": False, "spread": 0.0},
    }
    assert {"loss", "outcomes", "engine", "qubits"} <= {*found["quantum"]["prior"]}
    assert {*found["perceptrons"]["prior"]} == {
        *("qubits", "steps", "strength", "terminal", "terminal_strength", "width", "loss"),
        *("shared", "spread"),
    }


def test_what_arguments_do_not_say_is_no_mistake() -> None:
    """By default there are cells, which need another terminal ensemble; nobody asked for them."""
    check_arguments("quantum", {"channels": 2, "prior": {"terminal": "haar", "ancillas": 1}})
    with pytest.raises(InputError, match=r"prior\.ancillas: must be at least 1 where prior.term"):
        check_arguments("quantum", {"channels": 2, "prior": {"terminal": "haar", "ancillas": 0}})


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (11, "classes: must be an integer, at least 1 and at most 10, was 11"),
        (True, "classes: must be an integer"),
        ("3", "classes: must be an integer"),
        (9, "needs a basis state for each of 9 classes, prior.qubits=3 has 8"),
    ],
)
def test_the_number_of_classes_is_checked(classes: object, message: str) -> None:
    arguments = {"channels": 2, "conditional": True, "prior": {"qubits": 3}}
    check_arguments("quantum", {**arguments, "classes": 8})

    with pytest.raises(InputError, match=message):
        check_arguments("quantum", {**arguments, "classes": classes})


@pytest.mark.parametrize("model", ["quantum", "codebook", "features"])
def test_the_help_lists_every_key(model: str, line: CommandLine) -> None:
    done = line.train(f"model={model}", "--help")

    told = " ".join(done.out.split())
    assert done.code == 0 and f"model={model}." in told
    assert all(len(row) < 100 for row in done.out.splitlines())
    for key, field in fields(registry.find(model).settings):
        assert key == "model.kind" or f"\n  {key}=" in done.out
        assert key == "model.kind" or (field.description and field.description in told), key
    assert all(name in done.out for name in KINDS)


def test_a_key_that_is_taken_away_is_missed() -> None:
    with pytest.raises(InputError, match=r"^prior.layers: must be given$"):
        load_config(["~prior.layers"])


def test_a_source_of_images_is_one_line_of_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SOURCES, "made", Source("made up", "checkpoints/features", 500))

    config = load_config(["data=made", "data.validation=100"])
    assert config["data"]["name"] == "made"
    assert config["metrics"]["features"] == "checkpoints/features"
    with pytest.raises(InputError, match=r"data.limit: must be from 1 to 400 where"):
        load_config(["data=made", "data.validation=100", "data.limit=401"])


def test_hydra_is_given_back_as_it_was() -> None:
    before = ConfigStore.instance().repo
    load_config(["model=classical"])

    assert ConfigStore.instance().repo is before
    assert not {"train.yaml", "model"} & {*before}
