"""What the experiment `views` reads off its states: a number for each stage and draw."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from latentq.experiments.measures import (
    magnitude_fidelity,
    pairs_of,
    phase_fidelity,
    wigner_numbers,
    with_fidelity,
)
from latentq.quantum.entanglement import (
    entanglement_entropy,
    mutual_information,
    purity,
    schmidt_spectrum,
)
from latentq.quantum.states import fidelity, haar_states
from latentq.randomness import derive_generator

COPIES = 20  # States of the same fidelity to compare a denoised one with.
Numbers = Mapping[str, Tensor]


@dataclass(frozen=True)
class Setting:
    """What was asked for: sizes, the depths, and after which epochs to look.

    `epochs` is the training of the research log, and the last of the marks the longer one.
    """

    qubits: int
    depths: list[int]
    draws: int
    marks: list[int]
    epochs: int
    seed: int

    @property
    def longer(self) -> int:
        """The number of epochs of the longer training."""
        return self.marks[-1]

    @property
    def half(self) -> tuple[int, ...]:
        """The qubits on one side of the cut in the middle."""
        return tuple(range(self.qubits // 2))


def original() -> str:
    """Returns the name of the first stage."""
    return "original"


def scrambled(depth: int) -> str:
    """Returns the name of the stage after scrambling."""
    return f"scrambled, depth {depth}"


def denoised(depth: int, epochs: int) -> str:
    """Returns the name of the stage after training."""
    return f"denoised, depth {depth}, {epochs} epochs"


def numbers(setting: Setting, psi: Tensor, target: Tensor) -> dict[str, Tensor]:
    """Returns what is read off states, one number or row for each.

    Arguments:
        setting: The sizes.
        psi: The states, with shape (D, d).
        target: The original states, with shape (D, d).
    """
    shares, sums = wigner_numbers(psi)
    density = psi.abs()[:, :, None] * psi.abs()[:, None, :]
    off = density[:, ~torch.eye(psi.shape[-1], dtype=torch.bool)]
    return {
        "fidelity": fidelity(target, psi),
        "magnitudes": magnitude_fidelity(target, psi),
        "phases": phase_fidelity(target, psi),
        "unevenness": off.std(dim=-1) / off.mean(dim=-1),
        "negative_share": shares.mean(dim=0),
        "negative_share_least": shares.amin(dim=0),
        "negative_share_most": shares.amax(dim=0),
        "negativity": sums.mean(dim=0),
        "entropy": entanglement_entropy(psi, setting.half),
        "spectrum": schmidt_spectrum(psi, setting.half),
        "information": pairs_of(mutual_information(psi)),
        "purity": purity(psi, range(setting.qubits)),
        "half_purity": purity(psi, setting.half),
    }


def stage_numbers(
    setting: Setting, goals: Tensor, mixed: Tensor, learned: Tensor
) -> dict[str, dict[str, Tensor]]:
    """Returns the numbers of each stage by name.

    Arguments:
        setting: The depths and the epochs.
        goals: The originals, with shape (D, d).
        mixed: The scrambled states, with shape (K, D, d).
        learned: The denoised ones at all marks, with shape (E, K, D, d).
    """
    found = {original(): numbers(setting, goals, goals)}
    for k, depth in enumerate(setting.depths):
        found[scrambled(depth)] = numbers(setting, mixed[k], goals)
    for epochs in (setting.epochs, setting.longer):
        states = learned[setting.marks.index(epochs)]
        for k, depth in enumerate(setting.depths):
            found[denoised(depth, epochs)] = numbers(setting, states[k], goals)
    return found


def learning(setting: Setting, goals: Tensor, learned: Tensor) -> dict[str, Tensor]:
    """Returns how magnitudes and phases are learnt, averaged over the training states.

    Beside them stand the means of states with the same fidelity that prefer no basis.

    Arguments:
        setting: The seed.
        goals: The training states, with shape (D, N, d).
        learned: What the circuits make of the scrambled ones, with shape (E, K, D, N, d).

    Returns:
        Each with shape (E, K, D).
    """
    generator = derive_generator(setting.seed, "same fidelity")
    rows = []
    for states in learned:
        target = goals.expand_as(states)
        near = fidelity(target, states)
        equal = with_fidelity(target, near, COPIES, generator)
        rows.append(
            {
                "fidelity": near,
                "magnitudes": magnitude_fidelity(target, states),
                "phases": phase_fidelity(target, states),
                "magnitudes_at_equal_fidelity": magnitude_fidelity(target, equal).mean(dim=0),
                "phases_at_equal_fidelity": phase_fidelity(target, equal).mean(dim=0),
            }
        )
    return {name: torch.stack([row[name].mean(dim=-1) for row in rows]) for name in rows[0]}


def lead(learned: Numbers) -> Tensor:
    r"""Returns how far magnitudes are ahead of phases, :math:`(M - M_0) - (P - P_0)`.

    :math:`M_0` and :math:`P_0` are of states with the same fidelity that prefer no basis, so that
    it is 0 on average where a circuit learns both alike.

    Arguments:
        learned: What :func:`learning` returns.
    """
    ahead = learned["magnitudes"] - learned["magnitudes_at_equal_fidelity"]
    return ahead - (learned["phases"] - learned["phases_at_equal_fidelity"])


def reference(qubits: int, count: int, seed: int) -> dict[str, Tensor]:
    """Returns the numbers of Haar states, each beside another Haar state as its original.

    Arguments:
        qubits: The number of qubits.
        count: The number of states.
        seed: The seed.
    """
    generator = derive_generator(seed, "haar")
    psi, target = haar_states(2, count, qubits=qubits, generator=generator)
    setting = Setting(qubits, [], count, [0], 0, seed)
    single = wigner_numbers(psi)[0][0]  # In one orientation, as the shares of the log are.
    return {**numbers(setting, psi, target), "negative_share_one_orientation": single}
