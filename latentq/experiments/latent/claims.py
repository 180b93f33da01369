"""The claims and the paragraph of the experiment `latent`."""

import math
from collections.abc import Mapping

import torch

from latentq.experiments.latent.measures import (
    Difference,
    Found,
    by_digit,
    difference,
    mean,
    summary_of,
    variance_between_classes,
)
from latentq.experiments.measures import haar_negative_share
from latentq.experiments.record import Claim
from latentq.experiments.verdicts import Verdict, equal
from latentq.report.statistics import Judged, Side, Summary, judge_interval
from latentq.report.wording import interval, listed, number

SMALL = 0.2  # Standard deviations.
VERBS: Mapping[Side, str] = {
    "higher": "rises",
    "lower": "falls",
    "no difference": "stays",
    "not enough data": "may rise or fall",
}
# Of shares that are alike nothing can be read; others can be told from Haar states.
SIGNATURE: Mapping[Verdict, Verdict] = {"confirmed": "refuted", "corrected": "confirmed"}
COHEN = "a smaller difference is less than small (Cohen, 1988)"
SAME = 0.5  # The least correlation of what is called the same pattern.


def said(found: Found, name: str, measure: str, scale: float = 1.0) -> str:
    """Writes the mean of a measure over an ensemble with its interval."""
    return interval(summary_of(measure, found.ensembles[name].of(measure), found, scale))


def written(gap: Difference, scale: float = 1.0) -> str:
    """Writes a difference with its interval and its size."""
    text = interval(Summary(scale * gap.mean, (scale * gap.low, scale * gap.high)))
    return f"{text} ({abs(gap.size):.2f} standard deviations)"


def claims(found: Found) -> list[Claim]:
    """Returns what is said of quantum latents, with the verdicts."""
    return [
        start(found),
        structure(found),
        matching(found),
        by_class(found),
        pairs(found),
        negative(found),
    ]


def start(found: Found) -> Claim:
    """Judges whether a generation starts from states as entangled as Haar states."""
    first = found.steps[0]
    gap = from_page(found, first, float(found.ensembles["Haar"].of("half_entropy").std()))
    return Claim(
        "Generation starts from Haar-random states",
        f"{first} has {said(found, first, 'half_entropy')} bits of half-chain entanglement, Haar "
        f"states {number(found.page)} (Page), products 0",
        equal([gap]),
        f"±{SMALL} standard deviations of Haar states; {COHEN}",
    )


def from_page(found: Found, name: str, deviation: float) -> Judged:
    """Judges how far the mean entropy of an ensemble is from that of Haar states.

    Arguments:
        found: The ensembles.
        name: The ensemble.
        deviation: The standard deviation of states, of which `SMALL` is the margin.
    """
    values = found.ensembles[name].of("half_entropy")
    return judge_interval(mean(values - found.page).ends, SMALL * deviation)


def structure(found: Found) -> Claim:
    """Judges whether the entanglement of the data is another one than that of Haar states."""
    between = variance_between_classes(found.ensembles["data"], "half_entropy")
    values = found.ensembles["data"].of("half_entropy")
    size = float((values.mean() - found.page) / values.std())
    return Claim(
        "The latent space is structured by entanglement",
        f"latents of the data have {said(found, 'data', 'half_entropy')} bits, Haar states "
        f"{number(found.page, 4)}, which is {abs(size):.2f} standard deviations of a state "
        f"{'below' if size > 0 else 'above'}; {100 * between:.0f}% of the variance is between "
        "the digits",
        differs(from_page(found, "data", float(values.std()))),
        f"±{SMALL} standard deviations of a state; {COHEN}",
    )


def differs(gap: Judged) -> Verdict:
    """Says of a statement that there is a difference how it fared; a small one corrects it."""
    if gap.side in ("no difference", "not enough data"):
        return gap.side
    return "corrected" if gap.inside else "confirmed"


def matching(found: Found) -> Claim:
    """Judges whether generated states are as entangled as the data."""
    gap = difference(found, "half_entropy")
    return Claim(
        "Generated states are as entangled as the data",
        f"S0 {said(found, 'S0', 'half_entropy')} bits, data {said(found, 'data', 'half_entropy')}"
        f"; difference {written(gap)}",
        equal([gap.judged(SMALL)], "refuted"),
        f"±{SMALL} standard deviations of a state; {COHEN}",
    )


def by_class(found: Found) -> Claim:
    """Judges whether they are so digit by digit."""
    gaps = {digit: difference(found, "half_entropy", digit) for digit in found.digits}
    judged = {digit: gap.judged(SMALL) for digit, gap in gaps.items()}
    apart = [digit for digit, one in judged.items() if one.side in ("lower", "higher")]
    large = [digit for digit in apart if not judged[digit].inside]
    widest = max(gaps, key=lambda digit: abs(gaps[digit].mean))
    return Claim(
        "They are so digit by digit",
        f"the interval of the difference leaves out 0 for {len(apart)} of {len(gaps)} digits "
        f"({listed(apart)}; {0.05 * len(gaps):.1f} by chance), and is not inside of the margin "
        f"for {len(large)} of these ({listed(large)}); largest for {widest}: "
        f"{written(gaps[widest])}",
        equal([*judged.values()], "refuted"),
        f"±{SMALL} standard deviations of a state of the digit; {COHEN}",
    )


def pairs(found: Found) -> Claim:
    """Judges whether generated digits share information between the same pairs as real ones."""
    data, made = (by_digit(found, name) for name in ("data", "S0"))
    reached = float(torch.corrcoef(torch.stack((data.flatten(), made.flatten())))[0, 1])
    low, high = correlation_ends(reached, data.numel())
    return Claim(
        "Generated digits have their mutual information in the same pairs of qubits",
        f"correlation over {data.shape[0]} digits and {data.shape[1]} pairs: {reached:.2f} "
        f"[{low:.2f}, {high:.2f}]; the means of the data go from {number(float(data.min()))} to "
        f"{number(float(data.max()))} bits",
        "confirmed" if low > SAME else "refuted" if high < SAME else "not enough data",
        f"none: the same pairs have a correlation above {SAME}",
    )


def correlation_ends(value: float, count: int) -> tuple[float, float]:
    """Returns the ends of the 95% interval of a correlation, by Fisher's transformation."""
    from scipy.stats import norm  # Slow to import.

    half = float(norm.ppf(0.975)) / math.sqrt(count - 3)
    middle = math.atanh(max(-0.999999, min(0.999999, value)))
    return math.tanh(middle - half), math.tanh(middle + half)


def negative(found: Found) -> Claim:
    """Judges whether negative cells tell the latents of digits from Haar states.

    They do not if data and Haar states differ by less than the choice of an orientation does.
    """
    exact = haar_negative_share(found.qubits)
    data = found.ensembles["data"].of("negative_share")
    by = found.ensembles["data"].numbers["negative_share_by_orientation"].double().mean(dim=0)
    spread = float(by.max() - by.min())
    gap = equal([judge_interval(mean(data - exact).ends, spread)])
    return Claim(
        "Negative Wigner cells are a signature of the quantum latents",
        f"data {said(found, 'data', 'negative_share', 100)}%, from {100 * float(by.min()):.2f} "
        f"to {100 * float(by.max()):.2f}% by the orientation of the kernels, S0 "
        f"{said(found, 'S0', 'negative_share', 100)}%, Haar states {100 * exact:.2f}%; the "
        f"unentangled {found.steps[0]} has {said(found, found.steps[0], 'negative_share', 100)}%",
        SIGNATURE.get(gap, gap),
        "what the orientation of the kernels changes in the mean of the data: a convention",
    )


def summary(found: Found) -> str:
    """Says what was measured and what came out."""
    course = [f"{name} {said(found, name, 'half_entropy')}" for name in found.steps]
    gaps = {digit: difference(found, "half_entropy", digit) for digit in found.digits}
    alike = [digit for digit, gap in gaps.items() if gap.judged(SMALL).inside]
    kept = ", ".join(f"{100 * share:.0f}%" for share in found.kept)
    data = {
        digit: float(found.ensembles["data"].of("half_entropy", digit).mean()) for digit in gaps
    }
    least, most = min(data, key=lambda d: data[d]), max(data, key=lambda d: data[d])
    spread = float(found.ensembles["data"].of("half_entropy").std())
    size = (data[most] - data[least]) / spread
    how = "hardly differ" if size < SMALL else "differ little" if size < 1 else "differ much"
    return (
        f"Half-chain entanglement in bits, averaged over all cuts, along a generation: "
        f"{', '.join(course)}; data {said(found, 'data', 'half_entropy')}, Haar states "
        f"{number(found.page)}, products 0. The share of states whose image already has its final "
        f"class is {kept} at these steps. {course_of(found)}. Generated less data: "
        f"{written(difference(found, 'half_entropy'))} bits of half-chain and "
        f"{written(difference(found, 'single_entropy'))} bits of single-qubit entanglement; "
        f"digit by digit the interval is within {SMALL} standard deviations for {len(alike)} of "
        f"{len(gaps)} ({listed(alike)}). The classes of the data {how}: from "
        f"{number(data[least])} bits ({least}) to {number(data[most])} ({most}), "
        f"{number(size, 2)} standard deviations of a state. The classifier sees the class of the "
        f"image in {100 * found.agreement:.1f}% of the reconstructed data. Intervals are over "
        f"states of one trained model; the autoencoder reads the whole density matrix, and is "
        f"free to choose which subspaces are qubits."
    )


def course_of(found: Found) -> str:
    """Says what happens to entanglement along the chain, from step to step."""
    verbs = []
    for before, after in zip(found.steps, found.steps[1:], strict=False):
        change = mean(
            found.ensembles[after].of("half_entropy") - found.ensembles[before].of("half_entropy")
        )
        spread = float(found.ensembles[before].of("half_entropy").std())
        verb = VERBS[judge_interval(change.ends, SMALL * spread).side]
        verbs.append(f"{verb} from {before} to {after} ({interval(change)})")
    return "Entanglement " + ", ".join(verbs)
