"""What the losses of finite batches prefer: the summary, the claims and the figure."""

from collections.abc import Iterable, Sequence

from latentq.experiments.bias.measures import LOSSES, REAL
from latentq.experiments.bias.options import Options
from latentq.experiments.record import Claim, Picture, Record, Row, Tables, pick
from latentq.experiments.verdicts import Verdict
from latentq.report import plots
from latentq.report.tables import markdown_table
from latentq.report.wording import number

NONE = "none"


def settings(rows: Iterable[Row]) -> list[tuple[int, int]]:
    """Returns the numbers of groups and of states that were measured, in their order."""
    return [*dict.fromkeys((row["groups"], row["batch"]) for row in rows)]


def heading(groups: int, batch: int) -> str:
    """Names a setting."""
    return f"{batch:,}" if groups == 1 else f"{batch:,} in each of {groups} cells"


def preferred_rows(rows: Sequence[Row]) -> list[Row]:
    """Returns for each loss and setting the ensembles that it prefers to fresh data."""
    found: list[Row] = []
    for loss in LOSSES:
        for groups, batch in settings(rows):
            own = pick(rows, loss=loss, groups=groups, batch=batch)
            liked = [str(row["ensemble"]) for row in own if row["preferred"]]
            found.append(
                {"loss": loss, "groups": groups, "batch": batch, "preferred": ", ".join(liked)}
            )
    return found


def preferred_table(tables: Tables) -> str:
    """Returns as Markdown which ensembles each loss prefers to fresh data, by batch."""
    rows = tables["preferred"]
    order = settings(rows)
    lines = [
        [
            loss,
            *(pick(rows, loss=loss, groups=g, batch=n)[0]["preferred"] or NONE for g, n in order),
        ]
        for loss in LOSSES
    ]
    return markdown_table(["loss", *(heading(*one) for one in order)], lines)


def value_table(tables: Tables, loss: str) -> str:
    """Returns as Markdown the values of one loss by ensemble and batch, with standard errors."""
    rows = pick(tables["losses"], loss=loss)
    order = settings(rows)
    lines = []
    for name in dict.fromkeys(row["ensemble"] for row in rows):
        cells = []
        for groups, batch in order:
            own = pick(rows, ensemble=name, groups=groups, batch=batch)
            told = [f"{row['mean']:.4f} ({number(row['error'], 4)})" for row in own]
            cells += [f"**{text}**" if own[0]["preferred"] else text for text in told] or [""]
        lines.append([name, *cells])
    return markdown_table([loss, *(heading(*one) for one in order)], lines)


def verdict_of(rows: Sequence[Row]) -> Verdict:
    """Says whether fresh data have the least value, given the other ensembles' distance to it."""
    if any(row["preferred"] for row in rows):
        return "refuted"
    return "confirmed" if all(row["gap_low"] > 0 for row in rows) else "not enough data"


def claims(tables: Tables) -> list[Claim]:
    """Judges for each loss whether data have the least value at every batch."""
    found = []
    for loss in LOSSES:
        own = [row for row in pick(tables["losses"], loss=loss) if row["ensemble"] != REAL]
        wrong = dict.fromkeys(heading(r["groups"], r["batch"]) for r in own if r["preferred"])
        near = sum(row["gap_low"] <= 0 for row in own)
        said = (
            f"another has less at {'; '.join(wrong)}"
            if wrong
            else f"{near} of {len(own)} undecided"
        )
        found.append(
            Claim(
                f"{loss}: fresh data have the least value at every batch",
                said,
                verdict_of(own),
                "none: the 95% interval of the paired difference is on one side of 0",
            )
        )
    return found


def gap_figure(tables: Tables) -> plots.Figure:
    """Draws how far ensembles are above fresh data, in units of what data have, by batch."""
    figure = plots.Figure(figsize=(10.5, 3.9), dpi=150, layout="constrained")
    shown = ("W", "W, split 0.5", "W, split 1")
    rows = pick(tables["losses"], groups=1)
    names = [n for n in dict.fromkeys(row["ensemble"] for row in rows) if n != REAL]
    axes = figure.subplots(1, len(shown), sharey=True)
    for ax, loss in zip(axes, shown, strict=True):
        for name, colour in zip(names, plots.shades(len(names)), strict=True):
            own = pick(rows, loss=loss, ensemble=name)
            x, y = ([row[key] for row in own] for key in ("batch", "gap"))
            ends = [row["gap_low"] for row in own], [row["gap_high"] for row in own]
            plots.curve(ax, x, y, ends, label=str(name), colour=colour)
        ax.axhline(0, color=plots.LIGHT.muted, linewidth=1, linestyle="--", zorder=0)
        ax.set_xscale("log", base=2)
        batches = sorted({row["batch"] for row in rows})
        ax.set_xticks(batches, [f"{n:,}" for n in batches])
        y_name = "loss above that of fresh data" if loss == shown[0] else ""
        plots.finish(ax, loss, "states on either side", y_name, legend=loss == shown[0])
    return figure


def summary(options: Options, tables: Tables) -> str:
    """Says what was measured, with the tables."""
    drawn = (
        "A loss compares as many states of an ensemble as of the data, and is drawn "
        f"{options.draws} times; *fresh data* are other states of the data."
    )
    preferred = (
        "A cell names the ensembles whose loss is smaller than that of fresh data against the "
        "same targets, with a 95% interval of the difference below 0. There the loss is biased "
        "towards narrow ensembles. No correction is made for the number of cells."
    )
    values = "Means over the draws, with standard errors; bold where the ensemble is preferred."
    parts = [drawn, preferred_table(tables), preferred, values]
    return "\n\n".join(parts + [value_table(tables, loss) for loss in LOSSES])


def describe(options: Options, tables: Tables) -> Record:
    """Returns the record.

    Arguments:
        options: The options of the command.
        tables: The rows `losses` and `preferred`.
    """
    caption = (
        "How far the transport loss of an ensemble is above that of fresh data, by the number "
        "of states on either side, with 95% intervals. Below the dashed line the loss prefers "
        "the ensemble to data."
    )
    pictures = {"gaps": Picture(caption, gap_figure(tables))}
    return Record(summary(options, tables), claims(tables), tables, pictures)
