"""The pictures are checked by their pixels, and the charts by the places of what is drawn."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.image import imread
from torch import Tensor

from latentq.report.plots import (
    Curve,
    Dot,
    Figure,
    chain_grid,
    figure_bytes,
    forest_chart,
    image_grid,
    label_decades,
    mosaic,
    reconstruction_grid,
    save_chain,
    save_figure,
    save_reconstructions,
    save_samples,
    training_chart,
    training_curve,
)

GUTTER = (0x1C, 0x21, 0x29)
BLACK = (0x0B, 0x0E, 0x13)
WHITE = (255, 255, 255)
DOT = Dot("a", "quantum", 2.0)
TILE = 84  # Three screen pixels for each of 28.


@pytest.fixture
def ax() -> Axes:
    return Figure().subplots()


def pixels(path: Path) -> np.ndarray:
    return (imread(path)[..., :3] * 255).round().astype(int)


def tile(picture: np.ndarray, bottom: int, right: int) -> np.ndarray:
    """Cuts a tile out of a picture, counted from its lower right corner."""
    low, east = len(picture) - 9 - bottom * 87, picture.shape[1] - 9 - right * 87
    return picture[low - TILE : low, east - TILE : east]


def one_white(images: int, white: int) -> Tensor:
    batch = torch.zeros(images, 1, 28, 28)
    batch[white] = 1
    return batch


def test_mosaic_places_images_in_reading_order() -> None:
    images = torch.rand(5, 1, 4, 6, generator=torch.Generator().manual_seed(0))
    canvas = mosaic(images, columns=3)

    assert canvas.shape == (2 * 5 + 1, 3 * 7 + 1)
    for i, image in enumerate(images[:, 0].double().numpy()):
        top, left = 1 + 5 * (i // 3), 1 + 7 * (i % 3)
        assert np.array_equal(canvas[top : top + 4, left : left + 6], image), i
    assert np.isnan(canvas[6:, 15:]).all()  # The place of a sixth image.
    assert np.isnan(canvas).sum() == canvas.size - images.numel()


def test_mosaic_clips() -> None:
    canvas = mosaic(torch.tensor([-1.0, 2.0]).reshape(1, 1, 1, 2), columns=1)

    assert canvas[1, 1:3].tolist() == [0, 1]


@pytest.mark.parametrize(
    "images",
    [torch.zeros(0, 1, 28, 28), torch.zeros(2, 3, 28, 28), torch.full((1, 1, 2, 2), torch.nan)],
)
def test_mosaic_rejects(images: Tensor) -> None:
    with pytest.raises(ValueError, match="images: must"):
        mosaic(images, columns=2)


@pytest.mark.parametrize("white", [0, 5, 15])
def test_saved_samples_are_white_on_dark(white: int, tmp_path: Path) -> None:
    save_samples(one_white(16, white), tmp_path / "samples.png", "Title")
    picture = pixels(tmp_path / "samples.png")

    for i in range(16):
        expected = WHITE if i == white else BLACK
        found = tile(picture, bottom=1 - i // 8, right=7 - i % 8)
        assert (found == expected).all(), i
    edge = picture[len(picture) - 9 :, :]
    assert (edge == GUTTER).all()  # Below the last row there is the frame only.


def test_image_grid_does_not_interpolate(ax: Axes) -> None:
    image_grid(ax, one_white(3, 1), columns=3)
    shown = ax.images[0]

    assert shown.get_interpolation() == "nearest"
    assert shown.get_clim() == (0, 1)
    assert np.nansum(np.asarray(shown.get_array())) == 28 * 28


def test_chain_runs_from_the_top_to_s0(tmp_path: Path, ax: Axes) -> None:
    chain = torch.zeros(6, 4, 1, 28, 28)
    chain[0, 1] = 1  # The second sample, before any denoising.
    chain[5, 3] = 1  # The fourth sample, at the end.
    save_chain(chain, tmp_path / "chain.png", "Title")
    picture = pixels(tmp_path / "chain.png")
    chain_grid(ax, chain)

    assert (tile(picture, bottom=5, right=2) == WHITE).all()
    assert (tile(picture, bottom=0, right=0) == WHITE).all()
    assert (tile(picture, bottom=0, right=2) == BLACK).all()
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == ["$S_{5}$", "$S_{4}$", "$S_{3}$", "$S_{2}$", "$S_{1}$", "$S_{0}$"]
    assert ax.get_ylim() == (174.5, -0.5)  # Down the page, the first row on top.
    assert np.allclose(ax.get_yticks(), [14.5, 43.5, 72.5, 101.5, 130.5, 159.5])


def test_reconstructions_are_below_their_originals(tmp_path: Path, ax: Axes) -> None:
    originals, outputs = one_white(10, 9), 0.5 * one_white(10, 9)
    save_reconstructions(originals, outputs, tmp_path / "r.png", "Title", columns=8)
    picture = pixels(tmp_path / "r.png")
    reconstruction_grid(ax, originals, outputs, columns=8)

    # The tenth image is the second one of the second pair of rows.
    assert (tile(picture, bottom=1, right=6) == WHITE).all()
    grey = tile(picture, bottom=0, right=6)
    assert (abs(grey - (np.array(WHITE) + BLACK) / 2) <= 2).all()
    assert (tile(picture, bottom=0, right=0) == GUTTER).all()  # There is no sixteenth image.
    assert [t.get_text() for t in ax.get_yticklabels()] == ["input", "output"] * 2


def test_reconstructions_of_another_shape_are_an_error(ax: Axes) -> None:
    with pytest.raises(ValueError, match="reconstructions: must have the shape"):
        reconstruction_grid(ax, torch.zeros(4, 1, 28, 28), torch.zeros(3, 1, 28, 28))


@pytest.mark.parametrize(
    "save",
    [
        lambda path: save_samples(one_white(9, 4), path, "$x < y$ & a long title " * 5),
        lambda path: save_chain(torch.rand(3, 2, 1, 28, 28).round(), path, ""),
        lambda path: save_figure(forest_chart({"A": [DOT]}, {"b": 1.0}), path),
    ],
)
def test_same_input_same_bytes(save: Callable[[Path], None], tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        torch.manual_seed(0)
        save(tmp_path / name)
    one, two = ((tmp_path / name).read_bytes() for name in ("a.png", "b.png"))

    assert one == two
    assert b"tEXt" not in one
    assert b"tIME" not in one
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "b.png"]


def test_svg_has_no_date() -> None:
    figure = forest_chart({"A": [DOT]}, {"b": 1.0})

    assert figure_bytes(figure, "svg") == figure_bytes(figure, "svg")
    assert b"date" not in figure_bytes(figure, "svg")


def test_a_failed_save_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "samples.png").mkdir()
    with pytest.raises(OSError, match="samples"):
        save_samples(one_white(1, 0), tmp_path / "samples.png", "")
    with pytest.raises(ValueError, match=r"\.png or \.svg"):
        save_figure(Figure(), tmp_path / "figure.jpg")

    assert [path.name for path in tmp_path.iterdir()] == ["samples.png"]


@pytest.mark.parametrize("width", [7.6, 3.7])
def test_fids_are_dots_at_their_values(width: float) -> None:
    dots = [
        Dot("zero", "matched", 0.0),
        Dot("samples", "quantum", 97.0, (80.0, 114.0)),
        Dot("other", "matched", 20.0),
    ]
    (ax,) = forest_chart({"A": dots}, {"real": 7.6}, width).axes
    drawn = [line for line in ax.lines if line.get_marker() in ("o", "s")]
    thick = [line for line in ax.lines if line.get_linewidth() == 3]

    assert ax.get_xscale() == "log"
    # Below the heading; what is not positive has no place.
    places = [np.asarray(dot.get_xydata()).tolist() for dot in drawn]
    assert places == [[[97.0, 2]], [[20.0, 3]]]
    assert [np.asarray(line.get_xdata()).tolist() for line in thick] == [[80.0, 114.0]]
    assert [text.get_text() for text in ax.texts] == [
        *("A", "zero", "0, not on this axis", "samples", "97.0", "other", "20.0", "real, 7.60")
    ]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # The first row is on top.
    assert ax.get_xlim()[0] < 7.6 < 114 < ax.get_xlim()[1]
    assert drawn[0].get_color() != drawn[1].get_color()


def test_a_chart_without_fids_is_drawn() -> None:
    assert figure_bytes(forest_chart({}, {}), "svg").startswith(b"<?xml")


def test_training_curve_names_each_label_once(ax: Axes) -> None:
    curves = [
        Curve("quantum (a)", "quantum", [0, 1], [100.0, 1.0]),
        Curve("quantum (a)", "quantum", [0, 1], [90.0, 2.0]),
        Curve("quantum (b)", "quantum", [0, 1], [80.0, 3.0]),
    ]
    training_curve(ax, curves, "prior")

    assert [np.asarray(line.get_ydata()).tolist() for line in ax.lines] == [
        c.losses for c in curves
    ]
    assert ax.get_legend_handles_labels()[1] == ["quantum (a)", "quantum (b)"]
    assert ax.get_yscale() == "log"
    first, second, third = (line.get_linestyle() for line in ax.lines)
    assert first == second != third


def test_a_curve_of_one_step_is_a_point(ax: Axes) -> None:
    training_curve(ax, [Curve("a", "quantum", [1], [2.0])], "autoencoder")

    assert ax.lines[0].get_marker() == "o"


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ((0.0017, 0.0045), ["0.002", "0.005"]),
        ((0.0005, 0.009), ["0.0005", "0.001", "0.002", "0.005", "0.01"]),
        ((0.0001, 0.13), ["0.0001", "0.001", "0.01", "0.1"]),
    ],
)
def test_decades_are_labelled_with_plain_numbers(
    ax: Axes, values: tuple[float, float], labels: list[str]
) -> None:
    ax.plot(values, [0, 1])
    ax.set_xscale("log")
    label_decades(ax.xaxis)
    low, high = ax.get_xlim()
    texts = [ax.xaxis.get_minor_formatter()(t) for t in ax.get_xticks(minor=True)]
    major = ax.xaxis.get_major_formatter()

    assert [major(t) for t in ax.get_xticks() if low <= t <= high] == labels
    assert low <= min(values) and high >= max(values) and high >= 4.999 * low
    assert not any(texts)


def test_training_curve_of_negative_losses_is_linear(ax: Axes) -> None:
    training_curve(ax, [Curve("a", "classical", [0, 1], [-100.0, 1.0])], "autoencoder")

    assert ax.get_yscale() == "linear"


@pytest.mark.parametrize(("width", "shape"), [(7.6, (1, 2)), (3.7, (2, 1))])
def test_narrow_training_charts_are_stacked(width: float, shape: tuple[int, int]) -> None:
    curves = [Curve("a", "quantum", [0, 1], [1.0, 0.5])]
    figure = training_chart({"autoencoder": curves, "prior": curves}, width)

    grid = figure.axes[0].get_gridspec()
    assert grid is not None
    assert grid.get_geometry() == shape
    assert [panel.get_title(loc="left") for panel in figure.axes] == ["autoencoder", "prior"]


def test_no_global_state() -> None:
    code = "import sys, latentq.report.plots; sys.exit('matplotlib.pyplot' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
