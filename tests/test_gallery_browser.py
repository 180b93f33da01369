"""The live page in a real browser: the same numbers as in Python, usable by keyboard alone."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from baselines.vae import VAE
from latentq.models import storage
from latentq.models.hybrid import LatentQ
from latentq.quantum.states import normalize
from latentq.report.gallery import page, parts, vectors
from tests.browser import CHROMIUM, Page, browser
from tests.test_gallery import chain_of, embedded, small

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")

CHECKED = """new Promise((done) => {
  const look = () => /has checked itself/.test(document.getElementById("check").textContent)
    && document.getElementById("command").textContent ? done() : setTimeout(look, 20);
  look();
})"""
DONE = """new Promise((done, fail) => {
  setTimeout(() => fail("the chain stands still"), 20000);
  const look = () => /The digit is done/.test(document.getElementById("status").textContent)
    ? done() : setTimeout(look, 20);
  look();
})"""
SEED = "var seed = document.getElementById('seed')"
TEXT = "document.getElementById({!r}).textContent"
ENTER, TAB = ("Enter", 13, "\r"), ("Tab", 9)
NAMELESS = """[...document.querySelectorAll(
  "button, input, canvas[role], svg[role]"
)].filter((e) =>
  !(e.textContent.trim() || e.ariaLabel || (e.labels && e.labels[0].textContent.trim()))
).map((e) => e.outerHTML)"""
PIXELS = """(() => {
  const canvas = document.getElementById("image");
  const data = canvas.getContext("2d").getImageData(0, 0, 28, 28).data;
  return [...data].filter((_, i) => i % 4 === 0);
})()"""


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("profile")) as found:
        found.send("Emulation.setEmulatedMedia", features=[motion("reduce")])
        yield found


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "gallery.html"
    path.write_text(page.build("quantum"))
    return path


@pytest.fixture
def whole(tab: Page, shipped: Path) -> Page:
    """The page of the shipped model, which takes a second to open, at the start of seed 0."""
    if tab.run("location.href") != shipped.as_uri():
        open_checked(tab, shipped)
    tab.run(f"{SEED}; seed.value = 0; seed.dispatchEvent(new Event('change'))")
    return tab


@pytest.fixture
def little(tab: Page, tmp_path: Path) -> Page:
    """The page of a small model, opened anew."""
    open_checked(tab, model_page(tmp_path / "little.html", small()))
    return tab


def motion(value: str) -> dict[str, str]:
    return {"name": "prefers-reduced-motion", "value": value}


def open_checked(tab: Page, path: Path) -> None:
    tab.open(path)
    tab.run(CHECKED)


def model_page(path: Path, model: LatentQ, **changes: Any) -> Path:  # noqa: ANN401
    facts = {**page.label_facts("quantum"), **page.model_facts(model, "small"), **changes}
    baseline = {**page.label_facts("classical"), **page.baseline_facts(VAE(2, 16, 9))}
    path.write_text(page.render({**facts, "baseline": baseline}))
    return path


def image_gap(tab: Page, images: torch.Tensor) -> float:
    """The largest difference of a pixel on the page from an image of Python."""
    found = torch.tensor(tab.run(PIXELS)) / 255
    return float((found - images.detach().flatten()).abs().max())


def test_the_browser_has_the_numbers_of_python(whole: Page) -> None:
    gaps = whole.run("window.selfCheck()")

    assert {*gaps} >= {"draws", "turns", "states", "entropies", "mutual", "wigner", "images"}
    assert max(gaps.values()) < 1e-4 and gaps["draws"] == 0, gaps
    assert "agree with those of Python" in whole.run(TEXT.format("check"))
    assert whole.complaints() == []


@pytest.mark.parametrize("width", [400, 1280])
def test_everything_has_a_name_and_fits(whole: Page, width: int) -> None:
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    whole.send("Emulation.setDeviceMetricsOverride", **size)

    assert whole.run(NAMELESS) == []
    assert whole.run("document.documentElement.scrollWidth") <= width


def test_a_digit_forms_by_keyboard_as_in_python(whole: Page) -> None:
    whole.run("document.getElementById('measure').children[0].focus()")
    for _ in range(6):  # One more than there are steps: nothing may happen.
        whole.press(*ENTER)

    model = storage.load("quantum")
    assert isinstance(model, LatentQ)
    assert image_gap(whole, model.sample(1, seed=0)) < 1 / 255
    assert "The digit is done" in whole.run(TEXT.format("status"))
    assert whole.run("document.activeElement.textContent") == "Measure"
    whole.press(*TAB)
    assert whole.run("document.activeElement.textContent") == "Force 0"


@pytest.mark.parametrize("spread", [0.0, 0.3])
@pytest.mark.parametrize("conditional", [False, True])
def test_a_model_of_other_sizes_agrees_too(
    tab: Page, tmp_path: Path, conditional: bool, spread: float
) -> None:
    open_checked(tab, model_page(tmp_path / "small.html", small(conditional, spread=spread)))
    gaps = tab.run("window.selfCheck()")

    assert max(gaps.values()) < 1e-4, gaps
    count = tab.run("document.getElementById('starts').children.length")
    assert count == (5 if conditional else 8)
    assert tab.complaints() == []


DIFFERENT = {
    "uniforms": {"draws", "states", "images"},
    "angles": {"draws", "states"},
    "turns": {"turns", "states", "images"},
    **{part: {part} for part in ("states", "entropies", "mutual", "wigner", "images")},
}


def test_the_check_finds_numbers_that_differ(little: Page) -> None:
    wanted, other = (vectors.chain_vectors(small(), seed=seed) for seed in (5, 6))
    right = little.run(f"window.selfCheck({json.dumps(wanted)})")

    assert max(right.values()) < 1e-4, right
    for part, kinds in DIFFERENT.items():
        gaps = little.run(f"window.selfCheck({json.dumps({**wanted, part: other[part]})})")
        assert {kind for kind, gap in gaps.items() if gap > 1e-3} >= kinds, (part, gaps)


def test_a_forced_outcome_has_its_branch_and_its_probability(little: Page) -> None:
    model = small()
    uniforms = vectors.drawn_numbers(model, 1, 0)[2]
    (run,) = model.prior.instruments([1], 1)
    branches = run(model.sample_chain(1, seed=0)[0])[0]
    chances = branches.abs().square().sum(dim=-1)
    drawn = int((chances.cumsum(0) <= uniforms[0]).sum())
    other = (drawn + 1) % 4
    little.run(f"document.getElementById('measure').children[{1 + other}].click()")

    status = little.run(TEXT.format("status"))
    assert status.startswith(f"You forced outcome {other}, which had probability ")
    assert f"{chances[other]:.2g}" in status
    assert (
        image_gap(little, model.decode(branches[other : other + 1] / chances[other].sqrt()))
        < 1 / 255
    )
    little.run("document.getElementById('back').click()")
    little.run("document.getElementById('measure').children[0].click()")
    assert little.run(TEXT.format("status")).startswith(f"The measurement gave {drawn}, which")


def test_a_forced_last_outcome_is_turned_as_the_drawn_one(little: Page) -> None:
    model, visible = small(), "document.querySelectorAll('#measure button:not([hidden])').length"
    assert little.run(visible) == 1 + 2
    little.run("document.getElementById('measure').children[0].click()")
    assert little.run(visible) == 1 + 4
    little.run("document.getElementById('measure').children[4].click()")  # It forces outcome 3.

    (run,) = model.prior.instruments([0], 1)
    branch = normalize(run(model.sample_chain(1, seed=0)[1])[:, 3])
    (g,) = vectors.drawn_numbers(model, 1, 0)[3]
    values, basis = torch.linalg.eigh((g + g.mH) / 4)
    phases = (1 + 0.15j * values) / (1 - 0.15j * values)
    state = basis @ (phases * (basis.mH @ branch[0]))
    assert image_gap(little, model.decode(state[None])) < 1 / 255
    assert image_gap(little, model.decode(branch)) > 2 / 255


def test_a_button_that_goes_hands_on_the_focus(tab: Page, tmp_path: Path) -> None:
    open_checked(tab, model_page(tmp_path / "fewer.html", small(ancillas=[1, 2])))
    tab.run("document.getElementById('measure').children[4].focus()")
    tab.press(*ENTER)

    assert "You forced outcome 3" in tab.run(TEXT.format("status"))
    assert tab.run("document.activeElement.textContent") == "Measure"


ENDINGS = """new Promise((done) => {
  const endings = document.getElementById("endings");
  const look = () => endings.children.length ? done() : setTimeout(look, 20);
  look();
})"""
HISTORIES = "[...document.getElementById('endings').children].map((item) => item.textContent)"


def test_the_most_probable_endings_are_shown(tab: Page, tmp_path: Path) -> None:
    model = small(ancillas=3)
    open_checked(tab, model_page(tmp_path / "endings.html", model))
    tab.run(ENDINGS)
    last, first = parts.kraus_matrices(chain_of(model))
    psi = model.sample_chain(1, seed=0)[0, 0]
    branches = torch.einsum("bij,ajk,k->abi", last, first, psi)
    ranked = branches.abs().square().sum(dim=-1).flatten().sort(descending=True)

    histories = [f"{i // 8}{i % 8}" for i in ranked.indices[:32].tolist()]
    assert tab.run(HISTORIES) == histories
    assert tab.run(TEXT.format("endings-caption")) == (
        "2 measurements can end in 64 ways. The 32 most probable are shown, which together have "
        f"probability {ranked.values[:32].sum():.2f}. The most probable, {histories[0]}, has "
        f"{ranked.values[0]:#.2g}."
    )


def test_few_endings_are_all_shown(little: Page) -> None:
    little.run(ENDINGS)

    assert len(little.run(HISTORIES)) == 8
    assert "can end in 8 ways. The most" in little.run(TEXT.format("endings-caption"))


def test_a_chosen_seed_and_start_are_those_of_python(little: Page) -> None:
    little.run(f"""
      {SEED}; seed.value = 2 ** 32 - 1; seed.dispatchEvent(new Event("change"));
      document.querySelectorAll("#starts input")[6].click();
      document.getElementById("run").click();
    """)
    model = small()
    generator = model.generator(2**32 - 1)
    states = model.prior.sample_chain(1, generator, start=torch.tensor([6]))

    assert image_gap(little, model.decode(states[-1])) < 1 / 255
    little.run(f"{SEED}; seed.value = -1; seed.dispatchEvent(new Event('change'))")
    assert little.run(TEXT.format("seed-help")).startswith("The seed must be a whole number from")
    assert little.run("document.getElementById('seed').ariaInvalid") == "true"


def test_without_reduced_motion_the_chain_can_be_watched(little: Page) -> None:
    little.send("Emulation.setEmulatedMedia", features=[motion("no-preference")])
    try:
        little.run("document.getElementById('run').click()")
        assert "This is S1" in little.run(TEXT.format("status"))
        little.run("document.querySelectorAll('#starts input')[6].click()")  # It stops the run.
        little.run("new Promise((done) => setTimeout(done, 900))")
        assert little.run(TEXT.format("status")).endswith("this is S2.")
        little.run("document.getElementById('run').click()")
        little.run(DONE)
    finally:
        little.send("Emulation.setEmulatedMedia", features=[motion("reduce")])


def test_a_wrong_matrix_is_found(tab: Page, tmp_path: Path) -> None:
    model = small()
    other = copy.deepcopy(model)
    with torch.no_grad():
        chain_of(other).angles[0][0] += 0.01
    kraus = page.model_facts(other, "other")["kraus"]
    path = model_page(tmp_path / "wrong.html", model, kraus=kraus)
    open_checked(tab, path)

    assert embedded(path.read_text())["kraus"] == kraus
    assert "do not trust it" in tab.run(TEXT.format("check"))
