"""How large gradients are: by qubits, along training, by layer and step, and by remedy."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal, cast

import torch
from torch import Tensor

from latentq.diffusion import ForwardProcess
from latentq.experiments.improved.models import MODELS, Plan, data_distance
from latentq.experiments.improved.statistics import bits, cells, slopes
from latentq.experiments.improved.training import Cycle, Trained, chosen, signal, step_gradient
from latentq.experiments.record import progress
from latentq.randomness import derive_generator
from latentq.report.statistics import columns_of

POINTS = 5  # of the curve of a cycle
ENDS = 10  # iterations at either end of a cycle whose losses are averaged
LAW_FROM = 4  # The laws hold for many qubits: with fewer, d + 1 is far from d.
START = Literal["haar", "zero"]
Remedy = tuple[START, str]
REMEDIES: tuple[Remedy, ...] = (
    ("haar", "normal"),
    ("haar", "small"),
    ("zero", "normal"),
    ("zero", "small"),
)


def rms(values: Tensor) -> float:
    """Returns the root of the mean square."""
    return values.square().mean().sqrt().item()


def mean_norm(gradients: Tensor) -> float:
    """Returns the root mean square of the norms of gradients with shape (R, P)."""
    return rms(gradients.norm(dim=1))


def groups(runs: Sequence[Trained]) -> Iterator[tuple[dict[str, Any], list[Trained]]]:
    """Yields the runs that differ in their seeds alone, with the cells that name them."""
    for key in dict.fromkeys((run.name, run.qubits) for run in runs):
        yield (
            {"model": key[0], "qubits": key[1]},
            [run for run in runs if (run.name, run.qubits) == key],
        )


def cycle_rows(runs: Sequence[Trained]) -> list[dict[str, Any]]:
    """Returns a row for each cycle of each run."""
    return [
        {
            **{"model": run.name, "qubits": run.qubits, "seed": run.seed, "step": cycle.step},
            "norm": rms(cycle.norms),
            "start": mean_norm(cycle.handed),
            "signal_squared": signal(cycle.handed),
            "ideal": mean_norm(cycle.ideal),
            "loss_first": cycle.losses[:ENDS].mean().item(),
            "loss_last": cycle.losses[-ENDS:].mean().item(),
        }
        for run in runs
        for cycle in run.cycles
    ]


def over_cycles(run: Trained) -> float:
    """Returns the root mean square of the norms over all cycles, as a binary logarithm."""
    return bits(rms(torch.stack([cycle.norms for cycle in run.cycles])))


def per_angle(run: Trained) -> float:
    """Returns the same for the derivative by one angle."""
    return over_cycles(run) - bits(run.prior.angles[0].numel()) / 2


def signal_share(run: Trained) -> float:
    """Returns the share of the squared norm at the start of cycles that is signal."""
    total = sum(cycle.handed.square().sum(dim=1).mean().item() for cycle in run.cycles)
    return sum(signal(cycle.handed) for cycle in run.cycles) / total


def size_rows(runs: Sequence[Trained]) -> list[dict[str, Any]]:
    """Returns the size of gradients over all cycles by model and qubits."""
    return [
        {
            **keys,
            "angles": chosen_runs[0].prior.angles[0].numel(),
            **cells("log2_norm", [over_cycles(run) for run in chosen_runs]),
            **cells("log2_derivative", [per_angle(run) for run in chosen_runs]),
            **cells("signal_share", [signal_share(run) for run in chosen_runs]),
            "seconds": min(run.seconds for run in chosen_runs),
        }
        for keys, chosen_runs in groups(runs)
    ]


def fitted(sizes: Sequence[int]) -> list[int]:
    """Returns the numbers of qubits that a slope is taken over."""
    large = [n for n in sizes if n >= LAW_FROM]
    return large if len(large) > 1 else list(sizes)


def slope_rows(runs: Sequence[Trained]) -> list[dict[str, Any]]:
    """Returns the slopes of :func:`size_rows` in bits per qubit."""
    rows = []
    chosen_sizes = fitted(list(dict.fromkeys(run.qubits for run in runs)))
    for name in MODELS:
        for what, size in (("norm", over_cycles), ("derivative", per_angle)):
            by_seed: dict[int, dict[int, float]] = {}
            for run in runs:
                if run.name == name and run.qubits in chosen_sizes:
                    by_seed.setdefault(run.seed, {})[run.qubits] = size(run)
            found = slopes(list(by_seed.values()))
            row = {"model": name, "of": what, "from": chosen_sizes[0], "to": chosen_sizes[-1]}
            rows.append({**row, **columns_of("slope", found)})
    return rows


def ratio_rows(runs: Sequence[Trained]) -> list[dict[str, Any]]:
    """Returns how many bits the gradients of the improved model are larger, at equal seeds."""
    sizes = {(run.name, run.qubits, run.seed): over_cycles(run) for run in runs}
    return [
        {
            "qubits": n,
            **cells("log2_ratio", [
                sizes["improved", n, seed] - size
                for (name, qubits, seed), size in sizes.items()
                if name == "original" and qubits == n
            ]),
        }
        for n in dict.fromkeys(run.qubits for run in runs)
    ]  # fmt: skip


def blocks(norms: Tensor) -> list[tuple[float, float]]:
    """Returns the middle of parts of a cycle, as a share of it, and the size there in bits."""
    found, begun = [], 0
    for part in norms.tensor_split(min(POINTS, len(norms))):
        found.append(((begun + len(part) / 2) / len(norms), bits(rms(part))))
        begun += len(part)
    return found


def curve_rows(runs: Sequence[Trained]) -> list[dict[str, Any]]:
    """Returns the norms along training, as root mean squares over parts of a cycle."""
    rows = []
    for keys, own in groups(runs):
        for cycles in zip(*(run.cycles for run in own), strict=True):
            for parts in zip(*(blocks(cycle.norms) for cycle in cycles), strict=True):
                row = {**keys, "step": cycles[0].step, "place": parts[0][0]}
                rows.append(row | cells("log2_norm", [size for _, size in parts]))
    return rows


def by_layer(cycle: Cycle, layers: int) -> list[float]:
    """Returns the root mean square of derivatives by the angles of each layer, in bits."""
    squares = cycle.handed.square().mean(dim=0).unflatten(0, (layers, -1)).mean(dim=1)
    return [bits(value**0.5) for value in squares.tolist()]


def layer_rows(runs: Sequence[Trained], layers: int) -> list[dict[str, Any]]:
    """Returns the size of derivatives at the start of cycles by step and layer."""
    rows = []
    for keys, own in groups(runs):
        for cycles in zip(*(run.cycles for run in own), strict=True):
            found = [by_layer(cycle, layers) for cycle in cycles]
            for layer, values in enumerate(zip(*found, strict=True)):
                row = {**keys, "step": cycles[0].step, "layer": layer}
                rows.append({**row, **cells("log2_derivative", values)})
    return rows


def chain_rows(runs: Sequence[Trained]) -> list[dict[str, Any]]:
    """Returns how far from Haar states each step of a generation is, and its gradients."""
    rows = []
    for keys, own in groups(runs):
        process = cast(ForwardProcess, own[0].prior.forward_process)
        for k in range(process.steps + 1):
            t = process.steps - k
            row = {**keys, "step": t}
            row |= cells("untrained", [run.purities[0, k].item() for run in own])
            row |= cells("trained", [run.purities[1, k].item() for run in own])
            row["forward"] = data_distance(process.qubits, process.strengths[:t])
            rows.append(row)
    return rows


def handed_rows(runs: Sequence[Trained]) -> list[dict[str, Any]]:
    """Returns gradients at the start of cycles, on inputs as handed on and on ideal ones."""
    rows = []
    for keys, own in groups(runs):
        firsts = [bits(mean_norm(run.cycles[0].handed)) for run in own]
        for cycles in zip(*(run.cycles for run in own), strict=True):
            handed = [bits(mean_norm(cycle.handed)) for cycle in cycles]
            ideal = [bits(mean_norm(cycle.ideal)) for cycle in cycles]
            lost = [b - a for a, b in zip(handed, ideal, strict=True)]
            since = [a - b for a, b in zip(handed, firsts, strict=True)]
            row = {**keys, "step": cycles[0].step, **cells("log2_handed", handed)}
            row |= cells("log2_ideal", ideal) | cells("log2_lost", lost)
            rows.append(row | cells("log2_since_first", since))
    return rows


def remedy_gradient(plan: Plan, qubits: int, remedy: Remedy, seed: int, draws: int) -> float:
    """Measures the gradient of the first cycle with some inputs and angles, in bits.

    The targets are those of the improved model in all cases.
    """
    start, init = remedy
    improved = plan.process("improved", qubits)
    process = ForwardProcess(qubits, plan.steps, improved.strength, start)
    generator = derive_generator(seed, "improved", "remedies", qubits)
    latents, t, found = plan.data(qubits, seed), plan.steps - 1, []
    for draw in range(draws):
        name = MODELS[init == "small"]
        prior = plan.model(name, qubits, 1000 * seed + draw, process)
        inputs = process.terminal_states(plan.batch, generator)
        targets = process.diffuse(chosen(latents, plan.batch, generator), t, generator)
        found.append(step_gradient(prior, t, inputs, targets, generator))
    return bits(mean_norm(torch.stack(found)))


def remedy_rows(
    plan: Plan, sizes: Sequence[int], seeds: Sequence[int], draws: int
) -> list[dict[str, Any]]:
    """Measures which of the two changes keeps the gradient of the first cycle."""
    rows = []
    for remedy in progress(REMEDIES, "remedies"):
        by_seed = [{n: remedy_gradient(plan, n, remedy, s, draws) for n in sizes} for s in seeds]
        found = slopes([{n: of[n] for n in fitted(sizes)} for of in by_seed])
        for n in sizes:
            row = {"inputs": remedy[0], "angles": remedy[1], "qubits": n}
            row |= cells("log2_norm", [of[n] for of in by_seed])
            rows.append({**row, **columns_of("slope", found)})
    return rows
