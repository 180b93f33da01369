"""What is drawn of quantum states: places, areas, hues, widths and numbers."""

import colorsys
import math
from itertools import combinations

import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from latentq.report.plots import (
    LIGHT,
    amplitude_bars,
    density_map,
    hinton,
    information_graph,
    information_matrix,
    phase_wheel,
    schmidt_bars,
    wigner_map,
)
from latentq.report.plots.states import LARGEST, THICKEST, phase_colours

MATRIX = torch.tensor([[0.4, 0.1 - 0.2j], [0.05j, -0.8]], dtype=torch.complex128)
INFORMATION = torch.zeros(4, 4)
for (_i, _j), _value in zip(
    combinations(range(4), 2), (0.2, 1.0, 0.0, 0.5, 0.3, 0.1), strict=True
):
    INFORMATION[_i, _j] = INFORMATION[_j, _i] = _value


def test_hues_are_phases() -> None:
    values = np.exp(1j * np.array([0, math.pi / 2, math.pi, -math.pi / 2])) * [1, 2, 0.1, 5]
    hues = [colorsys.rgb_to_hsv(*colour)[0] for colour in phase_colours(values)]

    assert hues == pytest.approx([0, 0.25, 0.5, 0.75])


def test_hinton_areas_are_magnitudes() -> None:
    ax = Figure().subplots()
    hinton(ax, MATRIX)
    found = {}
    for patch in ax.patches:
        x, y = patch.get_x() + patch.get_width() / 2, patch.get_y() + patch.get_height() / 2  # type: ignore[attr-defined]
        found[round(y), round(x)] = patch

    assert set(found) == {(0, 0), (0, 1), (1, 0), (1, 1)}
    for (row, column), patch in found.items():
        value = complex(MATRIX[row, column])
        area = patch.get_width() * patch.get_height()  # type: ignore[attr-defined]
        assert area == pytest.approx(LARGEST**2 * abs(value) / 0.8)
        hue = colorsys.rgb_to_hsv(*to_rgb(patch.get_facecolor()))[0]
        turn = math.atan2(value.imag, value.real) / math.tau % 1
        assert hue == pytest.approx(turn, abs=1e-6)


def test_hinton_has_rows_downwards_and_a_shared_scale() -> None:
    ax = Figure().subplots()
    hinton(ax, MATRIX, most=3.2)

    assert ax.get_ylim() == (1.5, -0.5) and ax.get_xlim() == (-0.5, 1.5)
    assert max(patch.get_width() for patch in ax.patches) == pytest.approx(LARGEST / 2)  # type: ignore[attr-defined]


def test_hinton_leaves_out_zeros() -> None:
    ax = Figure().subplots()
    hinton(ax, torch.diag(torch.tensor([1, 0, 0, 0.5], dtype=torch.complex64)))

    assert len(ax.patches) == 2
    hinton(Figure().subplots(), torch.zeros(2, 2, dtype=torch.complex64))


def test_density_map_shows_magnitudes() -> None:
    ax = Figure().subplots()
    image = density_map(ax, MATRIX, most=2.0)

    assert np.allclose(image.get_array(), [[0.4, math.sqrt(0.05)], [0.05, 0.8]])  # type: ignore[arg-type]
    assert image.get_clim() == (0, 2)
    assert density_map(Figure().subplots(), MATRIX).get_clim() == (0, pytest.approx(0.8))


def test_axes_are_named_by_basis_states() -> None:
    ax = Figure().subplots()
    density_map(ax, torch.eye(16))

    for axis in (ax.xaxis, ax.yaxis):
        assert [text.get_text() for text in axis.get_ticklabels()] == [
            "0000", "0100", "1000", "1100",
        ]  # fmt: skip
        assert axis.get_ticklocs().tolist() == [0, 4, 8, 12]


def test_wigner_map_has_q_downwards_and_zero_white() -> None:
    values = torch.tensor([[0.5, -0.1], [0.4, 0.2]])
    ax = Figure().subplots()
    image = wigner_map(ax, values)
    white, red, blue = image.to_rgba(np.array([0.0, -0.5, 0.5]))[:, :3]

    assert np.allclose(image.get_array(), values)  # type: ignore[arg-type]
    assert image.get_clim() == (-0.5, 0.5) and image.origin == "upper"
    assert min(white) > 0.95 and red[0] > red[2] and blue[2] > blue[0]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("p", "q")


def test_edges_are_as_wide_as_their_information() -> None:
    ax = Figure().subplots()
    information_graph(ax, INFORMATION)
    x, y = ax.collections[0].get_offsets().T  # type: ignore[union-attr]

    assert len(ax.lines) == 5  # Nothing between qubits 0 and 3.
    for line in ax.lines:
        ends = [
            int(np.argmin((x - a) ** 2 + (y - b) ** 2))
            for a, b in zip(*line.get_data(), strict=True)  # type: ignore[arg-type]
        ]
        value = float(INFORMATION[ends[0], ends[1]])
        assert line.get_linewidth() == pytest.approx(THICKEST * value / 2)
        assert (line.get_color() == LIGHT.models["classical"]) == (value == 1.0)


def test_qubits_go_clockwise_from_the_top() -> None:
    ax = Figure().subplots()
    information_graph(ax, INFORMATION)
    places = {text.get_text(): text.get_position() for text in ax.texts}

    assert places["0"] == pytest.approx((0, 1), abs=1e-9)
    assert places["1"] == pytest.approx((1, 0), abs=1e-9)
    assert places["3"] == pytest.approx((-1, 0), abs=1e-9)


def test_information_matrix_has_its_numbers_and_no_diagonal() -> None:
    ax = Figure().subplots()
    image = information_matrix(ax, INFORMATION, most=1.0)
    shown = {text.get_position(): text.get_text() for text in ax.texts}

    assert len(shown) == 12 and shown[0, 2] == shown[2, 0] == "1.00" and shown[1, 3] == "0.30"
    assert np.diag(np.ma.getmaskarray(image.get_array())).all()  # type: ignore[arg-type]
    assert image.get_clim() == (0, 1)


def test_a_state_is_drawn_as_its_probabilities_and_phases() -> None:
    ax = Figure().subplots()
    psi = torch.tensor([0.6, 0.0, 0.0, 0.8j], dtype=torch.complex64)
    amplitude_bars(ax, psi)
    bars = [bar for bar in ax.patches if isinstance(bar, Rectangle)]

    assert [bar.get_height() for bar in bars] == pytest.approx([0.36, 0, 0, 0.64])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["00", "01", "10", "11"]
    assert bars[0].get_facecolor()[:3] == pytest.approx(phase_colours(np.array(1.0)))
    assert bars[3].get_facecolor()[:3] == pytest.approx(phase_colours(np.array(1j)))


def test_schmidt_bars_stand_at_their_heights() -> None:
    ax = Figure().subplots()
    schmidt_bars(ax, torch.tensor([0.75, 0.25]), [0.6, 0.4])

    assert [bar.get_height() for bar in ax.patches] == [0.75, 0.25]  # type: ignore[attr-defined]
    assert [text.get_text() for text in ax.texts] == ["0.75", "0.25"]
    assert [line.get_ydata()[0] for line in ax.lines] == [0.6, 0.4]  # type: ignore[index]
    assert [text.xy[1] for text in ax.texts] == [0.75, 0.4]  # type: ignore[attr-defined]
    bare = Figure().subplots()
    schmidt_bars(bare, torch.tensor([1.0, 0.0]))
    assert len(bare.lines) == 0


def test_the_wheel_turns_counter_clockwise_from_the_right() -> None:
    ax = Figure().subplots()
    phase_wheel(ax)
    image = np.asarray(ax.images[0].get_array())
    middle, side = image.shape[0] // 2, round(0.8 / 3 * (image.shape[0] - 1))
    right, top = image[middle, middle + side], image[middle + side, middle]

    assert ax.images[0].origin == "lower"
    assert colorsys.rgb_to_hsv(*right[:3])[0] % 1 == pytest.approx(0, abs=1e-6)
    assert colorsys.rgb_to_hsv(*top[:3])[0] == pytest.approx(0.25)
    assert right[3] == 1 and image[middle, middle, 3] == 0 and image[0, 0, 3] == 0
    places = {text.get_text(): text.get_position() for text in ax.texts}
    assert places["π/2"] == (0, 1.25) and places["0"] == (1.25, 0)
