"""The bias of losses of finite batches: closed forms, what is preferred, and the page."""

from math import comb
from pathlib import Path
from typing import Any

import pytest
import torch

from latentq.diffusion.losses import mmdk, wasserstein
from latentq.experiments.bias import ensembles
from latentq.experiments.bias.findings import (
    claims,
    preferred_rows,
    preferred_table,
    value_table,
    verdict_of,
)
from latentq.experiments.bias.measures import (
    LOSSES,
    REAL,
    bias_rows,
    gaussian,
    kernel_distance,
    minus_distance,
    rungs,
    split_wasserstein,
    two_batches,
)
from latentq.quantum.states import haar_states, perturb

ROOT = Path(__file__).parent.parent


def coins(zeros: int, n: int) -> torch.Tensor:
    """Returns n states of one qubit, so many of them 0 and the others 1."""
    return torch.eye(2, dtype=torch.complex64)[torch.tensor([0] * zeros + [1] * (n - zeros))]


def test_the_mmd_of_equal_laws_has_the_mean_of_its_pairs(generator: torch.Generator) -> None:
    """Haar qubits have E F = 1/2; pairs of a state with itself add (1 - 1/2) / n on each side."""
    n, draws = 8, 600
    found: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(draws):
        phi, psi = (haar_states(n, qubits=1, generator=generator) for _ in range(2))
        for unbiased, values in found.items():
            values.append(kernel_distance(phi, psi, lambda f: f, unbiased=unbiased).item())

    for unbiased, mean in ((True, 0.0), (False, 1 / n)):
        drawn = torch.tensor(found[unbiased])
        assert abs(drawn.mean() - mean) < 4 * drawn.std() / draws**0.5
    assert torch.tensor(found[True]).std() / draws**0.5 < 0.01


def test_kernels_have_their_values(generator: torch.Generator) -> None:
    fidelity = torch.tensor([0.0, 0.75, 1.0])

    assert gaussian(fidelity).tolist() == pytest.approx([0.006738, 0.286505, 1.0], rel=1e-4)
    assert minus_distance(fidelity).tolist() == pytest.approx([-1.0, -0.5, 0.0])
    phi, psi = (haar_states(n, qubits=2, generator=generator) for n in (5, 7))
    assert torch.isclose(kernel_distance(phi, psi, rungs, unbiased=False), mmdk(phi, psi))


def test_the_transport_of_two_batches_of_coins_is_split_off() -> None:
    """E |k - k'| / n of two binomials is C(2n, n) / 4^n: two equal laws are that far apart."""
    n = 4
    chance = [comb(n, k) / 2**n for k in range(n + 1)]
    apart = comb(2 * n, n) / 4**n
    for weight, expected in ((0.0, apart), (0.5, 0.75 * apart), (1.0, 0.5 * apart)):
        mean = sum(
            chance[i] * chance[j] * chance[k]
            * split_wasserstein(coins(i, n), coins(j, n), coins(k, n), weight).item()
            for i in range(n + 1) for j in range(n + 1) for k in range(n + 1)
        )  # fmt: skip
        assert mean == pytest.approx(expected, abs=1e-5)


def test_the_transport_of_a_point_has_no_bias(generator: torch.Generator) -> None:
    """From one state to Haar qubits it is the mean of 1 - F, 1/2, for any number of states."""
    for n in (1, 16):
        values = torch.stack(
            [
                wasserstein(coins(n, n), haar_states(n, qubits=1, generator=generator))
                for _ in range(400)
            ]
        )
        assert abs(values.mean() - 0.5) < 4 * values.std() / 20


@pytest.fixture
def narrow(generator: torch.Generator) -> list[dict[str, Any]]:
    """The rows of one state, against data that are spread around it."""
    centre = torch.eye(16, dtype=torch.complex64)[:1].expand(600, -1)
    fresh, targets = (perturb(centre, 0.9, generator) for _ in range(2))
    return bias_rows([({REAL: fresh, "point": centre}, targets)], 6, 30, seed=0)


def test_transport_prefers_a_narrow_ensemble_and_energy_does_not(
    narrow: list[dict[str, Any]],
) -> None:
    rows = {row["loss"]: row for row in narrow if row["ensemble"] == "point"}
    real = {row["loss"]: row for row in narrow if row["ensemble"] == REAL}

    assert set(rows) == set(LOSSES)
    assert rows["W"]["preferred"] and rows["W"]["gap_high"] < 0
    assert not rows["energy, unbiased"]["preferred"] and rows["energy, unbiased"]["gap_low"] > 0
    assert not rows["W, split 1"]["preferred"]
    for loss, row in rows.items():
        assert row["gap"] == pytest.approx(row["mean"] - real[loss]["mean"])
        assert real[loss]["gap"] == 0 and not real[loss]["preferred"]


def test_pages_name_what_is_preferred(narrow: list[dict[str, Any]]) -> None:
    tables: dict[str, Any] = {"losses": narrow, "preferred": preferred_rows(narrow)}
    verdicts = {claim.statement.partition(":")[0]: claim.verdict for claim in claims(tables)}

    assert "| W | point |" in preferred_table(tables)
    assert "| energy, unbiased | none |" in preferred_table(tables)
    assert value_table(tables, "W").count("**") == 2
    assert verdicts["W"] == "refuted" and verdicts["energy, unbiased"] == "confirmed"


def test_a_verdict_needs_all_intervals_on_one_side() -> None:
    above, both = ({"preferred": False, "gap_low": low} for low in (0.1, -0.1))

    assert verdict_of([above, above]) == "confirmed"
    assert verdict_of([above, both]) == "not enough data"
    assert verdict_of([above, {"preferred": True, "gap_low": -0.2}]) == "refuted"


def test_no_state_is_drawn_twice(generator: torch.Generator) -> None:
    pool = torch.arange(12)
    first, second = two_batches(pool, 5, generator)
    fresh, targets = ensembles.halves(pool, 3)

    assert len({*first.tolist(), *second.tolist()}) == 10
    assert sorted([*fresh.tolist(), *targets.tolist()]) == pool.tolist()


def test_states_are_in_the_cell_of_the_next_state() -> None:
    basis = torch.eye(4, dtype=torch.complex64)
    cells = torch.tensor([2, 0, 1, 2])
    near = torch.stack([basis[1] + 0.3 * basis[0], basis[3], 1j * basis[2] + 0.1 * basis[0]])

    assert ensembles.nearest_cells(near, basis, cells).tolist() == [0, 2, 1]


def test_prototypes_are_as_many_as_they_say(generator: torch.Generator) -> None:
    psi = haar_states(300, qubits=4, generator=generator)
    drawn = ensembles.prototypes(psi, 7, 0.0, 200, seed=0)

    assert len(torch.view_as_real(drawn).round(decimals=4).unique(dim=0)) == 7
