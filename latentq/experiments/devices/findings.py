"""What the FID of several models against error rates says: summary, claims and figures."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from latentq.experiments.devices.measures import READ
from latentq.experiments.devices.options import Options
from latentq.experiments.record import Claim, Picture, Record, Tables, pick
from latentq.report import plots

Rows = Sequence[Mapping[str, Any]]
TITLES = {"linear": "the state as it is", "eigenvector": "its top eigenvector"}
COLUMNS = 16


def told(rate: float | None) -> str:
    """Writes a rate that may be beyond those measured."""
    return "none of these" if rate is None else f"{rate:.1e}"


def claims(options: Options, tables: Tables) -> list[Claim]:
    """Judges for each model whether images survive the error of the grids."""
    found = []
    for row in tables["models"]:
        wanted = {"model": row["model"], "readout": "eigenvector", "rate": options.shown}
        fid = pick(tables["rates"], **wanted)[0]["fid"]
        half, rate = row["fid_terminal"] / 2, options.shown
        found.append(
            Claim(
                f"{row['model']}, {row['cz']:,} CZ: at {rate:g} a gate FID is at most half "
                "that of undenoised states",
                f"{fid:.1f}, half is {half:.1f}",
                "confirmed" if fid <= half else "refuted",
                "none: half of the terminal ensemble is the bound",
            )
        )
    return found


def machine_lines(tables: Tables) -> list[str]:
    """Says what simulated machines gave, if there were any."""
    if "machines" not in tables:
        return []
    perfect, *machines = tables["machines"]
    return [
        f"On {row['machine']} (calibrated {row['calibrated']}, median error "
        f"{row['median_error']:.1e}), by {row['two_qubit_gates']} two-qubit gates, "
        f"{row['images']} images of {row['model']} have FID {row['fid']:.1f}; by perfect gates "
        f"as many have {perfect['fid']:.1f}."
        for row in machines
    ]


def summary(options: Options, tables: Tables) -> str:
    """Says what was measured, and what came out."""
    parts = []
    for row in tables["models"]:
        clean = pick(tables["rates"], model=row["model"], rate=0.0)[0]["fid"]
        own = {r["readout"]: r for r in pick(tables["limits"], model=row["model"])}
        costs = ", ".join(
            f"{TITLES[read]}: {told(own[read]['10%'])} and {told(own[read]['50%'])}"
            for read in READ
        )
        gates = f"{row['angles']:,} angles, {row['cz']:,} CZ and {row['rzz']} RZZ"
        parts.append(
            f"{row['model']} ({gates}) has FID {clean:.1f} without errors; 10% and 50% more "
            f"at these rates a gate: {costs}."
        )
    parts += machine_lines(tables)
    return (
        f"Models against {options.samples:,} held-out images, with depolarised two-qubit gates. "
        + " ".join(parts)
    )


def rate_figure(tables: Tables) -> plots.Figure:
    """Draws FID against the error rate, a colour for each model, a line for each readout."""
    names = [row["model"] for row in tables["models"]]
    figure = plots.Figure(figsize=(9.5, 3.8), dpi=150, layout="constrained")
    for ax, read in zip(figure.subplots(1, 2, sharey=True), READ, strict=True):
        for name, colour in zip(names, plots.shades(len(names)), strict=True):
            chosen = [r for r in pick(tables["rates"], model=name, readout=read) if r["rate"]]
            x, y = ([row[key] for row in chosen] for key in ("rate", "fid"))
            plots.curve(ax, x, y, label=name, colour=colour)
        ax.set(xscale="log", yscale="log")
        plots.label_decades(ax.yaxis)
        title, axis = TITLES[read].capitalize(), "error of a two-qubit gate"
        plots.finish(ax, title, axis, "FID", legend=read == "linear")
    return figure


def grid_picture(name: str, clean: Tensor, noisy: Tensor, rate: float) -> Picture:
    """Draws images without errors above those of the same draws with errors."""
    figure = plots.Figure(figsize=(9.5, 2.6), dpi=150, layout="constrained")
    figure.set_facecolor(plots.NIGHT)
    plots.reconstruction_grid(
        figure.subplots(), clean, noisy, COLUMNS, names=("no error", f"error {rate:g}")
    )
    return Picture(
        f"Images of {name}: rows without errors, and below each row the same draws with an error "
        f"of {rate:g} a gate, read by the top eigenvector.",
        figure,
    )


def describe(options: Options, tables: Tables) -> Record:
    """Returns the record.

    Arguments:
        options: The options of the command.
        tables: The rows `models`, `rates` and `limits`.
    """
    caption = (
        "FID against the error rate of two-qubit gates; the decoder reads the state as it is "
        "(left) or its top eigenvector (right)."
    )
    pictures = {"rates": Picture(caption, rate_figure(tables))}
    return Record(summary(options, tables), claims(options, tables), tables, pictures)
