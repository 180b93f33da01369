"""Results as a document of the report: times with ratios to ours, rooflines, and notes."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.engines import ENGINES, OURS
from benchmarks.suites import MEANINGS
from latentq.report.blocks import Block, Bullets, Document, Gallery, Image, Paragraph, Section
from latentq.report.blocks import Table as Grid

Row = dict[str, Any]
SHARED = 0.9
METHODS = (
    "One thread, pinned to one core. Times are medians over rounds of the milliseconds of one "
    "whole iteration: circuit, measurement, loss, gradient and Adam. In brackets the ratio to "
    "ours. All engines take turns within each round. Quartiles and the seconds of the first call, "
    "compilation included, are in the JSON file.",
    "Before anything is timed, loss, gradient and the angles after one step are compared with "
    "those of our engine.",
)
KRAUS = (
    "What our engine does can be done by hand with the others: execute the circuit on the basis "
    "states of the data only, and apply the Kraus matrices that come out to the batch. It pays "
    "where there are more states than dimensions."
)


def milliseconds(seconds: float) -> str:
    """Writes a time in milliseconds with three significant digits."""
    ms = 1e3 * seconds
    digits = 2 if ms < 10 else 1 if ms < 100 else 0
    return f"{ms:,.{digits}f}"


def _ratio(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:,.0f}"


def _cell(row: Row, key: str) -> str:
    cell = row["engines"][key]
    if "left_out" in cell:
        return str(cell["left_out"])
    if key == OURS.key:
        return milliseconds(cell["median"])
    ratio = cell["median"] / row["engines"][OURS.key]["median"]
    return f"{milliseconds(cell['median'])} ({_ratio(ratio)})"


def times(rows: Sequence[Row], kraus: bool) -> Grid | None:
    """Tabulates times, of peers as they are used or with Kraus matrices.

    Arguments:
        rows: The rows of a suite.
        kraus: Whether the peers are lent Kraus matrices.

    Returns:
        The table, or `None` if no such peer was timed.
    """
    keys = [key for key in rows[0]["engines"] if ENGINES[key].kraus == kraus and key != OURS.key]
    if not any("median" in row["engines"][key] for row in rows for key in keys):
        keys = [] if kraus else keys
    if not keys and kraus:
        return None
    keys = [OURS.key, *keys]
    head = ["iteration", *(ENGINES[key].label for key in keys)]
    return Grid(head, [[row["label"], *(_cell(row, key) for key in keys)] for row in rows])


def rooflines(rows: Sequence[Row]) -> Grid:
    """Tabulates the floors of our engine."""
    head = ["iteration", "MFLOP", "MB", "floor in ms", "bound by", "time / floor"]
    lines = []
    for row in rows:
        least = row["roofline"]
        counts = [f"{least[k] / 1e6:.4g}" for k in ("flops", "bytes")]
        measured = [f"{1e3 * least['floor_s']:.3g}", least["bound"], _ratio(least["ratio"])]
        lines.append([row["label"], *counts, *measured])
    return Grid(head, lines)


def document_of_choices(result: Row) -> Document:
    """Returns the document of the suite `choices`, given what its JSON file holds."""
    return _own_document(result, [Section("Choices", [_choices(result["rows"])], level=2)])


def _choices(rows: Sequence[Row]) -> Grid:
    lines = []
    for row in rows:
        taken, other = row["taken"], next(k for k in row["ms"] if k != row["taken"])
        ms = [milliseconds(1e-3 * row["ms"][k]) for k in (taken, other)]
        ratio = _ratio(row["ms"][other] / row["ms"][taken])
        lines.append([row["case"], f"{taken}: {ms[0]}", f"{other}: {ms[1]}", ratio])
    return Grid(["case", "taken, ms", "alternative, ms", "alternative / taken"], lines)


def document_of_solvers(result: Row) -> Document:
    """Returns the document of the suite `solvers`, given what its JSON file holds."""
    rows = result["rows"]
    labels = [*rows[0]["ms"]]
    lines = []
    for row in rows:
        ours, *others = (row["ms"][label] for label in labels)
        ratios = [f"{milliseconds(1e-3 * ms)} ({_ratio(ms / ours)})" for ms in others]
        lines.append([row["label"], milliseconds(1e-3 * ours), *ratios])
    missing = rows[0]["missing"]
    notes = [f"Left out, not installed: {', '.join(missing)}."] if missing else []
    grid = Grid(["transports, ms", *labels], lines)
    return _own_document(result, [Section("Solvers", [grid], level=2)], notes)


def document_of_chain(result: Row) -> Document:
    """Returns the document of the suite `chain`, given what its JSON file holds."""
    timing = result["chain"]
    whole = Section("The whole", [_chain(timing)], level=2)
    notes = []
    if timing["cores"] < SHARED:
        spent = milliseconds(timing["cores"] * timing["median"])
        notes.append(
            f"The machine was not idle: the run had {timing['cores']:.0%} of its core, so that an "
            f"iteration took about {spent} ms of the processor."
        )
    steps = Section("Steps and their floors", [_steps(result["steps"])], level=2)
    ways = Section("Transports, now and before", [_choices(result["transports"])], level=2)
    return _own_document(result, [whole, steps, ways, *_parts(result)], notes)


def _steps(rows: Sequence[Row]) -> Grid:
    """Tabulates steps by the time on the processor, which others on the machine change less."""
    lines = []
    for row in rows:
        spent = row["cores"] * row["median"]
        times = [milliseconds(x) for x in (row["median"], spent, row["floor_s"])]
        lines.append([row["name"], row["label"], *times, _ratio(spent / row["floor_s"])])
    head = ["step", "iteration", "ms", "ms of the processor", "floor in ms", "processor / floor"]
    return Grid(head, lines)


def document_of_parts(result: Row) -> Document:
    """Returns the document of the suite `parts`, given what its JSON file holds."""
    return _own_document(result, _parts(result))


def _parts(result: Row) -> list[Section]:
    sections = []
    for row in result["rows"]:
        whole = row["whole_ms"]
        lines = [[k, f"{v:.3f}", f"{v / whole:.0%}"] for k, v in row["ms"].items()]
        grid = Grid(["part", "ms", "share"], [*lines, ["the whole", f"{whole:.3f}", "100%"]])
        sections.append(Section(row["label"], [grid], level=2))
    return sections


def _own_document(result: Row, sections: list[Section], more: Sequence[str] = ()) -> Document:
    notes = Section("Notes", [Bullets([*_machine(result["machine"]), *more])], level=2)
    text = f"{MEANINGS[result['suite']]} One thread, medians, the ways taken in turn."
    title = f"Benchmark: {result['suite']}"
    return Document(title, [], [Paragraph(text)], [*sections, notes])


def _machine(machine: Row) -> Iterator[str]:
    known = ", ".join(f"{k} {v}" for k, v in machine["packages"].items() if v)
    yield f"{machine['cpu']}, device {machine['device']}, {machine['date']}; {known}."
    if commit := machine["git_commit"]:
        yield f"Commit {commit}."


def _notes(result: Row) -> Iterator[str]:
    yield from _machine(result["machine"])
    for row in result["rows"]:
        for key, cell in row["engines"].items():
            if cell.get("cores", 1) < SHARED:
                share = f"{cell['cores']:.0%}"
                yield f"{row['label']}, {ENGINES[key].label}: had {share} of its core."


def document(result: Row, picture: Path | None) -> Document:
    """Returns the document of a suite.

    Arguments:
        result: What the JSON file holds.
        picture: The file of its figure, if it has one.
    """
    rows, sections = result["rows"], []
    tables: list[Block] = [Paragraph(text) for text in METHODS]
    if usual := times(rows, kraus=False):
        tables.append(usual)
    if picture:
        tables.append(Gallery([Image("Time against size", picture.name, path=picture)]))
    sections.append(Section("Time of one iteration in ms", tables, level=2))
    if lent := times(rows, kraus=True):
        blocks: list[Block] = [Paragraph(KRAUS), lent]
        sections.append(Section("Peers with Kraus matrices, in ms", blocks, level=2))
    if all("roofline" in row for row in rows):
        sections.append(Section("Roofline of our engine", _floor(result), level=2))
    sections.append(Section("Notes", [Bullets([*_notes(result)])], level=2))
    title = f"Benchmark: {result['suite']}"
    return Document(title, [], [Paragraph(MEANINGS[result["suite"]])], sections)


def _floor(result: Row) -> list[Block]:
    peaks = result["peaks"]
    rates = (
        f"Measured in the same run on one thread: {peaks['flops_per_s'] / 1e9:.0f} GFLOP/s in a "
        f"float32 matrix product of size 1024, {peaks['bytes_per_s'] / 1e9:.1f} GB/s read and "
        "written by a large copy. The floor takes the rate of a copy of the size of the states, "
        "which may stay in a cache."
    )
    return [Paragraph(rates), rooflines(result["rows"])]


def _chain(chain: Row) -> Grid:
    rate = f"{1 / chain['median']:.2f}"
    return Grid(
        ["iteration", "ms", "iterations per second"],
        [[chain["label"], milliseconds(chain["median"]), rate]],
    )
