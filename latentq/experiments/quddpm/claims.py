"""What the rows of the trainings say of the paper, and of its circuits."""

from collections.abc import Sequence

from latentq.experiments.quddpm.tasks import TASKS, EnsembleTask
from latentq.experiments.record import Claim, Row
from latentq.experiments.verdicts import RATIO, Verdict, higher, small, within
from latentq.report.statistics import Judged, Scale, Summary, judge_ratio, ratio_of, summarize
from latentq.report.wording import interval, listed, number

# The unbiased MMD of a perfect model is negative half of the time, and has the raw scale.
SCALES: dict[str, Scale] = {"mmd": "ratio", "wasserstein": "ratio", "observable": "share"}
APART = 0.02  # Of an observable between 0 and 1.
NAMES = {"mmd": "MMD", "wasserstein": "Wasserstein distance"}
TUNED = ("ladder, together", "five steps, together")
KEY = "one key"  # Its error is that of the outcomes it was trained on, and no test.
QUDT = 0.465  # The published fidelity of one step with as many parameters, 2-qubit cluster.


def of(rows: Sequence[Row], task: str, way: str, key: str) -> Summary | None:
    """Returns the mean of a number over seeds on its scale, with its interval."""
    values = [row[key] for row in rows if row["task"] == task and row["way"] == way]
    return summarize(values, SCALES.get(key, "signed"))


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


def ratio(rows: Sequence[Row], task: str, one: str, other: str, key: str = "") -> Summary | None:
    """Returns the ratio of two ways' errors, or of another number, at equal seeds."""
    key = key or TASKS[task].measure
    errors = [
        {row["seed"]: row[key] for row in rows if row["task"] == task and row["way"] == way}
        for way in (one, other)
    ]
    return ratio_of(*errors)


def to_published(found: Summary | None, error: float) -> Judged:
    """Judges the ratio of an error to the published one."""
    return judge_ratio(None if found is None else found.times(1 / error))


def reaches(judged: Judged) -> Verdict:
    """Says whether an error is that of the paper, or less, within the margin."""
    if judged.inside or judged.side == "lower":
        return "confirmed"
    return "corrected" if judged.side == "higher" else "not enough data"


def reproduced(rows: Sequence[Row], name: str, task: EnsembleTask) -> Claim:
    """Settles whether the published recipe reaches the published error, on average."""
    found = {way: of(rows, name, way, task.measure) for way in ("published", "longer", "data")}
    text = interval(found["published"])
    if found["longer"]:
        text += f", with four times the iterations {interval(found['longer'])}"
    first = found["published"]
    return Claim(
        f"{task.title}: {NAMES[task.measure]} {task.error:g} on test states",
        f"{text}; between two sets of data {number(mean(found['data']))}",
        "cannot be compared" if first is None else reaches(to_published(first, task.error)),
        f"{RATIO}, of ours to the published error; less is well",
    )


def observed(rows: Sequence[Row], name: str, task: EnsembleTask) -> Claim:
    """Settles whether the published mean of what else is measured is that of ours."""
    found = {w: of(rows, name, w, "observable") for w in ("published", best(rows, name)[0])}
    data = of(rows, name, "data", "observable")
    text = ", ".join(f"{interval(summary)} ({way})" for way, summary in found.items())
    first, wanted = found["published"], task.observed or 0.0
    return Claim(
        f"{task.title}: {task.observable} {wanted:g}",
        f"{text}; data {number(mean(data))}",
        "cannot be compared" if first is None
        else within(first.ends, wanted - APART, wanted + APART),
        f"±{APART}, of an observable between 0 and 1 that is published without an interval",
    )  # fmt: skip


def described(rows: Sequence[Row], name: str, way: str) -> str:
    """Writes the error of a way, with what else is published of the task."""
    task = TASKS[name]
    text = interval(of(rows, name, way, task.measure))
    if task.observable:
        text += f", {task.observable} {interval(of(rows, name, way, 'observable'))}"
    return text


def measured(rows: Sequence[Row], name: str, task: EnsembleTask) -> Claim:
    """Settles whether circuits that were trained with one key are as good on measured outcomes."""
    anew = f"{KEY}, measured anew"
    found = of(rows, name, anew, task.measure)
    verdict = reaches(to_published(found, task.error))
    verdict = "refuted" if verdict == "corrected" else verdict
    return Claim(
        f"{task.title}: circuits trained with one key for all outcomes reach "
        f"{NAMES[task.measure]} {task.error:g} with other outcomes",
        f"with the key {described(rows, name, KEY)}; with other outcomes "
        f"{described(rows, name, anew)}",
        verdict if found else "cannot be compared",
        f"{RATIO}, of ours to the published error; less is well",
    )


def limit(rows: Sequence[Row], name: str, task: EnsembleTask) -> Claim:
    """Settles whether the published error is the limit of the circuits."""
    way, error = best(rows, name)
    data = of(rows, name, "data", task.measure)
    assert data is not None
    judged = to_published(error, task.error)
    share = interval(error.times(1 / task.error))
    text = f"{interval(error)} ({way}), {share} of the published error"
    if error.ends is not None and error.ends[1] <= task.error / 2:
        text += "; that is less than half of it"
    elif data.mean > task.error:
        text += f"; all of it is less than two sets of data have, {number(data.mean)}"
    elif data.mean > task.error / 2:
        text += f"; half of it is less than two sets of data have, {number(data.mean)}"
    else:
        text += "; half of it is not reached"
    if task.measure == "mmd":
        text += f"; unbiased {interval(of(rows, name, way, 'unbiased'))}"
    verdict: Verdict = (
        "refuted" if judged.side == "lower" and not judged.inside
        else "cannot be compared" if data.mean > task.error
        else "confirmed" if judged.inside or judged.side == "higher" else "not enough data"
    )  # fmt: skip
    return Claim(
        f"{task.title}: its circuits reach no less than {task.error:g}",
        f"{text}{small([judged])}",
        verdict,
        f"{RATIO}, of ours to the published error",
    )


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
    found = {task: ratio(rows, task, first, second) for task in tasks}
    known = {task: r for task, r in found.items() if r is not None and r.ends is not None}
    # The ratio of errors the other way round, so that more is better.
    judged = {task: judge_ratio(ratio(rows, task, second, first)) for task in known}
    text = "; ".join(
        f"{TASKS[task].title} {interval(of(rows, task, first, TASKS[task].measure))} against "
        f"{interval(of(rows, task, second, TASKS[task].measure))}, ratio {interval(known[task])}"
        for task in known
    )
    parts = {
        side: listed(TASKS[t].title for t, one in judged.items() if one.side == side) or "none"
        for side in ("higher", "lower", "no difference")
    }
    clear = (
        f"{text}. Better: {parts['higher']}; worse: {parts['lower']}; no difference: "
        f"{parts['no difference']}{small([*judged.values()])}"
    )
    verdict: Verdict = higher([*judged.values()]) if known else "cannot be compared"
    needed = "two seeds or more are needed"
    return Claim(statement, clear if known else needed, verdict, f"{RATIO}, of errors")


def one_step(rows: Sequence[Row]) -> Claim:
    """Settles the published benchmark of one step with as many parameters."""
    fidelity = of(rows, "cluster2", "one step", "observable")
    chain = of(rows, "cluster2", "published", "observable")
    gained = ratio(rows, "cluster2", "published", "one step", "observable")
    verdict: Verdict = "cannot be compared"
    if fidelity and chain:
        verdict = higher([judge_ratio(gained)])
    return Claim(
        f"One step with as many parameters (QuDT) is worse than a chain: fidelity {QUDT} "
        "for the 2-qubit cluster",
        f"{interval(fidelity)}, the chain {interval(chain)} (published recipe), ratio of "
        f"the chain to one step {interval(gained)}",
        verdict,
        f"{RATIO}, of fidelities",
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
            f"{task.title}: {NAMES[task.measure]} {interval(error)} ({way}; published "
            f"{task.error:g}, new data {interval(of(rows, name, 'data', task.measure))})"
        )
    less = "" if share == 1 else f", with {share:g} of the iterations only"
    plural = "seed" if seeds == 1 else "seeds"
    return "\n\n".join(
        (
            "The circuits of the paper, with its ensembles, strengths, layers and ancillas, on "
            f"{seeds} {plural}; in brackets are 95% intervals over seeds. The least errors on new "
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
