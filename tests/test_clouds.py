import numpy as np
import torch
from matplotlib.figure import Figure

from latentq.report.plots import cloud, cloud_figure, size_curve


def test_a_cloud_shows_data_below_and_samples_above(generator: torch.Generator) -> None:
    ax = Figure().subplots()
    points, data = torch.randn(2, 30, 2, generator=generator)
    cloud(ax, points, data, "S")
    below, above = ax.collections

    assert np.allclose(below.get_offsets(), data.numpy())
    assert np.allclose(above.get_offsets(), points.numpy())
    assert ax.get_title() == "S"


def test_clouds_share_their_scale(generator: torch.Generator) -> None:
    points = torch.randn(3, 20, 2, generator=generator) * torch.tensor([1, 5, 9])[:, None, None]
    figure = cloud_figure(list(points), points[0], ["a", "b", "c"])

    assert [ax.get_title() for ax in figure.axes] == ["a", "b", "c"]
    assert len({ax.get_xlim() for ax in figure.axes}) == 1


def test_the_curve_is_at_its_values() -> None:
    ax = Figure().subplots()
    size_curve(ax, {1000: [20.0], 100: [70.0, 90.0]}, {"uneven": (1000, [15.0])})
    means, *dots, cross = ax.lines

    assert means.get_xydata().tolist() == [[100, 80], [1000, 20]]  # type: ignore[union-attr]
    assert [list(line.get_ydata()) for line in dots] == [[70, 90], [20]]  # type: ignore[arg-type]
    assert cross.get_xydata().tolist() == [[1000, 15]]  # type: ignore[union-attr]
    assert [text.get_text() for text in ax.texts] == ["80", "20", "uneven: 15"]
    assert ax.get_xscale() == ax.get_yscale() == "log"
    assert [t.get_text() for t in ax.get_xticklabels()] == ["100", "1,000"]
