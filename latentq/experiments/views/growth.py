"""The picture of how magnitudes and phases are learnt."""

from latentq.experiments.bands import band
from latentq.experiments.measures import haar_magnitude_fidelity
from latentq.experiments.record import Picture
from latentq.experiments.views.measures import Numbers, Setting, lead
from latentq.experiments.views.statistics import mean, summary_of
from latentq.report import plots


def learning_picture(setting: Setting, learned: Numbers) -> Picture:
    """Draws how fidelity, magnitudes and phases grow, and which of the two is ahead."""
    figure = plots.Figure(figsize=(9.5, 3.8), dpi=150, layout="constrained")
    left, right = figure.subplots(1, 2)
    k, marks = len(setting.depths) // 2, setting.marks[1:]
    colours = iter(plots.LIGHT.models.values())
    for name in ("magnitudes", "phases", "fidelity"):
        found = [summary_of(name, values, 1) for values in learned[name][1:, k]]
        colour = next(colours)
        label = name if name == "fidelity" else f"{name} alone"
        plots.curve(left, marks, [s.mean for s in found], band(found), label=label, colour=colour)
        if name != "fidelity":
            equal = learned[f"{name}_at_equal_fidelity"][1:, k].mean(dim=-1).tolist()
            label = f"{name} at equal fidelity"
            plots.curve(left, marks, equal, label=label, colour=colour, marker="", line=":")
    haar, colour = [haar_magnitude_fidelity(2**setting.qubits)] * len(marks), plots.LIGHT.muted
    label = "magnitudes of Haar states"
    plots.curve(left, marks, haar, label=label, colour=colour, marker="", line="--")
    left.set(xscale="log", ylim=(0, 1))
    plots.finish(left, f"Depth {setting.depths[k]}", "epochs", "fidelity with the original")
    lines = zip(setting.depths, lead(learned).unbind(1), strict=True)
    for (depth, values), shade in zip(lines, plots.shades(len(setting.depths)), strict=True):
        found = [mean(row) for row in values[1:]]
        label = f"depth {depth}"
        plots.curve(right, marks, [s.mean for s in found], band(found), label=label, colour=shade)
    plots.level(right, 0.0, "")
    right.set_xscale("log")
    plots.finish(
        right, "Lead of the magnitudes over the phases, 0 if alike", "epochs", "difference"
    )
    return Picture(
        "How magnitudes and phases are learnt, mean over the training states, bands are 95% "
        "intervals over draws. Dotted: states of the same fidelity that prefer no basis.",
        figure,
    )
