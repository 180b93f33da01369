"""Bars and pictures where there is a notebook; here its kernel is one that notes what it shows."""

import math
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgba

from latentq.config import progress
from latentq.config.progress import bar, in_notebook
from latentq.diffusion import ForwardProcess, QuDDPM
from latentq.diffusion.fit import fit
from latentq.quantum.states import haar_states
from latentq.randomness import derive_generator
from latentq.report.plots import (
    Curve,
    Figure,
    chain_figure,
    figure_bytes,
    history_chart,
    samples_figure,
    training_chart,
)
from latentq.training import callbacks, stages

STATES = haar_states(20, qubits=1, generator=derive_generator(0, "states"))


class Kernel(ModuleType):
    """IPython in a notebook, which keeps what it shows."""

    def __init__(self) -> None:
        super().__init__("IPython")
        self.kernel, self.shown = True, list[dict[str, str]]()

    def get_ipython(self) -> "Kernel":
        return self

    def display(self, content: dict[str, str], *, raw: bool, display_id: bool) -> "Kernel":
        assert raw and display_id
        self.shown.append(content)
        return self

    def update(self, content: dict[str, str], *, raw: bool) -> None:
        assert raw
        self.shown.append(content)

    @property
    def texts(self) -> list[str]:
        return [content["text/plain"] for content in self.shown]


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    made = Kernel()
    monkeypatch.setitem(sys.modules, "IPython", made)
    monkeypatch.setitem(sys.modules, "IPython.display", made)
    monkeypatch.setattr(progress, "PAUSE_SECONDS", 0.0)
    return made


def test_a_notebook_is_a_kernel_and_not_a_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert not in_notebook()
    for shell in (None, SimpleNamespace()):  # A script that imports IPython, and its shell.
        module = SimpleNamespace(get_ipython=lambda shell=shell: shell)
        monkeypatch.setitem(sys.modules, "IPython", module)
        assert not in_notebook()


def test_a_bar_in_a_notebook_moves_and_stays(kernel: Kernel) -> None:
    assert in_notebook()
    with bar(2000, "training <b>") as show:
        show(10, "loss 1")
        show(2000, "")

    assert kernel.texts == [
        "training <b>: 0 of 2,000",
        "training <b>: 10 of 2,000, loss 1",
        "training <b>: 2,000 of 2,000",
    ]
    assert 'value="10" max="2000"' in kernel.shown[1]["text/html"]
    assert "training &lt;b&gt;: 10" in kernel.shown[1]["text/html"]


def test_a_fast_loop_shows_its_end(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PAUSE_SECONDS", math.inf)
    with bar(3, "training") as show:
        for done in (1, 2, 3):
            show(done, "")

    assert kernel.texts == ["training: 0 of 3", "training: 3 of 3"]


def test_fit_shows_its_loss(kernel: Kernel, capsys: pytest.CaptureFixture[str]) -> None:
    prior = QuDDPM(ForwardProcess(1, 2), layers=1, seed=0)
    rows = fit(prior, STATES, 21, batch_size=8, start_batch_size=2)

    assert kernel.texts[-1] == f"training: 21 of 21, loss {rows[-1]['loss']:.3g}"
    assert len(kernel.texts) == 1 + len(rows)
    before = len(kernel.texts)
    fit(prior, STATES, 2, batch_size=8, start_batch_size=2, progress=False)
    assert len(kernel.texts) == before and capsys.readouterr() == ("", "")


def test_lightning_shows_one_bar_in_a_notebook(kernel: Kernel) -> None:
    trainer: Any = SimpleNamespace(
        estimated_stepping_batches=2, global_step=0, callback_metrics={}
    )
    module: Any = SimpleNamespace(stage="prior")
    found = stages._progress(terminal=False)
    assert isinstance(found, callbacks.NotebookProgress)
    found.on_train_start(trainer, module)
    for step in (1, 2):
        trainer.global_step = step
        found.on_train_batch_end(trainer, module, None, None, step - 1)
        trainer.callback_metrics = {"loss": torch.tensor(0.25)}

    assert kernel.texts == ["prior: 0 of 2", "prior: 1 of 2", "prior: 2 of 2, loss 0.25"]


def test_elsewhere_lightning_shows_lines_or_the_bar_of_a_terminal() -> None:
    assert isinstance(stages._progress(terminal=False), callbacks.EpochLines)
    assert isinstance(stages._progress(terminal=True), callbacks.RichProgressBar)


def shown(figure: Figure) -> bytes:
    return figure._repr_png_()


def test_a_figure_is_shown_as_it_is_written() -> None:
    figure = samples_figure(torch.rand(3, 1, 28, 28, generator=derive_generator(0, "x")), "three")

    assert shown(figure) == figure_bytes(figure, "png") != figure_bytes(figure, "svg")


def test_a_transparent_figure_is_shown_on_a_page() -> None:
    figure = training_chart({"prior": [Curve("a", "quantum", [0, 1], [2.0, 1.0])]})

    assert shown(figure) == figure_bytes(figure, "png", "#ffffff") != figure_bytes(figure, "png")
    assert to_rgba(figure.get_facecolor()) == (0, 0, 0, 0)  # It is left as it was.


def test_every_figure_is_one_that_a_notebook_shows() -> None:
    assert isinstance(chain_figure(torch.zeros(2, 3, 1, 28, 28), "chain"), Figure)
    assert isinstance(history_chart([{"iteration": 0, "loss": 1.0, "loss_0": 1.0}]), Figure)


def test_the_history_has_a_line_for_each_step() -> None:
    history = [
        {"iteration": 0, "loss": 3.0, "loss_10": 3.0},
        {"iteration": 10, "loss": 2.0, "loss_2": 2.0},
        {"iteration": 20, "loss": 3.0, "loss_2": 1.0, "loss_10": 2.0},
    ]
    (ax,) = history_chart(history).axes
    lines = {line.get_label(): np.asarray(line.get_xydata()).tolist() for line in ax.lines}

    assert lines == {"step 2": [[10, 2], [20, 1]], "step 10": [[0, 3], [20, 2]]}
    assert [*lines] == ["step 2", "step 10"] and ax.get_yscale() == "log"
    history[0]["loss_10"] = -1.0  # An own loss may be below zero.
    assert history_chart(history).axes[0].get_yscale() == "linear"
