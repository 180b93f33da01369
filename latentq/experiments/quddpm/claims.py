"""What the rows of the trainings say of the paper, and of its circuits."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from latentq.experiments.quddpm.tasks import TASKS, Task
from latentq.experiments.record import Claim, Verdict
from latentq.report.statistics import Summary, summarize
from latentq.report.wording import listed, number

Row = Mapping[str, Any]
NAMES = {"mmd": "MMD", "wasserstein": "Wasserstein distance"}
TUNED = ("ladder, together", "five steps, together")
KEY = "one key"  # Its error is that of the outcomes it was trained on, and no test.
QUDT = 0.465  # The published fidelity of one step with as many parameters, 2-qubit cluster.


def of(rows: Sequence[Row], task: str, way: str, key: str) -> Summary | None:
    """Returns the mean of a number over seeds, with its interval."""
    return summarize(row[key] for row in rows if row["task"] == task and row["way"] == way)


def ways(rows: Sequence[Row], task: str) -> list[str]:
    """Returns the ways in which circuits of a task were trained, in the order of the rows."""
    found = (row["way"] for row in rows if row["task"] == task and row["parameters"])
    return list(dict.fromkeys(found))


def best(rows: Sequence[Row], task: str) -> tuple[str, Summary]:
    """Returns the way with the least mean error of a task on new outcomes, and that error."""
    tried = [way for way in ways(rows, task) if way != KEY]
    found = {way: of(rows, task, way, TASKS[task].measure) for way in tried}
    return min(((w, s) for w, s in found.items() if s), key=lambda item: item[1].mean)


def mean(found: Summary | None) -> float | None:
    """Returns a mean, if there is one."""
    return None if found is None else found.mean


def spelled(found: Summary | None) -> str:
    """Writes a mean with the range over seeds; an interval would suppose that they are normal."""
    if found is None or len(found.values) == 1:
        return number(mean(found))
    return f"{number(found.mean)} ({number(min(found.values))} to {number(max(found.values))})"


def log_ratio(rows: Sequence[Row], task: str, one: str, other: str) -> Summary | None:
    """Returns the mean logarithm of the ratio of two ways' errors at equal seeds."""
    key = TASKS[task].measure
    errors = [
        {row["seed"]: row[key] for row in rows if row["task"] == task and row["way"] == way}
        for way in (one, other)
    ]
    shared = [seed for seed in errors[0] if seed in errors[1]]
    return summarize(math.log(errors[0][seed] / errors[1][seed]) for seed in shared)


def reproduced(rows: Sequence[Row], name: str, task: Task) -> Claim:
    """Settles whether the published recipe reaches the published error, on average."""
    found = {way: of(rows, name, way, task.measure) for way in ("published", "longer", "data")}
    text = spelled(found["published"])
    if found["longer"]:
        text += f", with four times the iterations {spelled(found['longer'])}"
    first = found["published"]
    return Claim(
        f"{task.title}: {NAMES[task.measure]} {task.error:g} on test states",
        f"{text}; between two sets of data {number(mean(found['data']))}",
        "cannot be compared" if first is None
        else "confirmed" if first.mean <= task.error else "corrected",
    )  # fmt: skip


def observed(rows: Sequence[Row], name: str, task: Task) -> Claim:
    """Settles whether the published mean of what else is measured is in the range over seeds."""
    found = {w: of(rows, name, w, "observable") for w in ("published", best(rows, name)[0])}
    data = of(rows, name, "data", "observable")
    text = ", ".join(f"{spelled(summary)} ({way})" for way, summary in found.items())
    first, wanted = found["published"], task.observed or 0.0
    inside = first is not None and min(first.values) <= wanted <= max(first.values)
    return Claim(
        f"{task.title}: {task.observable} {wanted:g}",
        f"{text}; data {number(mean(data))}",
        "cannot be compared" if first is None else "confirmed" if inside else "corrected",
    )


def described(rows: Sequence[Row], name: str, way: str) -> str:
    """Writes the error of a way, with what else is published of the task."""
    task = TASKS[name]
    text = spelled(of(rows, name, way, task.measure))
    if task.observable:
        text += f", {task.observable} {spelled(of(rows, name, way, 'observable'))}"
    return text


def measured(rows: Sequence[Row], name: str, task: Task) -> Claim:
    """Settles whether circuits that were trained with one key are as good on measured outcomes."""
    anew = f"{KEY}, measured anew"
    found = of(rows, name, anew, task.measure)
    verdict: Verdict = (
        "cannot be compared" if found is None
        else "refuted" if min(found.values) > task.error
        else "confirmed" if max(found.values) <= task.error else "no difference"
    )  # fmt: skip
    return Claim(
        f"{task.title}: circuits trained with one key for all outcomes reach "
        f"{NAMES[task.measure]} {task.error:g} with other outcomes",
        f"with the key {described(rows, name, KEY)}; with other outcomes "
        f"{described(rows, name, anew)}",
        verdict,
    )


def limit(rows: Sequence[Row], name: str, task: Task) -> Claim:
    """Settles whether the published error is the limit of the circuits: refuted by every seed."""
    way, error = best(rows, name)
    data = of(rows, name, "data", task.measure)
    assert data is not None
    text = f"{spelled(error)} ({way}), {number(error.mean / task.error)} of the published error"
    if max(error.values) <= task.error / 2:
        text += "; every seed has less than half of it"
    elif data.mean > task.error:
        text += f"; all of it is less than two sets of data have, {number(data.mean)}"
    elif data.mean > task.error / 2:
        text += f"; half of it is less than two sets of data have, {number(data.mean)}"
    else:
        text += "; half of it is not reached by every seed"
    if task.measure == "mmd":
        text += f"; unbiased {spelled(of(rows, name, way, 'unbiased'))}"
    verdict: Verdict = (
        "refuted" if max(error.values) < task.error
        else "cannot be compared" if data.mean > task.error
        else "no difference" if error.mean < task.error else "confirmed"
    )  # fmt: skip
    return Claim(f"{task.title}: its circuits reach no less than {task.error:g}", text, verdict)


def contest(
    rows: Sequence[Row], statement: str, first: str, second: str, tasks: Sequence[str]
) -> Claim:
    """Settles whether one way has less error than another one, by the ratio at equal seeds.

    Arguments:
        rows: The rows.
        statement: What is said, namely that the first is better.
        first: The way that is said to be better.
        second: The other way.
        tasks: The tasks to compare them on.
    """
    found = {task: log_ratio(rows, task, first, second) for task in tasks}
    known = {task: d for task, d in found.items() if d is not None and d.half is not None}
    signs = {
        task: 0 if abs(d.mean) <= (d.half or 0) else (1 if d.mean < 0 else -1)
        for task, d in known.items()
    }
    text = "; ".join(
        f"{TASKS[task].title} {spelled(of(rows, task, first, TASKS[task].measure))} against "
        f"{spelled(of(rows, task, second, TASKS[task].measure))}"
        for task in known
    )
    better, worse = (
        listed(TASKS[t].title for t, s in signs.items() if s == sign) or "none" for sign in (1, -1)
    )
    verdict: Verdict = (
        "cannot be compared" if not known
        else "confirmed" if min(signs.values()) == 1
        else "refuted" if max(signs.values()) == -1
        else "no difference" if not any(signs.values())
        else "corrected"
    )  # fmt: skip
    clear = f"{text}. Better beyond the spread of seeds: {better}; worse: {worse}"
    return Claim(statement, clear if known else "two seeds or more are needed", verdict)


def one_step(rows: Sequence[Row]) -> Claim:
    """Settles the published benchmark of one step with as many parameters."""
    fidelity = of(rows, "cluster2", "one step", "observable")
    chain = of(rows, "cluster2", "published", "observable")
    verdict: Verdict = "cannot be compared"
    if fidelity and chain:
        verdict = (
            "confirmed" if max(fidelity.values) < min(chain.values)
            else "refuted" if min(fidelity.values) > max(chain.values) else "no difference"
        )  # fmt: skip
    return Claim(
        f"One step with as many parameters (QuDT) is worse than a chain: fidelity {QUDT} "
        "for the 2-qubit cluster",
        f"{spelled(fidelity)}, the chain {spelled(chain)} (published recipe)",
        verdict,
    )


def settle(rows: Sequence[Row]) -> list[Claim]:
    """Returns all claims that the rows settle."""
    tasks = {name: TASKS[name] for name in dict.fromkeys(row["task"] for row in rows)}
    tasks = {name: task for name, task in tasks.items() if ways(rows, name)}
    claims = []
    for name, task in tasks.items():
        claims.append(reproduced(rows, name, task))
        if task.observable:
            claims.append(observed(rows, name, task))
        if task.one_key and KEY in ways(rows, name):
            claims.append(measured(rows, name, task))
        claims.append(limit(rows, name, task))
    better = {
        "The exact gradient of the same loss is better": ("exact", "published"),
        "The ladder of kernels, the gradient of the probabilities and a larger learning rate are "
        "better": ("ladder", "published"),
        "Training all steps together at the end is better": (TUNED[0], "ladder"),
        "The published number of steps is better than five with as many parameters": TUNED,
    }
    claims += [contest(rows, text, *pair, list(tasks)) for text, pair in better.items()]
    return [*claims, one_step(rows)] if "cluster2" in tasks else claims


def summary(rows: Sequence[Row], share: float, seconds: float) -> str:
    """Returns the paragraph of the record.

    Arguments:
        rows: The rows of all trainings.
        share: The share of the published iterations that they had.
        seconds: The processor time that they took.
    """
    trained = [name for name in TASKS if ways(rows, name)]
    seeds = len({row["seed"] for row in rows})
    found = []
    for name in trained:
        way, error = best(rows, name)
        task = TASKS[name]
        found.append(
            f"{task.title}: {NAMES[task.measure]} {spelled(error)} ({way}; published "
            f"{task.error:g}, new data {spelled(of(rows, name, 'data', task.measure))})"
        )
    less = "" if share == 1 else f", with {share:g} of the iterations only"
    plural = "seed" if seeds == 1 else "seeds"
    return "\n\n".join(
        (
            "The circuits of the paper, with its ensembles, strengths, layers and ancillas, on "
            f"{seeds} {plural}; in brackets is the range over seeds. The least errors on new "
            f"states: {'; '.join(found)}.",
            "*Published* is the recipe of the paper, with the numbers of iterations of its stored "
            "results. *One key* draws the outcomes of all iterations and steps with the same "
            "numbers. *Ladder* and *five steps* are trained by the kernels up to F¹⁶ with the "
            "gradient of outcome probabilities, and *together* means that all steps were trained "
            "at once by the Wasserstein distance in the end.",
            f"The trainings took {number(seconds / 3600)} hours of processor time{less}; the "
            "command is quick where they are kept.",
        )
    )
