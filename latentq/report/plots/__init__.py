"""Pictures: grids of digits, denoising chains, FID charts and curves.

The only part of LatentQ that imports matplotlib. Every drawing function draws on an Axes that it
is given; the others make a figure, without pyplot's global state, and write it without
timestamps, so that the same input gives the same bytes.
"""

from matplotlib.axes import Axes

from latentq.report.plots.clouds import cloud, cloud_figure, size_curve
from latentq.report.plots.curves import (
    curve,
    finish,
    label_decades,
    level,
    log_ticks,
    shades,
    tints,
)
from latentq.report.plots.efficiency import Line, efficiency_chart
from latentq.report.plots.files import (
    Figure,
    chain_figure,
    figure_bytes,
    reconstructions_figure,
    samples_figure,
    save_chain,
    save_figure,
    save_reconstructions,
    save_samples,
)
from latentq.report.plots.forest import Dot, forest_chart, ratio_chart
from latentq.report.plots.grids import chain_grid, image_grid, mosaic, reconstruction_grid
from latentq.report.plots.labels import Label, place_labels
from latentq.report.plots.palette import DARK, LIGHT, NIGHT, Theme
from latentq.report.plots.states import (
    amplitude_bars,
    density_map,
    hinton,
    information_graph,
    information_matrix,
    phase_wheel,
    schmidt_bars,
    wigner_map,
)
from latentq.report.plots.training import Curve, history_chart, training_chart, training_curve

__all__ = [
    "DARK",
    "LIGHT",
    "NIGHT",
    "Axes",
    "Curve",
    "Dot",
    "Figure",
    "Label",
    "Line",
    "Theme",
    "amplitude_bars",
    "chain_figure",
    "chain_grid",
    "cloud",
    "cloud_figure",
    "curve",
    "density_map",
    "efficiency_chart",
    "figure_bytes",
    "finish",
    "forest_chart",
    "hinton",
    "history_chart",
    "image_grid",
    "information_graph",
    "information_matrix",
    "label_decades",
    "level",
    "log_ticks",
    "mosaic",
    "phase_wheel",
    "place_labels",
    "ratio_chart",
    "reconstruction_grid",
    "reconstructions_figure",
    "samples_figure",
    "save_chain",
    "save_figure",
    "save_reconstructions",
    "save_samples",
    "schmidt_bars",
    "shades",
    "size_curve",
    "tints",
    "training_chart",
    "training_curve",
    "wigner_map",
]
