"""The numbers of a study, summarised over seeds, with the verdicts on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from latentq.report.statistics import Summary, scale_of, summarize
from latentq.study.arms import ARMS, Role
from latentq.study.jobs import Job
from latentq.study.results import StudyResults
from latentq.study.verdict import Judgement, Pairs, judge, pair

QUANTUM = "quantum"
ROLES: dict[Role, str] = {
    "quantum": "Quantum",
    "matched": "Matched classical priors",
    "classical": "Other classical models",
    "control": "Controls",
}
FLOORS = {"fid_floor": "real images", "fid_reconstruction": "reconstructions"}
TOLERANCE = 0.02  # Of the number of prior parameters of a matched arm.
ROUNDING = 0.005  # Of the FID of the same reconstructions, computed on different machines.


def of_role(role: Role) -> list[str]:
    """Returns the arms of a role, whether they were run or not."""
    return [name for name, arm in ARMS.items() if arm.role == role]


def headline_arms() -> list[str]:
    """Returns the arms that are shown first: quantum, the matched ones, and two others."""
    return [QUANTUM, *of_role("matched"), "vae", "mixture-10"]


@dataclass(frozen=True)
class Findings:
    """A study with the verdicts on it."""

    study: StudyResults
    judgement: Judgement

    @property
    def largest(self) -> int:
        """The largest number of images."""
        return max(self.study.sizes)

    def arms(self, role: Role) -> list[str]:
        """Returns the arms of a role that were planned; of the matched ones all."""
        return [arm for arm in of_role(role) if role == "matched" or arm in self.study.arms]

    @property
    def all_arms(self) -> list[str]:
        """All arms, by role."""
        return [arm for role in ROLES for arm in self.arms(role)]

    def summary(self, arm: str, size: int, key: str) -> Summary | None:
        """Returns the mean of a number over the seeds of an arm, with its interval."""
        return summarize(self.study.values(arm, size, key).values(), scale_of(key))

    def seeds(self, arm: str, size: int) -> tuple[int, int]:
        """Returns how many seeds of an arm have a FID, and of how many."""
        return len(self.study.values(arm, size, "fid")), len(self.study.at(arm, size))

    def against(self, arm: str, size: int) -> Pairs:
        """Compares the FIDs of quantum with those of another arm at equal seeds."""
        values = self.study.values
        return pair(values(QUANTUM, size, "fid"), values(arm, size, "fid"))

    def floor(self, key: str, size: int) -> float | None:
        """Returns a floor of `FLOORS`; reconstructions are those that quantum's decoder makes."""
        arms = self.all_arms if key == "fid_floor" else [QUANTUM]
        found = [x for arm in arms for x in self.study.values(arm, size, key).values()]
        summary = summarize(sorted(found), scale_of(key))
        return None if summary is None else summary.mean

    def unmatched(self) -> list[tuple[str, float]]:
        """Returns the matched arms whose prior is not of quantum's size, with the difference."""
        found = [(arm, self.excess(arm)) for arm in of_role("matched")]
        return [(arm, x) for arm, x in found if x is not None and abs(x) > TOLERANCE]

    def other_decoders(self) -> list[str]:
        """Returns the jobs of matched arms whose reconstructions are not those of quantum's."""
        values = self.study.values
        return [
            Job(arm, size, seed).name
            for size in self.study.sizes
            for arm in of_role("matched")
            for seed, own in values(arm, size, "fid_reconstruction").items()
            if abs(own - values(QUANTUM, size, "fid_reconstruction").get(seed, own))
            > ROUNDING * abs(own)
        ]

    def excess(self, arm: str) -> float | None:
        """Returns by which share the prior of an arm has more parameters than that of quantum."""
        own, quantum = (
            self.agreed(name, self.largest, "parameters.prior") for name in (arm, QUANTUM)
        )
        return own / quantum - 1 if own and quantum else None

    def agreed(self, arm: str, size: int, key: str) -> float | None:
        """Returns a number that is the same at all seeds, or their mean."""
        summary = self.summary(arm, size, key)
        return None if summary is None else summary.mean


def find(study: StudyResults, matched: Sequence[str] | None = None) -> Findings:
    """Summarises a study and applies the rule of its verdict.

    Arguments:
        study: The study.
        matched: The arms that quantum is tested against; by default those of that role.
    """
    matched = of_role("matched") if matched is None else matched
    fids = {
        arm: {size: study.values(arm, size, "fid") for size in study.sizes} for arm in study.arms
    }
    return Findings(study, judge(fids, study.sizes, matched, QUANTUM))
