"""The pictures of the experiment `views`: one figure for each kind of view."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from latentq.experiments.measures import (
    pair_names,
    pairs_of,
    wigner_numbers,
)
from latentq.experiments.record import Picture
from latentq.experiments.views.claims import LOG_QUBITS, LOG_SHARES
from latentq.experiments.views.growth import learning_picture
from latentq.experiments.views.measures import (
    Numbers,
    Setting,
    denoised,
    original,
    scrambled,
)
from latentq.quantum.entanglement import mutual_information, schmidt_spectrum
from latentq.quantum.states import fidelity, haar_states
from latentq.quantum.wigner import negative_cells, wigner
from latentq.randomness import derive_generator
from latentq.report import plots
from latentq.report.wording import number

if TYPE_CHECKING:
    from latentq.report.plots import Axes

HAAR = "a Haar state"
ALIKE = "One state, scrambled (top) and denoised (below), beside a Haar state; one scale for all"


@dataclass(frozen=True)
class Shown:
    """The pictured states by the names of their stages, and their places in a grid of names."""

    states: Mapping[str, Tensor]
    places: list[list[str | None]]

    @classmethod
    def of(cls, setting: Setting, goal: Tensor, mixed: Tensor, learned: Tensor) -> Shown:
        """Collects the states of one draw.

        Arguments:
            setting: The depths and the epochs.
            goal: The original, with shape (d).
            mixed: The scrambled states, with shape (K, d).
            learned: The denoised ones, with shape (E, K, d).
        """
        generator = derive_generator(setting.seed, "pictured haar state")
        states = {original(): goal}
        places: list[list[str | None]] = [[original()]]
        for k, depth in enumerate(setting.depths):
            states[scrambled(depth)] = mixed[k]
            places[0].append(scrambled(depth))
        for epochs in (setting.epochs, setting.longer):
            names = [denoised(depth, epochs) for depth in setting.depths]
            states |= zip(names, learned[setting.marks.index(epochs)], strict=True)
            places.append([None, *names])
        places[-1][0] = HAAR
        states[HAAR] = haar_states(qubits=setting.qubits, generator=generator)
        return cls(states, places)


def grid(shown: Shown, draw: Callable[[Axes, Tensor], Any], legend: str = "") -> plots.Figure:
    """Makes a figure with a panel for each state, and a colour bar where it has a name.

    Arguments:
        shown: The states.
        draw: Draws one on an Axes that is given.
        legend: The name of the colour bar; none if empty.
    """
    rows, columns = len(shown.places), len(shown.places[0])
    size = (2.45 * columns + 0.4, 2.6 * rows)
    figure = plots.Figure(figsize=size, dpi=150, layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False)
    drawn: Any = None
    for names, line in zip(shown.places, panels, strict=True):
        for name, ax in zip(names, line, strict=True):
            if name is None:
                ax.set_axis_off()
                continue
            drawn = draw(ax, shown.states[name])
            ax.set_title(title(shown, name) + ax.get_title(), fontsize=9, color=plots.LIGHT.ink)
    if legend:
        figure.colorbar(drawn, ax=panels, shrink=0.6, label=legend, aspect=30)
    return figure


def title(shown: Shown, name: str) -> str:
    """Returns the title of a panel: the stage, and what the fidelity with the original is."""
    near = fidelity(shown.states[original()], shown.states[name])
    return f"{name.replace(' epochs', ' ep.')}\nF = {near:.2f}"


def outer(psi: Tensor) -> Tensor:
    """Returns the density matrix of a state, with shape (d, d)."""
    return torch.outer(psi, psi.conj())


def pictures(
    setting: Setting, shown: Shown, learned: Numbers, haar: Numbers
) -> dict[str, Picture]:
    """Returns all pictures by name.

    Arguments:
        setting: The depths and the epochs.
        shown: The states that are pictured.
        learned: How magnitudes and phases were learnt.
        haar: The numbers of Haar states.
    """
    return {
        "density": density_picture(shown),
        "hinton": hinton_picture(shown),
        "wigner": wigner_picture(shown),
        "negative": negative_picture(shown, haar),
        "information": information_picture(shown),
        "graph": graph_picture(shown),
        "schmidt": schmidt_picture(setting, shown, haar),
        "learning": learning_picture(setting, learned),
    }


def density_picture(shown: Shown) -> Picture:
    """Draws the magnitudes of the density matrices."""
    most = max(float(outer(psi).abs().max()) for psi in shown.states.values())
    figure = grid(shown, lambda ax, psi: plots.density_map(ax, outer(psi), most), "|ρᵢⱼ|")
    return Picture(f"Magnitudes of the density matrix. {ALIKE}.", figure)


def hinton_picture(shown: Shown) -> Picture:
    """Draws the density matrices with their phases."""
    most = max(float(outer(psi).abs().max()) for psi in shown.states.values())
    figure = grid(shown, lambda ax, psi: plots.hinton(ax, outer(psi), most))
    plots.phase_wheel(figure.axes[len(shown.places[0])])
    return Picture(
        f"Hinton diagrams: the area is the magnitude, the hue the phase of ρᵢⱼ. {ALIKE}.", figure
    )


def wigner_picture(shown: Shown) -> Picture:
    """Draws the Wigner functions, with the share of negative cells."""
    most = max(float(wigner(psi).abs().max()) for psi in shown.states.values())

    def draw(ax: Axes, psi: Tensor) -> Any:  # noqa: ANN401
        values = wigner(psi)
        ax.set_title(f", {100 * negative_cells(values):.1f}% < 0")
        return plots.wigner_map(ax, values, most)

    return Picture(
        "Discrete Wigner functions, all kernels of one orientation; negative cells are red. "
        f"{ALIKE}.",
        grid(shown, draw, "W"),
    )


def information_picture(shown: Shown) -> Picture:
    """Draws the mutual information of pairs as numbers."""
    most = max(float(mutual_information(psi).max()) for psi in shown.states.values())
    figure = grid(
        shown, lambda ax, psi: plots.information_matrix(ax, mutual_information(psi), most), "bits"
    )
    return Picture(f"Mutual information of the pairs of qubits. {ALIKE}.", figure)


def graph_picture(shown: Shown) -> Picture:
    """Draws the mutual information of pairs as a graph."""

    def draw(ax: Axes, psi: Tensor) -> None:
        information = mutual_information(psi)
        pairs = pairs_of(information)
        largest = int(pairs.argmax())
        name = pair_names(len(information))[largest]
        ax.set_title(f", {name}: {number(float(pairs[largest]), 2)}")
        plots.information_graph(ax, information)

    return Picture(
        "Mutual information of the pairs of qubits as the width of the edges; the largest one "
        f"in orange and, in bits, above. {ALIKE}.",
        grid(shown, draw),
    )


def schmidt_picture(setting: Setting, shown: Shown, haar: Numbers) -> Picture:
    """Draws the Schmidt spectra beside that of Haar states."""
    expected = haar["spectrum"].mean(dim=0).tolist()
    figure = grid(
        shown,
        lambda ax, psi: plots.schmidt_bars(ax, schmidt_spectrum(psi, setting.half), expected),
    )
    return Picture(
        f"Schmidt spectrum of the cut in the middle; orange is the mean of Haar states. {ALIKE}.",
        figure,
    )


def bins(shares: Tensor) -> list[float]:
    """Returns the ends of about 30 bins, in each of which equally many values are possible.

    Arguments:
        shares: Percentages that are multiples of some number, such as 100/256, with shape (N).
    """
    values = shares.unique()
    unit = float(values.diff().min())
    width = unit * max(1, round(float(values[-1] - values[0]) / (30 * unit)))
    count = math.ceil(float(values[-1] - values[0]) / width) + 1
    return [float(values[0]) - unit / 2 + k * width for k in range(count + 1)]


def negative_picture(shown: Shown, haar: Numbers) -> Picture:
    """Draws the shares of negative cells of Haar states, of the log and of all orientations."""
    figure = plots.Figure(figsize=(9.5, 3.6), dpi=150, layout="constrained")
    left, right = figure.subplots(1, 2)
    shares = 100 * haar["negative_share_one_orientation"]
    left.hist(shares, bins=bins(shares), color=plots.LIGHT.line)
    comparable = shown.states[original()].numel() == 2**LOG_QUBITS
    if comparable:
        colours = plots.LIGHT.models.values()
        for (name, value), colour in zip(LOG_SHARES.items(), colours, strict=True):
            left.axvline(100 * value, color=colour, label=f"{name}, in the log")
    plots.finish(
        left, "Haar states, one orientation", "negative cells in %", "states", legend=comparable
    )
    names = list(shown.states)
    places = range(len(names))[::-1]
    every = [100 * wigner_numbers(psi[None])[0].flatten() for psi in shown.states.values()]
    colour = plots.LIGHT.models["quantum"]
    for place, values in zip(places, every, strict=True):
        right.plot(values, [place] * len(values), "|", color=colour, markersize=9)
    right.axvline(float(shares.mean()), color=plots.LIGHT.muted, linestyle="--", linewidth=1)
    right.set_yticks(places, names)
    plots.finish(
        right, "Pictured states, all orientations", "negative cells in %", "", legend=False
    )
    return Picture(
        "Share of negative Wigner cells. Left: Haar states, and the three values of the log. "
        "Right: the pictured states, a line for each orientation of the kernels; dashed is the "
        "mean of Haar states.",
        figure,
    )
