"""What the live page has of the models: matrices, weights and numbers of Python, as they are."""

import base64
import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from baselines.controls import Traced
from baselines.vae import VAE
from latentq.diffusion import QuDDPM
from latentq.engine.circuits import scrambling_circuit
from latentq.errors import InputError
from latentq.models import storage
from latentq.models.hybrid import LatentQ
from latentq.quantum.states import fidelity, haar_states
from latentq.report.gallery import page, parts, vectors
from tests import oracles
from tests.command_line import ROOT, CommandLine

PRIOR: dict[str, Any] = {
    **{
        "qubits": 3,
        "steps": 2,
        "strength": [0.1, 2.0],
        "terminal": "basis",
        "terminal_strength": 1.3,
    },
    **{
        "ancillas": [2, 1],
        "layers": 3,
        "axes": ["rx", "ry"],
        "entangled": True,
        "init_scale": 3.0,
    },
    "spread": 0.3,
    **{"loss": "wasserstein", "outcomes": "score", "engine": "fused"},
}


def small(conditional: bool = False, **changes: object) -> LatentQ:
    """Three qubits, two ancillas and then one, a spread; five classes if it is conditional."""
    prior = {**PRIOR, **changes}
    model = LatentQ(2, prior, seed=1, conditional=conditional, classes=5).eval()
    with torch.no_grad():
        for weights in model.decoder.parameters():
            weights.mul_(4)  # Untrained, it would make nearly the same image of all states.
    return model


def chain_of(model: LatentQ) -> QuDDPM:
    assert isinstance(model.prior, QuDDPM)
    return model.prior


def unpack(text: str, size: int = 4) -> np.ndarray:
    """The numbers whose upper bytes a text holds."""
    content = base64.b64decode(text)
    chunks = [content[i : i + size] for i in range(0, len(content), size)]
    return np.frombuffer(b"".join(bytes(4 - size) + chunk for chunk in chunks), dtype="<f4")


def embedded(html: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="model">(.*?)</script>', html, re.S)
    assert found
    return json.loads(found[1])


# --- Numbers


@pytest.mark.parametrize(("size", "precision"), [(4, 0.0), (3, 2.0**-16)])
def test_packed_numbers_are_rounded_to_the_nearest(size: int, precision: float) -> None:
    values = torch.tensor([0.0, 1.0, -1.0, 0.1, -0.1, 1 / 3, 1.9999999, 3e-5, -123.456])

    found = unpack(parts.pack(values, size), size)

    assert np.all(np.abs(found - values.numpy()) <= precision * np.abs(values.numpy()))
    assert found[1] == 1 and found[2] == -1 and found[0] == 0


# --- Parts


def test_kraus_matrices_are_those_of_the_circuits(generator: torch.Generator) -> None:
    chain = chain_of(small())
    matrices = parts.kraus_matrices(chain)
    psi = haar_states(6, qubits=3, generator=generator)

    assert [tuple(x.shape) for x in matrices] == [(4, 8, 8), (2, 8, 8)]
    for t, run in enumerate(chain.instruments([0, 1], 6)):
        branches = torch.einsum("mij,bj->bmi", matrices[t], psi)
        assert torch.allclose(branches, run(psi), atol=1e-5)
        angles = chain.angles[t].detach().double().numpy()
        wanted = oracles.kraus(chain.circuits[t], angles, ancillas=2 - t)
        assert np.allclose(matrices[t].numpy(), wanted, atol=1e-5)


def apply_layer(layer: dict[str, Any], values: Tensor) -> Tensor:
    """A layer as the page applies it, from its description alone."""
    if layer["kind"] == "silu":
        return nn.functional.silu(values)
    weight = torch.tensor(unpack(layer["weight"], parts.SHORT))
    bias = torch.tensor(unpack(layer["bias"], parts.SHORT))
    if layer["kind"] == "linear":
        return values @ weight.view(layer["outputs"], layer["inputs"]).T + bias
    k = layer["kernelSize"]
    images = nn.functional.conv_transpose2d(
        values.view(len(values), layer["inputs"], layer["size"], layer["size"]),
        weight.view(layer["inputs"], layer["outputs"], k, k),
        bias,
        layer["stride"],
        layer["padding"],
    )
    assert images.shape[1:] == (layer["outputs"], layer["width"], layer["width"])
    return images.flatten(1)


@pytest.mark.parametrize(
    ("decoder", "inputs"),
    [(small().decoder, 64), (VAE(2, latent=16, lift=9).decoder, 16)],
    ids=["quantum", "vae"],
)
def test_layers_make_the_decoder(
    decoder: nn.Module, inputs: int, generator: torch.Generator
) -> None:
    values = torch.randn(4, inputs, generator=generator)
    found = values
    for layer in parts.layers_of(decoder):
        found = apply_layer(layer, found)

    wanted = decoder(values).flatten(1)
    assert (found - wanted).abs().max() < 1e-3 * wanted.std()


# --- What the page checks itself with


def scrambled(start: int, numbers: np.ndarray, strength: float) -> np.ndarray:
    """A start, scrambled by Kronecker products."""
    local = (2 * numbers[:9] - 1) * math.pi / 8
    shared = (0.4 + 0.2 * numbers[9:]) / (2 * math.sqrt(3))
    circuit = scrambling_circuit(3)
    return oracles.unitary(circuit, strength * np.concatenate([local, shared]))[:, start]


@pytest.mark.parametrize("conditional", [False, True])
def test_the_numbers_of_a_seed_decide_its_states(conditional: bool) -> None:
    model = small(conditional)
    found = vectors.chain_vectors(model, n=6, seed=3)
    angles = unpack(found["angles"]).reshape(6, 10)
    uniforms = unpack(found["uniforms"]).reshape(2, 6)
    states = unpack(found["states"]).reshape(3, 6, 8, 2) @ np.array([1, 1j])
    kraus = [matrices.numpy() for matrices in parts.kraus_matrices(chain_of(model))]
    turns = unpack(found["turns"]).reshape(6, 8, 8, 2) @ np.array([1, 1j])

    outcomes = set()
    for i, start in enumerate(found["starts"]):
        psi = scrambled(start, angles[i], strength=1.3)
        assert np.allclose(states[0, i], psi, atol=1e-5)
        for done, t in enumerate((1, 0)):
            branches = kraus[t] @ psi
            chances = (np.abs(branches) ** 2).sum(axis=1)
            outcome = int(np.searchsorted(chances.cumsum(), uniforms[done, i], side="right"))
            psi = branches[outcome] / math.sqrt(chances[outcome])
            if t == 0:
                half = 0.5j * 0.3 * (turns[i] + turns[i].conj().T) / math.sqrt(2 * 8)
                psi = np.linalg.inv(np.eye(8) - half) @ (np.eye(8) + half) @ psi
            assert np.allclose(states[1 + done, i], psi, atol=1e-5)
            outcomes.add(outcome)
    assert len(outcomes) > 2 and max(found["starts"]) < (5 if conditional else 8)


def test_the_page_has_the_numbers_of_the_model() -> None:
    model, baseline = small(True), VAE(2, latent=16, lift=9)
    facts = {**page.label_facts("quantum"), **page.model_facts(model, "small")}
    other = {**page.label_facts("classical"), **page.baseline_facts(baseline)}
    html = page.render({**facts, "name": "</script><b>", "baseline": other})
    found = embedded(html)

    assert "</script><b>" not in html and found["name"] == "</script><b>"
    sizes = [found[k] for k in ("qubits", "steps", "outcomes", "strength", "classes")]
    assert sizes == [3, 2, [4, 2], 1.3, 5]
    psi = torch.tensor(unpack(found["check"]["states"])).view(3, 5, 8, 2)
    wanted = model.sample_chain(5, seed=0)
    assert torch.allclose(fidelity(torch.view_as_complex(psi), wanted), torch.ones(3, 5))
    images = unpack(found["check"]["images"]).reshape(5, 1, 28, 28)
    assert np.allclose(images, model.sample(5, seed=0).numpy(), atol=1e-6)
    digits = unpack(found["baseline"]["check"]["images"]).reshape(5, 1, 28, 28)
    assert np.allclose(digits, baseline.sample(5, seed=0).numpy(), atol=1e-6)


@pytest.mark.parametrize(
    ("spread", "ancillas", "matrices"), [(0.3, [2, 1], "2 or 4"), (0.0, [2, 2], "4")]
)
def test_the_page_tells_of_the_turn_if_there_is_one(
    spread: float, ancillas: list[int], matrices: str
) -> None:
    model = small(spread=spread, ancillas=ancillas)
    facts = {**page.label_facts("quantum"), **page.model_facts(model, "small")}
    other = {**page.label_facts("classical"), **page.baseline_facts(VAE(2, latent=16, lift=9))}
    html = page.render({**facts, "baseline": other})
    text = html.partition("<script")[0]

    assert embedded(html)["spread"] == spread and f"which of {matrices} matrices" in text
    assert ("a random unitary near the identity" in text) is (spread > 0)
    assert ("the last turn, which is left out here" in text) is (spread > 0)


def test_the_page_asks_for_nothing_from_outside() -> None:
    text = "\n".join(path.read_text() for path in page.HERE.iterdir() if path.is_file())
    addresses = {*re.findall(r"\bhttps?://[^\s\"']+", text)}

    assert addresses == {"http://www.w3.org/2000/svg"}  # The name of a language, no address.
    assert not re.search(r"\beval\(|new Function|innerHTML|\bimport\(|fetch\(", text)
    assert "</script" not in page.script()


def test_the_shipped_page_is_of_this_code_and_this_model() -> None:
    html = (ROOT / "docs" / "gallery.html").read_text()
    found = embedded(html)

    assert page.script() in html and (page.HERE / "page.css").read_text() in html, (
        "run: latentq gallery out=docs/gallery.html"
    )
    assert found["sha256"] == storage.describe("quantum")[1]["sha256"]
    assert found["baseline"]["sha256"] == storage.describe("classical")[1]["sha256"]
    assert len(html.encode()) < 3e6


# --- What is refused


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (VAE(2), "whose circuits measure ancillas, was here, a VAE"),
        (Traced(2, PRIOR), "whose circuits measure ancillas, was here, a Traced"),
        (small(terminal="haar"), "must start in basis states, .*, was here, with haar"),
        (small(qubits=1), "must have at least 2 qubits"),
    ],
    ids=["vae", "traced", "haar", "one qubit"],
)
def test_models_that_the_page_cannot_run_are_refused(model: nn.Module, message: str) -> None:
    with pytest.raises(InputError, match=message):
        page.model_facts(model, "here")


def test_a_decoder_with_another_layer_is_refused() -> None:
    model = small()
    model.decoder = nn.Sequential(nn.Linear(64, 4), nn.Tanh())
    with pytest.raises(InputError, match="had a Tanh"):
        page.model_facts(model, "here")


@pytest.mark.parametrize(
    ("baseline", "message"),
    [(VAE(2, latent=8), "a multiple of 16 latents, had 8"), (small(), "must be a VAE")],
)
def test_a_baseline_that_the_page_cannot_draw_is_refused(
    baseline: nn.Module, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        page.baseline_facts(baseline)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["out=page.htm"], "out: must be a .html file in a folder that exists, was page.htm"),
        (["out=nowhere/page.html"], "out: must be a .html file in a folder that exists"),
        (["checkpoint=classical"], "checkpoint: must be a quantum model .*, was classical, a VAE"),
        (["checkpoint=quantm"], "checkpoint: must be a folder .* .did you mean quantum..$"),
        (["chekpoint=quantum"], "chekpoint: there is no such option .did you mean checkpoint..$"),
    ],
)
def test_bad_input_is_told_in_one_line(line: CommandLine, words: list[str], message: str) -> None:
    done = line.latentq("gallery", *words)

    assert done.code == 2 and not done.out and [*line.folder.iterdir()] == []
    assert len(done.mistakes) == 1 and re.match(message, done.mistakes[0])


def test_the_shipped_vae_is_needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(page, "BASELINE", tmp_path / "classical")
    with pytest.raises(InputError, match=r"must be a folder with config\.json"):
        page.build("quantum")
