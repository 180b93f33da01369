"""The measured numbers of a card, with what is known of their errors.

The intervals of one model are of the images alone: a share of :math:`n` images has Wilson's
interval, and FID the normal one by its standard deviation over bootstrap resamples of the
generated images. What other seeds give is known where the study trained the same kind.
"""

import csv
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latentq.paths import ROOT
from latentq.report.finished import finite
from latentq.report.statistics import LEVEL, Summary, around, read
from latentq.report.wording import bracketed, number

Facts = Mapping[str, Any]
STUDY = ROOT / "docs" / "results" / "study"
SAME = 0.5  # Two machines give FIDs that differ by as much, see README.
# They say on what and for how long a run of a study is trained, and not which model it is.
SURROUNDINGS = re.compile(r"(data|seed|threads|autoencoder|images\.|run\.|denoising\.|device)")
SHARES = {
    "precision": "share of the samples that look like real images",
    "recall": "share of the real images that look like samples",
    "coverage": "share of the real images that have a sample near them",
    "label_accuracy": "share of the samples that are of the class that was asked for",
}
OF_REAL = ("recall", "coverage")


@dataclass(frozen=True)
class Measure:
    """A measured number: its key, its value with an interval if there is one, and its meaning."""

    key: str
    summary: Summary
    meaning: str

    @property
    def text(self) -> str:
        """The value, with its interval in brackets."""
        mean, ends = self.summary.mean, self.summary.ends
        return number(mean) if ends is None else bracketed(mean, ends)


def share_of(value: float, n: int | None) -> Summary:
    """Returns a share of some images with Wilson's interval, if their number is known."""
    if n is None:
        return Summary(value, None)
    from scipy.stats import binomtest  # Slow to import.

    found = binomtest(round(value * n), n).proportion_ci(LEVEL, method="wilson")
    return Summary(value, (float(found.low), float(found.high)))


def fid_of(metrics: Facts) -> Summary:
    """Returns the FID of samples, with its normal interval where its deviation was measured."""
    deviation = finite(metrics.get("fid_deviation"))
    return around(metrics["fid"], None if deviation is None else 1.96 * deviation)


def measures_of(metrics: Facts) -> list[Measure]:
    """Lists the measures of a model in the order of a card, those that it has."""
    real = metrics["data"].get(metrics.get("split", "test"))
    if "test_accuracy" in metrics:
        meaning = "share of the test images whose class it finds"
        return [Measure("accuracy", share_of(metrics["test_accuracy"], real), meaning)]
    return [*_distances(metrics), *_shares(metrics, real)]


def _distances(metrics: Facts) -> Iterator[Measure]:
    if finite(metrics.get("fid")) is not None:
        yield Measure("fid", fid_of(metrics), "distance of the samples from the real images")
    plain = {
        "fid_floor": "the same of training images, a floor",
        "fid_reconstruction": "the same of images that the autoencoder has taken apart and put "
        "together again",
        "kid": "another distance, by a kernel",
        "density": "how densely real images lie around the samples, 1 for real ones",
    }
    for key, meaning in plain.items():
        if (value := finite(metrics.get(key))) is not None:
            yield Measure(key, Summary(value, None), meaning)


def _shares(metrics: Facts, real: int | None) -> Iterator[Measure]:
    for key, meaning in SHARES.items():
        if (value := finite(metrics.get(key))) is not None:
            n = real if key in OF_REAL else metrics["n_samples"]
            yield Measure(key, share_of(value, n), meaning)


@dataclass(frozen=True)
class Seeds:
    """What the published study says of the same kind of model, trained with several seeds."""

    seeds: int
    fid: str
    precision: str
    recall: str
    headline: str


def other_seeds(metrics: Facts, study: Path = STUDY) -> Seeds | None:
    """Finds a model in the published study.

    An arm is the same if it is of this kind, nothing of the model or its prior is set otherwise,
    it was trained on these data, and the job of this seed has this FID.

    Arguments:
        metrics: What was measured of the model.
        study: The folder of the report.
    """
    if not (study / "report.json").is_file() or metrics.get("conditional"):
        return None
    report = json.loads((study / "report.json").read_text())
    with (study / "data" / "scores.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if _is_same(row, metrics, report)]
    if not rows:
        return None
    texts = {}
    for key in ("fid", "precision", "recall"):
        names = (key, f"{key}_low", f"{key}_high")
        found = read({name: float(rows[0][name]) for name in names}, key)
        texts[key] = Measure(key, found, "").text
    return Seeds(int(rows[0]["seeds"]), headline=report["headline"], **texts)


def _is_same(row: Mapping[str, str], metrics: Facts, report: Facts) -> bool:
    place = (row["arm"], int(row["size"]), metrics["seed"])
    words = report["commands"].get("{}-n{}-seed{}".format(*place), "").split()[2:]
    jobs = {(job["arm"], job["size"], job["seed"]): job for job in report["jobs"]}
    return (
        [w for w in words if not SURROUNDINGS.match(w)] == [f"model={metrics['model']}"]
        and int(row["images"]) == metrics["data"]["train"]
        and metrics["data"]["sha256"] in report["provenance"]["Data, sha256"]
        and abs(jobs[place]["fid"] - metrics["fid"]) <= SAME
    )
