"""What the research log says of the views of its states, beside the numbers of `views`."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from latentq.experiments.measures import (
    haar_magnitude_fidelity,
    haar_negative_share,
    wigner_numbers,
)
from latentq.experiments.record import Claim
from latentq.experiments.verdicts import EXACT, RATIO, Verdict, above, equal, higher, within
from latentq.experiments.views.measures import (
    Numbers,
    Setting,
    denoised,
    lead,
    original,
    scrambled,
)
from latentq.experiments.views.statistics import (
    correlation,
    judged,
    mean,
    ratio_of_means,
    said,
    share,
    told,
)
from latentq.quantum.entanglement import page_entropy
from latentq.report.statistics import Side, judge_ratio
from latentq.report.wording import interval, number

LOG_QUBITS = 4
LOG_SHARES = {"original": 0.441, "scrambled": 0.438, "denoised": 0.461}
RECOVERED = 0.05  # A first Schmidt coefficient is recovered that is below by no more than this.
GREY: Mapping[Side, Verdict] = {
    "higher": "refuted",
    "lower": "confirmed",
    "no difference": "not enough data",
    "not enough data": "not enough data",
}
POINT = 0.01  # Of the share of negative cells.
POINTS = "by the orientation of the kernels alone, a convention, a state moves by more"
SLIGHT, AHEAD = 0.1, 0.05
Stages = Mapping[str, Numbers]


def claims(setting: Setting, stages: Stages, learned: Numbers, haar: Numbers) -> list[Claim]:
    """Returns the claims of the research log with their verdicts.

    Arguments:
        setting: The depths and the epochs. What the log says of depth 8 is compared with the
            last depth, and what it says of depth 6 with the one in the middle.
        stages: The numbers of each stage.
        learned: How magnitudes and phases were learnt.
        haar: The numbers of Haar states.
    """
    return [
        grey(setting, stages, haar),
        wigner_values(setting, stages, haar),
        shuffling(setting, stages),
        injection(setting, stages),
        signature(),
        dominant_pair(setting, stages),
        topology(setting, stages),
        flattening(setting, stages),
        steepness(setting, stages),
        pure(setting, stages),
        amplitudes_first(setting, learned),
    ]


def grey(setting: Setting, stages: Stages, haar: Numbers) -> Claim:
    """Judges whether the magnitudes of a scrambled density matrix are alike."""
    found = stages[scrambled(setting.depths[-1])]["unevenness"]
    expected = mean(haar["unevenness"])
    side = above(mean(found).ends, expected.mean / 2).side
    return Claim(
        "After enough depth the heat map of the density matrix is a uniform grey",
        f"standard deviation over mean of the magnitudes off the diagonal: {said(found)} after "
        f"depth {setting.depths[-1]}, {interval(expected)} for Haar states, 0 if grey",
        GREY[side],
        "half of what Haar states have: below it they are called alike",
    )


def central_range(haar: Numbers) -> tuple[float, float]:
    """Returns between which shares of negative cells 95% of the Haar states are."""
    ends = torch.tensor([0.025, 0.975], dtype=torch.float64)
    low, high = haar["negative_share_one_orientation"].double().quantile(ends).tolist()
    return low, high


def wigner_values(setting: Setting, stages: Stages, haar: Numbers) -> Claim:
    """Judges whether the shares of the log tell its states from Haar states."""
    low, high = central_range(haar)
    depth = setting.depths[-1]
    names = (original(), scrambled(depth), denoised(depth, setting.epochs))
    ours = ", ".join(
        f"{name} {told(stages[name]['negative_share'], scale=100)}%" for name in names
    )
    exact = haar_negative_share(setting.qubits)
    found = [judged(stages[name]["negative_share"] - exact, POINT) for name in names]
    alike = all(low <= value <= high for value in LOG_SHARES.values())
    verdict: Verdict = "not enough data"
    if not alike or any(one.side in ("lower", "higher") and not one.inside for one in found):
        verdict = "confirmed"
    elif all(one.inside for one in found):
        verdict = "no difference"
    return Claim(
        "Negative Wigner cells: original 44.1%, scrambled at depth 8 43.8%, denoised 46.1%",
        f"{ours}; Haar states {100 * exact:.2f}% on average "
        f"(exact), 95% of them from {100 * low:.1f} to {100 * high:.1f}% in one orientation",
        verdict if setting.qubits == LOG_QUBITS else "cannot be compared",
        f"from Haar states, the log's by their range, ours ±{100 * POINT:g} point: {POINTS}",
    )


def shuffling(setting: Setting, stages: Stages) -> Claim:
    """Judges whether scrambling leaves the negative cells as many, and as negative."""
    before, after = stages[original()], stages[scrambled(setting.depths[-1])]
    cells = after["negative_share"] - before["negative_share"]
    sums = ratio_of_means(after["negativity"], before["negativity"])
    kept = equal([judge_ratio(sums)])
    fewer = judged(cells, POINT)
    return Claim(
        "Scrambling shuffles the negative cells without destroying the non-classicality",
        f"scrambled less original, depth {setting.depths[-1]}: {said(cells, 100)} points of the "
        f"share; {interval(sums)} times the negativity, which was {said(before['negativity'])}",
        "refuted" if fewer.side == "lower" and not fewer.inside
        else "not enough data" if not fewer.inside and fewer.side != "higher" else kept,
        f"{100 * POINT:g} point of the share, as {POINTS}; negativity: {RATIO}",
    )  # fmt: skip


def injection(setting: Setting, stages: Stages) -> Claim:
    """Judges whether the denoiser adds negative cells."""
    depth = setting.depths[-1]
    learned, before = stages[denoised(depth, setting.epochs)], stages[scrambled(depth)]
    cells = learned["negative_share"] - before["negative_share"]
    widest = (before["negative_share_most"] - before["negative_share_least"]).mean()
    return Claim(
        "The denoiser adds negativity to the scrambled state: it injects quantum coherence",
        f"denoised less scrambled, depth {depth}: {said(cells, 100)} points of the share; one "
        f"state moves by {100 * widest:.1f} points between orientations of the kernels",
        higher([judged(cells, POINT)]),
        f"{100 * POINT:g} point: {POINTS}",
    )


def signature() -> Claim:
    """Judges negative cells by a Bell state, in all orientations of the kernels."""
    bell = torch.tensor([[1, 0, 0, 1]], dtype=torch.complex128) / math.sqrt(2)
    shares = wigner_numbers(bell)[0].flatten()
    depends = float(shares.min()) == 0 < float(shares.max())
    return Claim(
        "Negative Wigner values are a signature of non-classicality",
        f"a Bell state has {100 * shares.max():g}% or {100 * shares.min():g}% negative cells, by "
        "the orientation of the kernels: they are a convention, entangled or not",
        "refuted" if depends else "confirmed",
        EXACT,
    )


def dominant(stage: Numbers) -> Tensor:
    """Returns the number of the pair with the largest mutual information, with shape (D)."""
    return stage["information"].argmax(dim=-1)


def dominant_pair(setting: Setting, stages: Stages) -> Claim:
    """Judges whether scrambling changes which pair of qubits shares most."""
    depth = setting.depths[-1]
    text, low, high = share(dominant(stages[scrambled(depth)]) != dominant(stages[original()]))
    chance = 1 - 1 / math.comb(setting.qubits, 2)
    return Claim(
        "Scrambling at depth 8 moves the largest mutual information to another pair",
        f"it does in {text} of the draws at depth {depth}; {100 * chance:.0f}% if the two pairs "
        "had nothing to do with each other",
        "confirmed" if low > 0.5 else "refuted" if high < 0.5 else "not enough data",
        "none: in more than half of the draws or not",
    )


def topology(setting: Setting, stages: Stages) -> Claim:
    """Judges whether the denoiser brings back which pairs share how much."""
    depth = setting.depths[len(setting.depths) // 2]
    goal, mixed = stages[original()]["information"], stages[scrambled(depth)]["information"]
    parts, gains = [], {}
    for epochs in (setting.epochs, setting.longer):
        stage = stages[denoised(depth, epochs)]
        gains[epochs] = correlation(stage["information"], goal) - correlation(mixed, goal)
        same, *_ = share(dominant(stage) == dominant(stages[original()]))
        parts.append(f"after {epochs} epochs by {said(gains[epochs])}, same largest pair {same}")
    return Claim(
        "The denoiser at depth 6 partially restores which pairs are entangled",
        f"correlation with the original's mutual information, denoised above scrambled, depth "
        f"{depth}: {'; '.join(parts)}",
        higher([judged(gains[setting.epochs], SLIGHT)]),
        f"±{SLIGHT} of a correlation, which is called slight",
    )


def flattening(setting: Setting, stages: Stages) -> Claim:
    """Judges whether scrambled states are maximally entangled."""
    most = float(len(setting.half))
    page = page_entropy(setting.qubits, len(setting.half))
    stage = stages[scrambled(setting.depths[-1])]
    spectrum = ", ".join(number(value) for value in stage["spectrum"].mean(dim=0).tolist())
    return Claim(
        "Scrambling flattens the Schmidt spectrum to maximum entanglement",
        f"depth {setting.depths[-1]}: spectrum ({spectrum}) on average, entropy "
        f"{told(stage['entropy'], most)} bits; Haar states {number(page)} (Page), the maximum is "
        f"{most:g}; the original had {told(stages[original()]['entropy'], most)}",
        within(mean(stage["entropy"]).ends, 0.95 * most, 1.05 * most, "refuted"),
        "5% of the maximum",
    )


def steepness(setting: Setting, stages: Stages) -> Claim:
    """Judges whether denoised states ever have a spectrum as steep as the original."""
    goal = stages[original()]["spectrum"][:, 0]
    parts, ever = [f"largest coefficient {told(goal)} of the original"], []
    for epochs in (setting.epochs, setting.longer):
        first = torch.stack(
            [stages[denoised(depth, epochs)]["spectrum"][:, 0] for depth in setting.depths]
        )
        hits = (first >= goal - RECOVERED).double().mean(dim=0)
        ever.append(float(hits.mean()))
        parts.append(
            f"{told(first.mean(dim=0))} after {epochs} epochs, at most {RECOVERED} below in "
            f"{told(hits, scale=100)}% of the cases"
        )
    partly: Verdict = "corrected" if max(ever) < 0.5 else "refuted"
    return Claim(
        "The denoised spectra never recover the original steepness",
        "; ".join(parts),
        partly if max(ever) > 0 else "confirmed",
        f"{RECOVERED} of a coefficient; recovered in any case is not never",
    )


def pure(setting: Setting, stages: Stages) -> Claim:
    """Judges the purity of the whole, which unitary circuits cannot change."""
    worst = max(float((stage["purity"] - 1).abs().max()) for stage in stages.values())
    names = (original(), scrambled(setting.depths[-1]))
    halves = ", ".join(f"{name} {told(stages[name]['half_purity'])}" for name in names)
    return Claim(
        "Purity stays at exactly 1, which rules out decoherence",
        f"within {worst:.0e} of 1 at all stages, as unitary circuits leave no other choice; that "
        f"of half of the qubits does change: {halves}",
        "confirmed" if worst < 1e-4 else "refuted",
        "10⁻⁴, which is rounding",
    )


def amplitudes_first(setting: Setting, learned: Numbers) -> Claim:
    """Judges whether magnitudes are learnt before phases."""
    k, mark = len(setting.depths) // 2, setting.marks.index(setting.epochs)
    at = {name: values[mark, k] for name, values in learned.items()}
    ahead = lead(learned)[mark, k]
    return Claim(
        "The denoiser learns the magnitudes of amplitudes before their phases",
        f"depth {setting.depths[k]}, {setting.epochs} epochs: fidelity {told(at['fidelity'])}, "
        f"of the magnitudes alone {told(at['magnitudes'])}, of the phases alone "
        f"{told(at['phases'])}; states of the same fidelity in a random direction have "
        f"{told(at['magnitudes_at_equal_fidelity'])} and {told(at['phases_at_equal_fidelity'])}, "
        f"Haar states {haar_magnitude_fidelity(2**setting.qubits):.3f} and "
        f"{2 / (2**setting.qubits + 1):.3f}: magnitudes lead phases by {said(ahead)}",
        higher([judged(ahead, AHEAD)]),
        f"±{AHEAD} of a fidelity, a seventh of what magnitudes of Haar states have more",
    )
