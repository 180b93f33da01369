import pytest
import torch

from latentq.diffusion.partition import balanced_cells
from latentq.errors import InputError, NumericalError
from latentq.quantum.states import haar_states, perturb


def test_cells_are_the_clusters(generator: torch.Generator) -> None:
    centres = torch.eye(4, dtype=torch.complex64)
    cluster = torch.arange(400) % 4
    psi = perturb(centres[cluster], 0.3, generator)
    cell = balanced_cells(psi, 4, seed=0)

    # A state at the very border of a cell may go either way.
    modes = torch.stack([cell[cluster == k].mode().values for k in range(4)])
    assert sorted(modes.tolist()) == [0, 1, 2, 3]
    assert (cell == modes[cluster]).sum() >= 396


def test_cells_have_nearly_equal_mass(generator: torch.Generator) -> None:
    """Three quarters of the states are in one cluster, which has to be divided."""
    centres = torch.eye(4, dtype=torch.complex64)[:2]
    psi = perturb(centres[(torch.arange(800) % 4 == 0).long()], 0.5, generator)

    assert torch.bincount(balanced_cells(psi, 4, seed=0)).tolist() == pytest.approx(
        [200] * 4, rel=0.05
    )


def test_cells_do_not_see_the_phase_and_follow_from_the_seed(generator: torch.Generator) -> None:
    psi = haar_states(300, qubits=2, generator=generator)
    phase = torch.polar(torch.ones(300), torch.linspace(0, 6, 300))
    cell = balanced_cells(psi, 5, seed=1)

    assert (cell == balanced_cells(phase[:, None] * psi, 5, seed=1)).double().mean() > 0.97
    assert torch.equal(cell, balanced_cells(psi, 5, seed=1))
    assert not torch.equal(cell, balanced_cells(psi, 5, seed=2))


def test_states_beyond_the_subset_get_the_nearest_cell(
    generator: torch.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("latentq.diffusion.partition.SUBSET", 100)
    cluster = torch.arange(1000) % 4
    psi = perturb(torch.eye(4, dtype=torch.complex64)[cluster], 0.2, generator)
    cell = balanced_cells(psi, 4, seed=0)

    modes = torch.stack([cell[cluster == k].mode().values for k in range(4)])
    assert sorted(modes.tolist()) == [0, 1, 2, 3] and (cell == modes[cluster]).sum() > 900


def test_fewer_states_than_cells_are_refused(generator: torch.Generator) -> None:
    with pytest.raises(InputError, match="at least 4"):
        balanced_cells(haar_states(3, qubits=2, generator=generator), 4, seed=0)


def test_states_that_are_the_same_fill_no_cells() -> None:
    with pytest.raises(NumericalError, match="cells: 4 were asked for, 2 states differ"):
        balanced_cells(torch.eye(4, dtype=torch.complex64)[torch.arange(40) % 2], 4, seed=0)
