"""What the numbers of shots and of errors say: summary, claims and figures."""

from collections.abc import Mapping, Sequence
from typing import Any

from latentq.experiments.hardware.measures import EXACT, RATE, SHOTS
from latentq.experiments.hardware.options import Options
from latentq.experiments.record import Claim, Picture, Record, Tables
from latentq.experiments.verdicts import Verdict
from latentq.report import plots

TITLES = {"eigenvector": "top eigenvector", "linear": "as estimated", "clipped": "clipped"}
COLOURS = dict(zip(TITLES, plots.LIGHT.models.values(), strict=True))
ERRORS = {
    "gate": "error of a two-qubit gate",
    "damping": "damping of a qubit at a gate",
    "readout": "misread bit",
}
SAME = 1.0  # FID; its deviation over resamples of the images is 0.7.


def pick(rows: Sequence[Mapping[str, Any]], **wanted: object) -> list[Mapping[str, Any]]:
    """Returns the rows that have some values."""
    return [row for row in rows if all(row[key] == value for key, value in wanted.items())]


def told(rate: float | None) -> str:
    """Writes a rate that may be beyond those measured."""
    return "none of these rates" if rate is None else f"{rate:.1e}"


def both(limits: Mapping[str, Any]) -> str:
    """Writes the rates that cost 10% and 50%."""
    costs = dict.fromkeys(told(limits[cost]) for cost in ("10%", "50%"))
    return " and ".join(costs)


def shot_claims(rows: Sequence[Mapping[str, Any]]) -> list[Claim]:
    """Judges what a number of shots is said to cost."""
    (exact,) = pick(rows, readout=EXACT)
    found = {row["readout"]: row["fid"] for row in pick(rows, shots=SHOTS)}
    if not found or exact["fid"] is None:
        return []
    more = found["eigenvector"] - exact["fid"]
    near: Verdict = "confirmed" if more < SAME else "refuted"
    biased = found["clipped"] - exact["fid"]
    away: Verdict = "confirmed" if biased > SAME else "refuted"
    return [
        Claim(
            f"{SHOTS:,} shots an image and the top eigenvector give the FID of exact states",
            f"{found['eigenvector']:.1f} against {exact['fid']:.1f}",
            near,
            f"{SAME:g}: FID varies by 0.7 over resamples of the images",
        ),
        Claim(
            "negative eigenvalues must not be clipped: the images lose their quality",
            f"FID {found['clipped']:.1f} with {SHOTS:,} shots",
            away,
            f"{SAME:g}, as above",
        ),
    ]


def error_claims(limits: Sequence[Mapping[str, Any]]) -> list[Claim]:
    """Judges what the eigenvector is said to mend."""
    found = {row["readout"]: row["10%"] for row in pick(limits, error="gate", shots=None)}
    plain, mended = found["linear"], found["eigenvector"]
    if plain is None:
        return []
    better: Verdict = "confirmed" if mended is None or mended > 1.25 * plain else "refuted"
    return [
        Claim(
            "the top eigenvector of a noisy state undoes part of the errors",
            f"10% of FID are lost at {told(mended)} instead of {plain:.1e}",
            better,
            "ratio 1.25, as in the study",
        )
    ]


def summary(options: Options, tables: Tables) -> str:
    """Says what was measured, and what came out."""
    (exact,) = pick(tables["shots"], readout=EXACT)
    best = pick(tables["shots"], readout="eigenvector")
    read = ", ".join(f"{row['fid']:.1f} with {row['shots']:,}" for row in best)
    found = {(row["error"], row["readout"], row["shots"]): both(row) for row in tables["limits"]}
    return (
        f"Images of {options.checkpoint} against {options.samples:,} held-out ones. With "
        f"states that are known exactly FID is {exact['fid']:.1f}; read out by shots, with the "
        f"top eigenvector, it is {read}. A machine with {RATE:,.0f} shots a second takes "
        f"{SHOTS / RATE:.2f} s for {SHOTS:,} of them. Errors of two-qubit gates cost 10% and 50% "
        f"of FID at {found['gate', 'linear', None]} a gate if the state is decoded as it is, at "
        f"{found['gate', 'eigenvector', SHOTS]} with the top eigenvector of {SHOTS:,} shots, and "
        f"at {found['gate', 'eigenvector', None]} with that of shots without end. With the latter "
        f"misread bits cost as much at {found['readout', 'eigenvector', None]}, and damping at "
        f"{found['damping', 'eigenvector', None]} a qubit and gate."
    )


def shot_figure(rows: Sequence[Mapping[str, Any]]) -> plots.Figure:
    """Draws FID, precision and recall against shots, a curve for each readout."""
    figure = plots.Figure(figsize=(10.5, 3.6), dpi=150, layout="constrained")
    (exact,) = pick(rows, readout=EXACT)
    for ax, key in zip(figure.subplots(1, 3), ("fid", "precision", "recall"), strict=True):
        for name, title in TITLES.items():
            chosen = pick(rows, readout=name)
            x, y = ([row[k] for row in chosen] for k in ("shots", key))
            plots.curve(ax, x, y, label=title, colour=COLOURS[name])
        plots.level(ax, exact[key], "exact states", in_legend=True)
        ax.set_xscale("log")
        if key == "fid":
            ax.set_yscale("log")
            plots.label_decades(ax.yaxis)
        title = "FID" if key == "fid" else key.capitalize()
        plots.finish(ax, title, "shots an image", title, legend=key == "fid")
    return figure


def error_figure(rows: Sequence[Mapping[str, Any]]) -> plots.Figure:
    """Draws FID, precision and recall against the error rate of gates."""
    figure = plots.Figure(figsize=(10.5, 3.6), dpi=150, layout="constrained")
    kinds = {
        ("linear", None): ("the state as it is", COLOURS["linear"], "-"),
        ("eigenvector", None): ("its top eigenvector", COLOURS["eigenvector"], "-"),
        ("eigenvector", SHOTS): (f"the same by {SHOTS:,} shots", COLOURS["eigenvector"], ":"),
    }
    for ax, key in zip(figure.subplots(1, 3), ("fid", "precision", "recall"), strict=True):
        for (name, shots), (title, colour, line) in kinds.items():
            chosen = pick(rows, error="gate", readout=name, shots=shots)
            x, y = ([row[k] for row in chosen] for k in ("rate", key))
            plots.curve(ax, x, y, label=title, colour=colour, line=line)
        plots.level(ax, pick(rows, error="none")[0][key], "no error", in_legend=True)
        ax.set_xscale("log")
        if key == "fid":
            ax.set_yscale("log")
            plots.label_decades(ax.yaxis)
        title = "FID" if key == "fid" else key.capitalize()
        plots.finish(ax, title, ERRORS["gate"], title, legend=key == "fid")
    return figure


def other_figure(rows: Sequence[Mapping[str, Any]]) -> plots.Figure:
    """Draws FID against damping and against misread bits."""
    figure = plots.Figure(figsize=(7.2, 3.6), dpi=150, layout="constrained")
    for ax, kind in zip(figure.subplots(1, 2), ("damping", "readout"), strict=True):
        for name in ("linear", "eigenvector"):
            chosen = pick(rows, error=kind, readout=name)
            x, y = ([row[k] for row in chosen] for k in ("rate", "fid"))
            label = "the state as it is" if name == "linear" else "its top eigenvector"
            plots.curve(ax, x, y, label=label, colour=COLOURS[name])
        plots.level(ax, pick(rows, error="none")[0]["fid"], "no error", in_legend=True)
        ax.set(xscale="log", yscale="log")
        plots.label_decades(ax.yaxis)
        plots.finish(ax, "FID", ERRORS[kind], "FID", legend=kind == "damping")
    return figure


def describe(options: Options, tables: Tables) -> Record:
    """Returns the record.

    Arguments:
        options: The options of the command.
        tables: The rows `shots`, `sharing`, `errors` and `limits`.
    """
    pictures = {
        "shots": Picture(
            "FID, precision and recall against the shots of each image, for three readouts.",
            shot_figure(tables["shots"]),
        ),
        "gates": Picture(
            "FID, precision and recall against the error rate of two-qubit gates.",
            error_figure(tables["errors"]),
        ),
        "others": Picture(
            "FID against the damping of qubits, and against misread bits.",
            other_figure(tables["errors"]),
        ),
    }
    claims = [*shot_claims(tables["shots"]), *error_claims(tables["limits"])]
    return Record(summary(options, tables), claims, tables, pictures)
