"""The numbers of a study, summarised over seeds, with the verdicts on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from latentq.errors import InputError
from latentq.report.statistics import Summary, scale_of, summarize
from latentq.study.arms import ARMS, EDITION, QUANTUM, Role
from latentq.study.jobs import Job
from latentq.study.results import StudyResults
from latentq.study.verdict import ENDPOINTS, Compared, Judgement, Pairs, judge, pair

NAMES = {"mnist": "MNIST", "fashion": "Fashion-MNIST"}
ROLES: dict[Role, str] = {
    "quantum": "Quantum",
    "matched": "Matched classical priors",
    "classical": "Other classical models",
    "control": "Controls",
}
FLOORS = {"fid_floor": "real images", "fid_reconstruction": "reconstructions"}
TOLERANCE = 0.02  # Of the number of prior parameters of a matched arm.
ROUNDING = 0.005  # Of the FID of the same reconstructions, computed on different machines.


def of_role(role: Role, edition: int = EDITION) -> list[str]:
    """Returns the arms of a role in an edition of the protocol, whether they were run or not."""
    return [n for n, arm in ARMS.items() if arm.role == role and edition in arm.editions]


def headline_arms(edition: int = EDITION) -> list[str]:
    """Returns the arms that are shown first: quantum, the matched ones, and some others."""
    others = ["vae", "mixture-10"] if edition == 1 else ["isometries", "vae", "vae-mixture"]
    return [QUANTUM, *of_role("matched", edition), *others]


@dataclass(frozen=True)
class Findings:
    """A study with the verdicts on it."""

    study: StudyResults
    judgement: Judgement

    @property
    def name(self) -> str:
        """What a reader calls the data set."""
        return NAMES.get(self.study.data, self.study.data)

    @property
    def prefix(self) -> str:
        """What a title or a sentence on the data set begins with, from the second edition on."""
        return f"{self.name}: " if self.name and self.study.edition > 1 else ""

    @property
    def matched(self) -> list[str]:
        """The arms that quantum is tested against, whether they were run or not."""
        return of_role("matched", self.study.edition)

    @property
    def largest(self) -> int:
        """The largest number of images."""
        return max(self.study.sizes)

    def arms(self, role: Role) -> list[str]:
        """Returns the arms of a role that were planned; of the matched ones all."""
        known = of_role(role, self.study.edition)
        return [arm for arm in known if role == "matched" or arm in self.study.arms]

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
        found = [(arm, self.excess(arm)) for arm in self.matched]
        return [(arm, x) for arm, x in found if x is not None and abs(x) > TOLERANCE]

    def other_decoders(self) -> list[str]:
        """Returns the jobs of matched arms whose reconstructions are not those of quantum's."""
        values = self.study.values
        return [
            Job(arm, size, seed).name
            for size in self.study.sizes
            for arm in self.matched
            for seed, own in values(arm, size, "fid_reconstruction").items()
            if abs(own - values(QUANTUM, size, "fid_reconstruction").get(seed, own))
            > ROUNDING * abs(own)
        ]

    def excess(self, arm: str) -> float | None:
        """Returns by which share the prior of an arm has more free reals than that of quantum."""
        own, quantum = (self.freedom(name) for name in (arm, QUANTUM))
        return own / quantum - 1 if own and quantum else None

    def freedom(self, arm: str) -> float | None:
        """Returns the free reals of the prior of an arm; in the first edition its parameters."""
        found = self.agreed(arm, self.largest, "prior_freedom")
        return self.agreed(arm, self.largest, "parameters.prior") if found is None else found

    def trials(self, arm: str) -> int:
        """Returns how many trials an arm was tuned with."""
        tuned = [*self.study.tuning.get("arms", {}), *self.study.tuning.get("failed", [])]
        return int(self.study.tuning.get("trials", 0)) if arm in tuned else 0

    def agreed(self, arm: str, size: int, key: str) -> float | None:
        """Returns a number that is the same at all seeds, or their mean."""
        summary = self.summary(arm, size, key)
        return None if summary is None else summary.mean


def find(studies: Sequence[StudyResults]) -> list[Findings]:
    """Summarises the studies of one or more data sets and applies the rule of the verdict.

    Arguments:
        studies: The studies, all of one edition of the protocol.

    Raises:
        InputError: If they are of several editions, or two are of one data set.
    """
    editions, names = {s.edition for s in studies}, [s.data for s in studies]
    if len(editions) != 1:
        raise InputError(f"root: studies must be of one edition, were of {sorted(editions)}")
    if len({*names}) < len(names):
        raise InputError(f"root: studies must be of different data sets, were of {names}")
    (edition,) = editions
    compared = [_compared(study, edition) for study in studies]
    found = judge(compared, QUANTUM, edition)
    return [Findings(*pair) for pair in zip(studies, found, strict=True)]


def _compared(study: StudyResults, edition: int) -> Compared:
    """Returns what is judged of a study."""
    numbers = {
        endpoint.key: {
            arm: {size: study.values(arm, size, endpoint.key) for size in study.sizes}
            for arm in study.arms
        }
        for endpoint in ENDPOINTS[edition]
    }
    return Compared(numbers, study.sizes, of_role("matched", edition))
