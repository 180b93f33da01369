"""The tables and the paragraph of the experiment `views`."""

from typing import Any

import torch
from torch import Tensor

from latentq.experiments.measures import haar_negative_share, orientations, pair_names
from latentq.experiments.record import Row
from latentq.experiments.views.claims import Stages, central_range
from latentq.experiments.views.gallery import Shown
from latentq.experiments.views.measures import (
    Numbers,
    Setting,
    denoised,
    lead,
    original,
    scrambled,
)
from latentq.experiments.views.statistics import said, summary_of, told
from latentq.quantum.states import count_qubits
from latentq.quantum.wigner import negative_cells, negativity, wigner
from latentq.report.statistics import columns_of


def row_of(stage: str, numbers: Numbers) -> Row:
    """Returns the means of the numbers of a stage with the ends of their intervals."""
    row: dict[str, Any] = {"stage": stage, "draws": len(numbers["fidelity"])}
    pairs = numbers["information"].shape[1]
    qubits = next(n for n in range(2, 20) if n * (n - 1) // 2 == pairs)
    for name, values in numbers.items():
        columns = values[:, None] if values.dim() == 1 else values
        parts = {"spectrum": range(1, columns.shape[1] + 1), "information": pair_names(qubits)}
        for part, column in zip(parts.get(name, [""]), columns.unbind(dim=1), strict=True):
            row |= columns_of(f"{name} {part}".strip(), summary_of(name, column, qubits // 2))
    return row


def stage_table(stages: Stages, haar: Numbers) -> list[Row]:
    """Returns a row for each stage, and one for Haar states."""
    known = next(iter(stages.values()))
    reference = {name: haar[name] for name in known}
    everything = {**stages, "Haar states": reference}
    return [row_of(name, numbers) for name, numbers in everything.items()]


def learning_table(setting: Setting, learned: Numbers) -> list[Row]:
    """Returns a row for each depth and number of epochs."""
    everything: dict[str, Tensor] = {**learned, "lead_of_magnitudes": lead(learned)}
    rows: list[Row] = []
    for k, depth in enumerate(setting.depths):
        for e, epochs in enumerate(setting.marks):
            row: dict[str, Any] = {"depth": depth, "epochs": epochs}
            for name, values in everything.items():
                row |= columns_of(name, summary_of(name, values[e, k], len(setting.half)))
            rows.append(row)
    return rows


def orientation_table(shown: Shown) -> list[Row]:
    """Returns the negative cells of the pictured states for all orientations of the kernels."""
    psi = torch.stack(list(shown.states.values()))
    rows: list[Row] = []
    for signs in orientations(count_qubits(psi.shape[-1])):
        values = wigner(psi, signs)
        name = "".join("+" if sign > 0 else "-" for sign in signs)
        for stage, part, total in zip(
            shown.states, negative_cells(values).tolist(), negativity(values).tolist(), strict=True
        ):
            rows.append(
                {"stage": stage, "signs": name, "negative_share": part, "negativity": total}
            )
    return rows


def summary(
    setting: Setting, parameters: int, stages: Stages, learned: Numbers, haar: Numbers
) -> str:
    """Says what was measured and what came out."""
    depth, low_high = setting.depths[-1], central_range(haar)
    first, mixed = stages[original()], stages[scrambled(depth)]
    late = stages[denoised(depth, setting.longer)]
    k, mark = len(setting.depths) // 2, setting.marks.index(setting.epochs)
    top = float(len(setting.half))
    exact = 100 * haar_negative_share(setting.qubits)
    return (
        f"{setting.draws} draws of {setting.qubits}-qubit states, a product of Haar qubits with "
        f"noise of strength 0.5 among nine Haar states; scrambled by staggered random circuits "
        f"of depth {', '.join(map(str, setting.depths))} and denoised by a circuit of "
        f"{parameters} angles that Adam trained on the ten. The entropy of half of the qubits "
        f"goes from {told(first['entropy'], top)} to {told(mixed['entropy'], top)} bits at depth "
        f"{depth} and back to {told(late['entropy'], top)} after {setting.longer} epochs, at "
        f"fidelity {told(late['fidelity'])}. The share of negative Wigner cells is "
        f"{told(first['negative_share'], scale=100)}%, "
        f"{told(mixed['negative_share'], scale=100)}% and "
        f"{told(late['negative_share'], scale=100)}%: that of any Haar state, {exact:.2f}% on "
        f"average with 95% from {100 * low_high[0]:.1f} to {100 * low_high[1]:.1f}%. The "
        f"magnitudes of a Haar state agree with those of another one to "
        f"{told(haar['magnitudes'])}, so that they look recovered before anything is learnt; at "
        f"equal fidelity those of the denoiser lead its phases by {said(lead(learned)[mark, k])} "
        f"(depth {setting.depths[k]}, {setting.epochs} epochs)."
    )
