r"""What the training of the quantum arm would take on a machine, counted in shots.

.. math:: S = I \, (2 P + 1) \, N \, R

with I iterations, P angles whose derivatives take two shifted circuits each, N states of an
iteration, and R shots to read one of them out. It is the least that such a training takes: errors
and the repetitions that an outcome of several measurements asks for come on top.

References:
    Parameter shifts: Schuld et al. (2019), arXiv 1811.11184.
"""

from __future__ import annotations

from dataclasses import dataclass

from latentq.report.wording import count
from latentq.study.report.findings import QUANTUM, Findings

STATES = 1024  # Of an iteration: denoising.start_batch_size.
SETTINGS, REPEATS = 3**4, 30  # Pauli bases of four qubits, and shots in each: docs/hardware.md.
RATE = 4000  # Shots a second, as in docs/hardware.md.
YEAR = 365.25 * 24 * 3600


@dataclass(frozen=True)
class Price:
    """What a training takes on a machine.

    Arguments:
        angles: The number of angles :math:`P`.
        iterations: The number of iterations :math:`I`.
        states: The number of states of an iteration :math:`N`.
        readout: The shots to read a state out :math:`R`.
    """

    angles: int
    iterations: int
    states: int = STATES
    readout: int = SETTINGS * REPEATS

    @property
    def shots(self) -> int:
        """The number of shots."""
        return self.iterations * (2 * self.angles + 1) * self.states * self.readout

    @property
    def years(self) -> float:
        """The time at :data:`RATE`."""
        return self.shots / RATE / YEAR


def price_of(findings: Findings) -> Price | None:
    """Returns the price of the training of the quantum arm, if it was run."""
    angles, iterations = (
        findings.agreed(QUANTUM, findings.largest, key)
        for key in ("parameters.prior", "iterations")
    )
    return None if not angles or not iterations else Price(int(angles), int(iterations))


def price_text(found: Price) -> str:
    """Says what a training takes on a machine."""
    return (
        f"Trained on a machine, the quantum arm would take {found.shots:.1e} shots at the least: "
        f"{count(found.iterations)} iterations, two shifted circuits for each of "
        f"{count(found.angles)} angles and one without, {count(found.states)} states each, and "
        f"{count(found.readout)} shots to read a state out. At {count(RATE)} shots a second "
        f"these are {count(found.years)} years. The simulation takes minutes on one core."
    )


CLAIM = (
    "The kind of claim: four qubits are 16 amplitudes, so that all of this is simulated by a "
    "laptop. At most a limited, practical advantage could be shown here, that of circuits as a "
    "parametrisation of a prior: better images at equal size, data and tuning. A speed-up, or "
    "anything that a classical computer cannot do, is out of the question."
)
