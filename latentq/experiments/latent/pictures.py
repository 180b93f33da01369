"""The pictures of the experiment `latent`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from latentq.experiments.bands import band, bars
from latentq.experiments.latent.measures import Found, by_digit, summary_of
from latentq.experiments.measures import haar_negative_share, pair_names
from latentq.experiments.record import Picture
from latentq.report import plots
from latentq.report.wording import number, step

if TYPE_CHECKING:
    from latentq.report.plots import Axes


def pictures(found: Found) -> dict[str, Picture]:
    """Returns the pictures by name."""
    return {
        "chain": chain_picture(found),
        "classes": class_picture(found),
        "information": information_picture(found),
        "pairs": pairs_picture(found),
    }


def name_of(name: str) -> str:
    """Returns the name of an ensemble as it is written."""
    return step(int(name[1:])) if name.startswith("S") else name


def along(ax: Axes, found: Found, measure: str, scale: float, chance: float) -> None:
    """Draws the means of a measure along the chain: of the digits, and of all states."""
    places = list(range(len(found.steps)))
    for digit in found.digits:
        values = [float(found.ensembles[s].of(measure, digit).mean()) * scale for s in found.steps]
        ax.plot(places, values, color=plots.LIGHT.line, linewidth=1, zorder=0)
    found_means = [
        summary_of(measure, found.ensembles[s].of(measure), found, scale) for s in found.steps
    ]
    colour = plots.LIGHT.models["quantum"]
    means = [summary.mean for summary in found_means]
    plots.curve(ax, places, means, band(found_means), label="generated", colour=colour)
    ax.set_xticks(places, [name_of(s) for s in found.steps])
    data = float(found.ensembles["data"].of(measure).mean()) * scale
    ax.axhline(data, color=plots.LIGHT.models["classical"], label="data")
    ax.axhline(chance, color=plots.LIGHT.muted, label="Haar states", linestyle="--", linewidth=1)


def chain_picture(found: Found) -> Picture:
    """Draws entanglement, Wigner functions and classes along the chain."""
    figure = plots.Figure(figsize=(11, 3.6), dpi=150, layout="constrained")
    first, second, third = figure.subplots(1, 3)
    along(first, found, "half_entropy", 1, found.page)
    plots.finish(first, "Half-chain entanglement", "", "bits")
    along(second, found, "negative_share", 100, 100 * haar_negative_share(found.qubits))
    plots.finish(second, "Negative Wigner cells", "", "%")
    places = list(range(len(found.steps)))
    shares = [100 * share for share in found.kept]
    colour = plots.LIGHT.models["quantum"]
    plots.curve(third, places, shares, label="", colour=colour)
    third.set_xticks(places, [name_of(s) for s in found.steps])
    third.set_ylim(0, 105)
    plots.finish(third, "Images with their final class", "", "%", legend=False)
    return Picture(
        "Along the generation, from noise to digits. Grey: the states that end as one digit.",
        figure,
    )


def class_picture(found: Found) -> Picture:
    """Draws data and generated states digit by digit, with intervals."""
    figure = plots.Figure(figsize=(11, 3.6), dpi=150, layout="constrained")
    panels = {
        "half_entropy": ("Half-chain entanglement", "bits", 1),
        "single_entropy": ("Single-qubit entanglement", "bits", 1),
        "negative_share": ("Negative Wigner cells", "%", 100),
    }
    for ax, (measure, (title, unit, scale)) in zip(
        figure.subplots(1, 3), panels.items(), strict=True
    ):
        for name, label, model, shift in (
            ("data", "data", "classical", -0.12),
            ("S0", "generated", "quantum", 0.12),
        ):
            summaries = [
                summary_of(measure, found.ensembles[name].of(measure, d), found, scale)
                for d in found.digits
            ]
            places = [digit + shift for digit in found.digits]
            ax.errorbar(
                places, [s.mean for s in summaries], bars(summaries), fmt="o",
                markersize=4, color=plots.LIGHT.models[model], label=label,
            )  # fmt: skip
        ax.set_xticks(found.digits)
        ax.margins(y=0.2)  # Room for the legend.
        plots.finish(ax, title, "digit", unit)
    return Picture("Data and generated states by digit, with 95% intervals over states.", figure)


def matrix_of(pairs: Tensor, qubits: int) -> Tensor:
    """Returns the symmetric matrix of numbers of pairs, with shape (n, n)."""
    rows, columns = torch.triu_indices(qubits, qubits, offset=1)
    matrix = pairs.new_zeros(qubits, qubits)
    matrix[rows, columns] = matrix[columns, rows] = pairs
    return matrix


def information_picture(found: Found) -> Picture:
    """Draws the mean mutual information of pairs as graphs and as matrices."""
    chosen = [*found.steps[:2], "S0", "data", "Haar"]
    shown = {
        name: matrix_of(found.ensembles[name].numbers["information"].mean(dim=0), found.qubits)
        for name in chosen
    }
    figure = plots.Figure(figsize=(2.3 * len(shown) + 0.4, 4.8), dpi=150, layout="constrained")
    graphs, matrices = figure.subplots(2, len(shown))
    most = max(float(matrix.max()) for matrix in shown.values())
    for (name, matrix), graph, heat in zip(shown.items(), graphs, matrices, strict=True):
        plots.information_graph(graph, matrix)
        largest = int(matrix.argmax())
        pair = sorted(divmod(largest, found.qubits))
        text = f"{name_of(name)}, {pair[0]}-{pair[1]}: {number(float(matrix.max()), 2)}"
        graph.set_title(text, fontsize=10, color=plots.LIGHT.ink)
        drawn = plots.information_matrix(heat, matrix, most)
    figure.colorbar(drawn, ax=matrices, label="bits", shrink=0.8)
    return Picture(
        "Mutual information of pairs of qubits, mean over states: width of the edges (the largest "
        "in orange), and numbers.",
        figure,
    )


def pairs_picture(found: Found) -> Picture:
    """Draws the mean mutual information of each pair for each digit."""
    figure = plots.Figure(figsize=(9.5, 3.4), dpi=150, layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    values = [by_digit(found, name) for name in ("data", "S0")]
    low, high = min(float(v.min()) for v in values), max(float(v.max()) for v in values)
    names = pair_names(found.qubits)
    for ax, value, title in zip(panels, values, ("data", "generated"), strict=True):
        drawn = ax.imshow(value.T.numpy(), cmap="Blues", vmin=low, vmax=high, aspect="auto")
        ax.set_xticks(range(len(found.digits)), [str(digit) for digit in found.digits])
        ax.set_yticks(range(len(names)), names)
        plots.finish(ax, title, "digit", "", legend=False)
    panels[0].set_ylabel("pair of qubits")
    figure.colorbar(drawn, ax=panels, label="bits")
    return Picture("Mutual information of pairs of qubits by digit, mean over states.", figure)
