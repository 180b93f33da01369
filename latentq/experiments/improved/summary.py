"""What is said before the claims: the setting, what came out, and what the full size takes."""

import math

from latentq.experiments.improved.options import Options
from latentq.experiments.improved.quality import UNDENOISED
from latentq.experiments.improved.statistics import factor
from latentq.experiments.record import Tables, pick
from latentq.report.statistics import read
from latentq.report.wording import interval, number

PUBLISHED = {"steps": 30, "iterations": 300}


def setting(options: Options) -> str:
    """Says what was compared, and which readings are our own."""
    bounded = f"an MMD of {options.distance:g} to Haar states"
    if options.bounded != "tuned":
        bounded = f"strengths up to {options.bounded[-1]:g}"
    return (
        "The original QuDDPM (Haar start, strengths up to "
        f"{options.strong[-1]:g}, angles from N(0, 1)) against the improved one "
        f"(scrambled zeros with {bounded}, angles within ±1/L), both with {options.ancillas} "
        f"ancillas and Adam at {options.lr:g}; published are 0.0005 for the original and about "
        "0.005 for the improved one. Our readings, as the paper does not define them: the data "
        "are cos a |0…0⟩ + exp(ib) sin a |1…1⟩ with a uniform in [0, π/2] and b in [0, 2π), and "
        "KL compares the probabilities of basis states in the mean states."
    )


def results(options: Options, tables: Tables) -> str:
    """Says what came out."""
    slope = {row["model"]: read(row, "slope") for row in tables["slopes"] if row["of"] == "norm"}
    last = tables["ratios"][-1]
    n = last["qubits"]
    share = pick(tables["sizes"], model="original", qubits=n)[0]["signal_share"]
    kl = {row["states"]: interval(read(row, "kl")) for row in tables["quality"]}
    return (
        f"The norm of the gradient changes by {interval(slope['original'])} bits per qubit in the "
        f"original and {interval(slope['improved'])} in the improved model, which has "
        f"{factor(read(last, 'log2_ratio'))} times the norm at {n} qubits. Of the squared "
        f"gradient of the original there {number(100 * share)}% is signal at the start of cycles, "
        "the rest comes from the outcomes and targets drawn. With "
        f"{options.quality} qubits the KL divergence is {kl['improved']} nats for the improved "
        f"model, {kl[UNDENOISED]} for its terminal ensemble, {kl['original']} for the "
        f"original, {kl['Haar states']} for Haar states and {kl['the family']} for the family "
        f"itself. Intervals are 95% over {options.seeds} seeds."
    )


def cost(options: Options, tables: Tables) -> str:
    """Says what the published size would take."""
    row = tables["sizes"][-1]
    hours = row["seconds"] * math.prod(PUBLISHED.values()) / 3600
    given = " ".join(f"{name}={value}" for name, value in PUBLISHED.items())
    return (
        f"Published are T = {PUBLISHED['steps']} and {PUBLISHED['iterations']} iterations for "
        f"each cycle; here T = {options.steps} and {options.iterations}, for the quality of "
        f"samples T = {options.quality_steps} and {options.quality_iterations}, with L = "
        f"{options.layers} and batches of {options.batch}, of which no published value was "
        f"found. At {number(row['seconds'])} s for an iteration with {row['qubits']} qubits, the "
        f"published size (`{given}`) takes {number(hours)} hours for each model and seed."
    )


def summary(options: Options, tables: Tables) -> str:
    """Returns the paragraphs."""
    return "\n\n".join((setting(options), results(options, tables), cost(options, tables)))
