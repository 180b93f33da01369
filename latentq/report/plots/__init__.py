"""Pictures: grids of digits, denoising chains, FID charts and curves.

The only part of LatentQ that imports matplotlib. Every drawing function draws on an Axes that it
is given; the others make a figure, without pyplot's global state, and write it without
timestamps, so that the same input gives the same bytes.
"""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from latentq.report.plots.charts import DARK, LIGHT, Curve, FidRow, Theme, fid_bars, training_curve
from latentq.report.plots.clouds import cloud, cloud_figure, size_curve
from latentq.report.plots.curves import curve, finish, label_decades, level, shades
from latentq.report.plots.files import (
    fid_chart,
    figure_bytes,
    save_chain,
    save_figure,
    save_reconstructions,
    save_samples,
    training_chart,
)
from latentq.report.plots.grids import chain_grid, image_grid, mosaic, reconstruction_grid
from latentq.report.plots.states import (
    density_map,
    hinton,
    information_graph,
    information_matrix,
    phase_wheel,
    schmidt_bars,
    wigner_map,
)

__all__ = [
    "DARK",
    "LIGHT",
    "Axes",
    "Curve",
    "FidRow",
    "Figure",
    "Theme",
    "chain_grid",
    "cloud",
    "cloud_figure",
    "curve",
    "density_map",
    "fid_bars",
    "fid_chart",
    "figure_bytes",
    "finish",
    "hinton",
    "image_grid",
    "information_graph",
    "information_matrix",
    "label_decades",
    "level",
    "mosaic",
    "phase_wheel",
    "reconstruction_grid",
    "save_chain",
    "save_figure",
    "save_reconstructions",
    "save_samples",
    "schmidt_bars",
    "shades",
    "size_curve",
    "training_chart",
    "training_curve",
    "wigner_map",
]
