"""What FID against recall says: the table, the best of each curve, and the figure."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import exp, log
from typing import Any

from latentq.experiments.record import Picture, Record, Row, Tables
from latentq.experiments.tradeoff.options import Options
from latentq.report import plots
from latentq.report.tables import markdown_table

KINDS = {
    "quantum": "spread", "codebook": "noise", "mixture": "components", "other": "", "vae": "",
    "limit": "",
}  # fmt: skip
FINE = 40  # points between two of a curve, which names keep away from


def curves_of(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Returns the rows of each curve, in their order."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["name"], []).append(row)
    return found


def best_of(rows: Sequence[Row]) -> Row:
    """Returns the row of a curve with the least FID."""
    return min(rows, key=lambda row: row["fid"])


def table(tables: Tables) -> str:
    """Returns the least FID of each curve as Markdown, with what stands beside it."""
    lines = []
    for name, rows in curves_of(tables["priors"]).items():
        best = best_of(rows)
        word = KINDS[best["kind"]]
        at = f"{word} {best['value']:g}" if word else ""
        scores = (f"{best['fid']:.1f}", f"{best['precision']:.3f}", f"{best['recall']:.3f}")
        lines.append([name, at, *scores])
    return markdown_table(["prior", "least FID at", "FID", "precision", "recall"], lines)


def along(rows: Sequence[Row]) -> list[tuple[float, float]]:
    """Returns points of a curve and between them, evenly on a logarithmic axis of FID."""
    points = [(float(row["recall"]), log(row["fid"])) for row in rows]
    found = [(x, exp(y)) for x, y in points]
    for (x0, y0), (x1, y1) in pairwise(points):
        shares = [k / FINE for k in range(1, FINE)]
        found += [(x0 + s * (x1 - x0), exp(y0 + s * (y1 - y0))) for s in shares]
    return found


def _colour(kind: str) -> str:
    light = plots.LIGHT
    roles = {"quantum": "quantum", "codebook": "matched", "mixture": "control"}
    own = {"other": light.roles["classical"], "limit": light.ink, "vae": light.muted}
    return own[kind] if kind in own else light.roles[roles[kind]]


def _style(kind: str, place: int, count: int) -> dict[str, Any]:
    """Returns how a curve of a kind is drawn, the one at a place among so many of its kind."""
    colour = _colour(kind)
    if kind == "quantum":
        face = colour if place == count - 1 else plots.LIGHT.page
        own = {"linewidth": 2.2, "marker": "o", "markersize": 5.5, "zorder": 5}
        return {"color": colour, "markerfacecolor": face, **own}
    if kind == "codebook":
        shade = plots.tints(colour, count)[place]
        return {"color": shade, "marker": "s", "markersize": 3.5, "linewidth": 1.2, "zorder": 3}
    marker = {"mixture": "D", "other": "^", "vae": "v", "limit": "*"}[kind]
    size = 9 if kind == "limit" else 5.5
    return {"color": colour, "marker": marker, "markersize": size, "linewidth": 1.2, "zorder": 4}


def _labels(name: str, rows: Sequence[Row]) -> list[plots.Label]:
    """Returns the names of a curve: of the whole at one of its points, and of some others."""
    kind, colour, last = rows[0]["kind"], _colour(rows[0]["kind"]), rows[-1]
    named = {"quantum": last, "mixture": rows[len(rows) // 2]}.get(kind, rows[0])
    others = {"quantum": rows[:1], "mixture": rows}.get(kind, [])
    title = f"{name}, {last['value']:g}" if kind == "quantum" else name
    side = 180 if kind == "codebook" else 0
    found = [plots.Label(title, named["recall"], named["fid"], colour, kind == "quantum", side)]
    for row in others:
        if row is not named:
            text = f"{row['value']:g}"
            found.append(plots.Label(text, row["recall"], row["fid"], colour, False, 90))
    return found


def figure(tables: Tables) -> plots.Figure:
    """Draws FID against recall, a curve for each prior whose spread is swept."""
    made = plots.Figure(figsize=(9, 6), dpi=150, layout="constrained")
    ax, curves = made.subplots(), curves_of(tables["priors"])
    labels: list[plots.Label] = []
    points: list[tuple[float, float]] = []
    for name, rows in curves.items():
        same = [n for n, one in curves.items() if one[0]["kind"] == rows[0]["kind"]]
        style = _style(rows[0]["kind"], same.index(name), len(same))
        ax.plot([row["recall"] for row in rows], [row["fid"] for row in rows], **style)
        labels += _labels(name, rows)
        points += along(rows)
    ax.set(yscale="log", xlim=(-0.1, 0.93))
    plots.log_ticks(ax.yaxis, *ax.get_ylim(), room=1000)
    ax.grid(color=plots.LIGHT.line, linewidth=0.6)
    plots.finish(ax, "", "recall (more varied to the right)", "FID (better below)", legend=False)
    labels.sort(key=lambda label: not label.strong)
    plots.place_labels(ax, labels, points)
    return made


def describe(options: Options, tables: Tables) -> Record:
    """Returns the record.

    Arguments:
        options: The options of the command.
        tables: The rows `priors`.
    """
    caption = (
        "FID against recall on validation images, one autoencoder. A curve is one prior: lists of "
        "states with growing noise (red, left to right), quantum priors with growing spread "
        "(blue, the ends say how much), Gaussian mixtures of so many components (purple). Stars "
        "need no prior."
    )
    said = (
        "Priors in one latent space, seed 0, against validation images; on each curve the row of "
        "the least FID."
    )
    pictures = {"tradeoff": Picture(caption, figure(tables))}
    return Record(f"{said}\n\n{table(tables)}", [], tables, pictures)
