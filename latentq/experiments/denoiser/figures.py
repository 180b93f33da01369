"""The figures of the denoisers: training curves, chance by size, remedies, learning rates."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from latentq.experiments.bands import Ends, band, bars
from latentq.experiments.denoiser.claims import RATIOS, STAGES, UNSEEN, Sizes
from latentq.experiments.denoiser.runs import EVERY, TrainedDenoiser, over_guess, spread
from latentq.experiments.record import Picture
from latentq.report import plots
from latentq.report.statistics import Scale, read

BLUE, ORANGE, GREEN = (plots.LIGHT.models[k] for k in ("quantum", "classical", "latent_diffusion"))
GUESS: dict[str, Any] = {"color": plots.LIGHT.muted, "linewidth": 1, "linestyle": "--"}


def mean_curve(values: Tensor, scale: Scale) -> tuple[list[float], Ends]:
    """Returns means over seeds and the ends of their intervals, for each column."""
    found = [spread(column, scale) for column in values.unbind(dim=1)]
    return [summary.mean for summary in found], band(found)


def looks(epochs: int) -> list[int]:
    """Returns after how many steps of a stage states held out are looked at."""
    return [e for e in range(1, epochs + 1) if e % EVERY == 0 or e == epochs]


def draw_training(ax: Any, rates: Mapping[str, TrainedDenoiser]) -> None:  # noqa: ANN401
    """Draws fidelities against the step, for states trained on and held out."""
    for (rate, outcome), line in zip(rates.items(), ("-", ":"), strict=False):
        recipe, history = outcome.recipe, outcome.history
        steps = range(len(recipe.depths) * recipe.epochs)
        seen = [k * recipe.epochs + e for k in range(len(recipe.depths))
                for e in looks(recipe.epochs)]  # fmt: skip
        mean, ends = mean_curve(history.training.flatten(1), "share")
        plots.curve(ax, steps, mean, ends, label=f"trained on, {rate}", colour=BLUE, marker="",
                    line=line)  # fmt: skip
        mean, ends = mean_curve(history.held_out.flatten(1), "share")
        plots.curve(ax, seen, mean, ends, label=f"held out, {rate}", colour=ORANGE, marker="",
                    line=line)  # fmt: skip
    for stage in range(1, len(recipe.depths)):
        ax.axvline(stage * recipe.epochs, color=plots.LIGHT.line, linewidth=0.8, zorder=0)
    ax.axhline(outcome.chance, label="a guess, 1/2ⁿ", **GUESS)
    ax.set_yscale("log")
    plots.log_ticks(ax.yaxis, *ax.get_ylim())


def training_figure(sizes: Sizes) -> Picture:
    """Draws the training of each size."""
    rows = -(-len(sizes) // 2)
    columns = min(2, len(sizes))
    figure = plots.Figure(figsize=(4.6 * columns, 3.1 * rows + 0.4), dpi=150, layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).flatten()
    for ax, (qubits, rates) in zip(axes, sizes.items(), strict=False):
        draw_training(ax, rates)
        plots.finish(ax, f"{qubits} qubits", "step", "mean fidelity", legend=False)
    for ax in axes[len(sizes) :]:
        ax.set_visible(False)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3,
                  frameon=False, fontsize=8)  # fmt: skip
    depths = next(iter(next(iter(sizes.values())).values())).recipe.depths
    return Picture(
        "Training in stages with a new scrambler each, deeper each time "
        f"({', '.join(map(str, depths))} layers). Bands are 95% intervals over seeds.",
        figure,
    )


def chance_figure(sizes: Sizes) -> Picture:
    """Draws the fidelity of states held out over that of a guess, by size."""
    figure = plots.Figure(figsize=(6.4, 3.8), dpi=150, layout="constrained")
    ax = figure.subplots()
    rates = list(next(iter(sizes.values())))
    for k, (rate, colour) in enumerate(zip(rates, (BLUE, GREEN), strict=False)):
        for j, (what, marker) in enumerate((("end of stages", "o"), ("maximum", "^"))):
            outcomes = [of[rate] for of in sizes.values()]
            values = [o.maximum[0] if j else o.held_out for o in outcomes]
            found = [over_guess(v, o.chance) for v, o in zip(values, outcomes, strict=True)]
            ax.errorbar(
                [q + 0.24 * (k + 2 * j - 1.5) for q in sizes], [s.mean for s in found],
                bars(found), fmt=marker, color=colour, markersize=5, capsize=2,
                mfc=colour if j == 0 else "white", label=f"{what}, {rate}",
            )  # fmt: skip
    log = [q for q in sizes if q in RATIOS]
    ax.plot(log, [RATIOS[q] for q in log], "x", color=ORANGE, label="the log's maximum")
    ax.axhline(1, label="a guess", **GUESS)
    ax.set_yscale("log")
    ticks = [1, 1.5, 2, 3, 4, 5]
    ax.set_yticks(ticks, [f"{t:g}" for t in ticks])
    ax.minorticks_off()
    ax.set_xticks(list(sizes))
    plots.finish(ax, "States held out: mean fidelity over that of a guess", "qubits", "ratio")
    return Picture(
        "The fidelity of states held out over 1/2ⁿ, at the end of stages and as the maximum over "
        "all looks at the same states, with 95% intervals over seeds.",
        figure,
    )


def remedies_figure(rows: Sequence[Mapping[str, Any]]) -> Picture:
    """Draws the expected and the training fidelity of each remedy."""
    sizes = list(dict.fromkeys(row["qubits"] for row in rows))
    names = list(dict.fromkeys(row["row"] for row in rows))
    figure = plots.Figure(
        figsize=(3.2 + 3.2 * len(sizes), 1.3 + 0.27 * len(names)), dpi=150, layout="constrained"
    )
    axes = figure.subplots(1, len(sizes), sharey=True, squeeze=False)[0]
    for ax, qubits in zip(axes, sizes, strict=True):
        of = {row["row"]: row for row in rows if row["qubits"] == qubits}
        for name, colour, label in (("training", ORANGE, "trained on"),
                                    ("expected", BLUE, "all Haar states")):  # fmt: skip
            ax.errorbar(
                [of[n][name] for n in names], range(len(names)),
                xerr=bars([read(of[n], name) for n in names]), fmt="o", markersize=4.5,
                color=colour, mfc="white" if name == "training" else colour, label=label,
                capsize=2,
            )  # fmt: skip
        ax.axvline(2.0**-qubits, label="a guess", **GUESS)
        ax.set_xscale("log")
        plots.log_ticks(ax.xaxis, *ax.get_xlim())
        ax.set_yticks(range(len(names)), names)
        ax.set_ylim(len(names) - 0.5, -0.5)
        plots.finish(ax, f"{qubits} qubits", "fidelity at the end of stages", "", legend=False)
        ax.grid(axis="y", color=plots.LIGHT.line, linewidth=0.6)
        ax.set_axisbelow(True)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3,
                  frameon=False, fontsize=8)  # fmt: skip
    return Picture(
        "Remedies, by the fidelity of the states trained on and that expected over all Haar "
        "states, averaged over stages, with 95% intervals over seeds.",
        figure,
    )


def gain_figure(sizes: Sizes) -> Picture:
    """Draws which share of a stage's gain there is after each step."""
    rates = list(next(iter(sizes.values())))
    figure = plots.Figure(figsize=(4.2 * len(rates), 3.4), dpi=150, layout="constrained")
    for ax, rate in zip(figure.subplots(1, len(rates), squeeze=False)[0], rates, strict=True):
        for (qubits, of), colour in zip(sizes.items(), plots.shades(len(sizes)), strict=True):
            mean, ends = mean_curve(of[rate].gain, "signed")
            plots.curve(ax, range(len(mean)), mean, ends, label=f"{qubits} qubits", colour=colour,
                        marker="")  # fmt: skip
        ax.axvline(0.3 * len(mean), color=plots.LIGHT.muted, linewidth=1, linestyle="--")
        plots.finish(ax, rate, "step within a stage", "share of the stage's gain")
    return Picture(
        "How fast a stage is learned: the share of its gain in training fidelity, averaged over "
        "stages, with 95% intervals over seeds. Dashed: the log's 30 epochs.",
        figure,
    )


def rates_figure(rows: Sequence[Mapping[str, Any]]) -> Picture:
    """Draws fidelities against the learning rate, with the log's where they are for the size."""
    figure = plots.Figure(figsize=(5.6, 3.6), dpi=150, layout="constrained")
    ax = figure.subplots()
    x = [row["lr"] for row in rows]
    for name, colour, label in (("best", BLUE, "trained on, maximum of a stage"),
                                ("held_out", ORANGE, "held out")):  # fmt: skip
        plots.curve(ax, x, [row[name] for row in rows], band([read(row, name) for row in rows]),
                    label=label, colour=colour)  # fmt: skip
    if rows[0]["qubits"] == 4:
        for values, colour, of in ((STAGES, BLUE, "trained on"), (UNSEEN, ORANGE, "held out")):
            low, high = min(values.values()), max(values.values())
            ax.axhspan(low, high, color=colour, alpha=0.12, linewidth=0, label=f"{of}, the log")
    ax.axhline(rows[0]["chance"], label="a guess", **GUESS)
    ax.set_xscale("log")
    ax.set_yscale("log")
    plots.log_ticks(ax.yaxis, *ax.get_ylim())
    ax.set_xticks(x, [f"{rate:g}" for rate in x])
    ax.minorticks_off()
    plots.finish(ax, f"{rows[0]['qubits']} qubits", "learning rate", "fidelity", legend=False)
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=3,
                  frameon=False, fontsize=8)  # fmt: skip
    return Picture(
        "Fidelities against the learning rate, which the log does not state, averaged over "
        "stages, with 95% intervals over seeds.",
        figure,
    )


def depth_figure(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Picture:
    """Draws the expected fidelity by the depth of the scrambler."""
    sizes = list(dict.fromkeys(row["qubits"] for row in rows))
    figure = plots.Figure(figsize=(4.2 * len(sizes), 3.5), dpi=150, layout="constrained")
    axes = figure.subplots(1, len(sizes), squeeze=False)[0]
    for ax, qubits in zip(axes, sizes, strict=True):
        for name, colour in zip(names, plots.shades(len(names)), strict=True):
            of = [row for row in rows if row["qubits"] == qubits and row["row"] == name]
            plots.curve(ax, [r["depth"] for r in of], [r["expected"] for r in of],
                        band([read(r, "expected") for r in of]), label=name,
                        colour=colour)  # fmt: skip
        ax.axhline(2.0**-qubits, label="a guess", **GUESS)
        ax.set_yscale("log")
        plots.finish(
            ax, f"{qubits} qubits", "depth of the scrambler", "expected fidelity", legend=False
        )
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3,
                  frameon=False, fontsize=8)  # fmt: skip
    return Picture(
        "How well the inverse of one known scrambler is compiled, by its depth: expected fidelity "
        "over all Haar states at the end of a stage, with 95% intervals over seeds.",
        figure,
    )
