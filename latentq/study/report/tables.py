"""The tables of the report, each with what a reader sorts it by."""

from __future__ import annotations

from collections.abc import Sequence

from latentq.report.blocks import Table
from latentq.report.statistics import Summary
from latentq.report.wording import ABSENT, MISSING, count, interval, number
from latentq.study.arms import ARMS, Role
from latentq.study.report.findings import QUANTUM, Findings
from latentq.study.report.provenance import MEMORISED, memorised
from latentq.study.report.records import MATCHING, SCORES, missing
from latentq.study.report.wording import images_text, p_text, pairs_text, percent, seeds_text
from latentq.study.verdict import Pairs

Entry = tuple[str, float | str | None]  # What a job shows, and what it is sorted by.

TONES = {
    "quantum better": "quantum",
    "classical better": "classical",
    "no difference": "same",
    "not enough data": "open",
}


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[Entry]],
    numeric: bool = True,
    strong: frozenset[int] = frozenset(),
) -> Table:
    """Makes a table that a reader can sort."""
    texts = [[text for text, _ in row] for row in rows]
    values = [[value for _, value in row] for row in rows]
    return Table(head, texts, numeric, strong, values, TONES)


def _title(arm: str) -> Entry:
    """Returns the job that names an arm."""
    return ARMS[arm].title, ARMS[arm].title


def _mean(summary: Summary | None, runs: int = 0) -> Entry:
    """Returns the job of a mean."""
    return interval(summary, runs), None if summary is None else summary.mean


def _ratio(pairs: Pairs) -> Entry:
    """Returns the job of a ratio."""
    return pairs_text(pairs), pairs.ratio


def _seeds(findings: Findings, arm: str, size: int) -> Entry:
    """Returns the job of the number of seeds."""
    have, planned = findings.seeds(arm, size)
    return seeds_text(have, planned), have


def _images(findings: Findings, size: int) -> Entry:
    """Returns the job of a number of images."""
    return images_text(findings.study, size), size


def overall_table(findings: Findings) -> Table:
    """Makes the table of the verdicts over all matched arms."""
    rows: list[list[Entry]] = [
        [
            _images(findings, size),
            (verdict, verdict),
            _mean(findings.summary(QUANTUM, size, "fid")),
            _seeds(findings, QUANTUM, size),
        ]
        for size, verdict in sorted(findings.judgement.overall.items(), reverse=True)
    ]
    head = ["Images", "Verdict over all matched arms", "FID of quantum ↓", "Seeds"]
    return table(head, rows, strong=frozenset({0}))


def verdict_table(findings: Findings) -> Table:
    """Makes the table of the verdicts on every matched arm at every number of images."""
    ordered = sorted(findings.judgement.results, key=lambda result: -result.size)
    rows: list[list[Entry]] = [
        [
            _title(result.arm),
            _images(findings, result.size),
            (result.verdict, result.verdict),
            _ratio(result.pairs),
            (p_text(result.adjusted), result.adjusted),
            (count(len(result.pairs.seeds)), len(result.pairs.seeds)),
        ]
        for result in ordered
    ]
    head = ["Matched arm", "Images", "Verdict", "Quantum ÷ arm", "Adjusted p", "Seeds"]
    return table(head, rows)


def others_table(findings: Findings, role: Role) -> Table:
    """Makes the table of arms that take no part in the verdict, against quantum."""
    size = findings.largest
    rows = [
        [
            _title(arm),
            _seeds(findings, arm, size),
            _mean(findings.summary(arm, size, "fid")),
            _ratio(findings.against(arm, size)),
            *(_mean(findings.summary(arm, size, key)) for key in ("precision", "recall")),
        ]
        for arm in (QUANTUM, *findings.arms(role))
    ]
    rows[0][3] = (ABSENT, 1.0)
    what = "What is removed" if role == "control" else "Model"
    head = [what, "Seeds", "FID ↓", "Quantum ÷ arm", "Precision ↑", "Recall ↑"]
    return table(head, rows, strong=frozenset({0}))


def scores_table(findings: Findings, size: int) -> Table:
    """Makes the table of all scores of all arms at one number of images."""
    arms = [arm for arm in findings.all_arms if findings.seeds(arm, size)[1]]
    rows = [
        [
            _title(arm),
            _seeds(findings, arm, size),
            *(
                _mean(findings.summary(arm, size, key), findings.seeds(arm, size)[0])
                for key in SCORES
            ),
        ]
        for arm in arms
    ]
    strong = frozenset(i for i, arm in enumerate(arms) if arm == QUANTUM)
    earlier = memorised(findings) != MEMORISED
    titles = {**SCORES, **({"memorisation.closer": "Memorised, earlier rule"} if earlier else {})}
    return table(["Arm", "Seeds", *titles.values()], rows, strong=strong)


def matching_table(findings: Findings) -> Table:
    """Makes the table of the sizes of all arms and the effort spent on them."""
    size = findings.largest
    rows = []
    for arm in findings.all_arms:
        found = {key: findings.agreed(arm, size, key) for key in MATCHING}
        jobs: dict[str, Entry] = {key: (count(value), value) for key, value in found.items()}
        seconds = found["cpu_seconds.prior"]
        if seconds is not None:
            jobs["cpu_seconds.prior"] = (number(seconds, 0 if seconds >= 10 else 1), seconds)
        if found["parameters.prior"] == 0:  # Nothing is trained.
            untrained = dict.fromkeys(("cpu_seconds.prior", "iterations"), (ABSENT, None))
            jobs |= {key: job for key, job in untrained.items() if not found[key]}
        excess = _excess(findings, arm, found["parameters.prior"])
        ordered = [jobs[key] for key in MATCHING]
        rows.append([_title(arm), *ordered[:2], excess, *ordered[2:]])
    titles = list(MATCHING.values())
    head = ["Arm", *titles[:2], "Against quantum's", *titles[2:]]
    return table(head, rows, strong=frozenset({0}))


def _excess(findings: Findings, arm: str, weights: float | None) -> Entry:
    """Returns the job that compares the size of a prior with that of quantum."""
    if arm == QUANTUM or weights == 0:
        return ABSENT, None
    excess = findings.excess(arm)
    return percent(excess), excess


def missing_table(findings: Findings) -> Table | None:
    """Makes the table of the jobs that have no FID, or returns `None` if there is none."""
    rows: list[list[Entry]] = [
        [
            (str(row["title"]), str(row["title"])),
            _images(findings, int(row["size"] or 0)),
            (str(row["seed"]), row["seed"]),
            (str(row["state"]), row["state"]),
            (str(row["reason"]) or MISSING, row["reason"]),
        ]
        for row in missing(findings)
    ]
    head = ["Arm", "Images", "Seed", "State", "Reason"]
    return table(head, rows, numeric=False) if rows else None
