"""The page itself: what is embedded of the models, and the scripts that run them, in one file."""

import base64
import hashlib
from pathlib import Path
from typing import Any

import jinja2
import torch
from markupsafe import Markup
from torch import nn

from latentq.errors import InputError
from latentq.models.generative import GenerativeModel
from latentq.models.storage import describe, load
from latentq.paths import CHECKPOINTS
from latentq.report.gallery.parts import (
    check_model,
    kraus_matrices,
    layers_of,
    pack,
)
from latentq.report.gallery.vectors import baseline_vectors, chain_vectors

HERE = Path(__file__).parent
SCRIPTS = ("numbers", "algebra", "chain", "decoder", "pictures", "check", "bench", "page")
BASELINE = CHECKPOINTS / "classical"


def model_facts(model: nn.Module, name: str) -> dict[str, Any]:
    """Returns what the page needs of the quantum model, and what it checks itself with.

    Raises:
        InputError: If the page cannot run it, see :func:`check_model`.
    """
    found, chain, process = check_model(model, name)
    kraus = kraus_matrices(chain)
    return {
        "qubits": process.qubits,
        "steps": process.steps,
        "outcomes": [len(matrices) for matrices in kraus],
        "strength": process.terminal_strength,
        "spread": chain.spread,
        "classes": found.classes if found.conditional else 0,
        "kraus": pack(torch.view_as_real(torch.cat(kraus))),
        "layers": layers_of(found.decoder),
        "check": chain_vectors(found),
    }


def baseline_facts(baseline: nn.Module) -> dict[str, Any]:
    """Returns what the page needs of the VAE.

    Raises:
        InputError: If it is none, or one whose latents the page cannot draw.
    """
    latent = getattr(baseline, "latent", 0)
    if not isinstance(baseline, GenerativeModel) or baseline.conditional or not latent:
        raise InputError(f"{BASELINE.name}: must be a VAE without classes, was {type(baseline)}")
    if latent % 16:
        raise InputError(f"{BASELINE.name}: must have a multiple of 16 latents, had {latent}")
    return {
        "latent": latent,
        "layers": layers_of(baseline.decoder),
        "check": baseline_vectors(baseline, latent),
    }


def label_facts(name: str | Path) -> dict[str, Any]:
    """Returns what the page says of where a model comes from."""
    folder, description = describe(name)
    notes = description["notes"]
    return {
        "name": folder.name if folder.resolve().parent == CHECKPOINTS else str(name),
        "sha256": description["sha256"],
        "data": notes.get("data", {}).get("name"),
        "fid": notes.get("fid"),
        "commit": notes.get("git_commit"),
    }


def build(checkpoint: str) -> str:
    """Returns the page of a model, with the shipped VAE beside it.

    Arguments:
        checkpoint: The folder of the model, or its name.

    Raises:
        InputError: If there is no such model, or the page cannot run it.
    """
    facts = {**label_facts(checkpoint), **model_facts(load(checkpoint), checkpoint)}
    baseline = {**label_facts(BASELINE), **baseline_facts(load(BASELINE))}
    return render({**facts, "baseline": baseline})


def script() -> str:
    """Returns the scripts of the page as one, in which nothing is global but `selfCheck`."""
    texts = [(HERE / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS]
    return "\n".join(['"use strict";', "(() => {", *texts, "})();", ""])


def render(facts: dict[str, Any]) -> str:
    """Writes the page as one HTML file that asks for nothing from outside."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    text = script()
    return environment.get_template("page.html.j2").render(
        model=facts,
        script=Markup(text),
        style=Markup((HERE / "page.css").read_text(encoding="utf-8")),
        digest=base64.b64encode(hashlib.sha256(text.encode()).digest()).decode(),
    )
