"""The command `python -m benchmarks`: reads its options, runs suites, writes their files."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from pydantic import Field

from benchmarks import roofline
from benchmarks.chain import TimedChain, parts_of_chain, time_chain
from benchmarks.chain_rows import VARIANTS, time_chains, transports
from benchmarks.choices import choices, time_choice
from benchmarks.engines import ENGINES, OURS, Engine
from benchmarks.figure import chart
from benchmarks.parts import parts_of_iteration, time_parts
from benchmarks.records import record
from benchmarks.rows import Limits, time_row
from benchmarks.solvers import sizes_of, time_solvers
from benchmarks.suites import PEER_SUITES, SUITES, tasks_of
from benchmarks.tables import (
    document,
    document_of_chain,
    document_of_choices,
    document_of_parts,
    document_of_solvers,
)
from benchmarks.task import BenchmarkTask
from latentq.config.commands import read_options
from latentq.config.compose import load_config
from latentq.config.fields import Folder, Positive, Settings, Size
from latentq.config.marks import Commas, OneOf
from latentq.errors import InputError
from latentq.report.pages import markdown, write_files
from latentq.report.plots import save_figure

FIGURES = ("batch", "qubits")
Peers = Annotated[tuple[Annotated[str, OneOf(ENGINES)], ...], Commas(ENGINES)]


class Options(Settings):
    """What is timed, and against what."""

    suite: Annotated[str, OneOf((*SUITES, "all"))] = Field("headline", description="what is timed")
    engines: Peers = Field(tuple(ENGINES), description="against what; ours always runs")
    device: Literal["cpu", "cuda"] = Field(
        "cpu", description="on cuda only our engine and torchquantum run"
    )
    seconds: Positive = Field(3.0, description="the time for each engine in each row")
    memory: Positive = Field(12.0, description="the GB that an iteration may take")
    seed: Size = Field(0, description="the seed of states, angles and outcomes")
    out: Folder = Field(
        str(Path(__file__).parent / "results"), description="the folder of the results"
    )


def say(text: str) -> None:
    """Tells what happens, beside the results."""
    print(text, file=sys.stderr, flush=True)


def run_suite(suite: str, peers: Sequence[Engine], options: Options) -> dict[str, Any]:
    """Runs a suite and returns what its JSON file holds."""
    for engine in peers:
        if missing := engine.missing():
            say(f"{engine.label}: left out, not installed: {', '.join(missing)}")
    device, limits = options.device, Limits(options.memory * 1e9)
    flop_rate, byte_rate = roofline.peak_flops(), roofline.peak_bytes()
    rows = [
        time_row(task, peers, limits, options.seconds, flop_rate, say)
        for task in tasks_of(suite, options.seed, device)
    ]
    result: dict[str, Any] = {"suite": suite, "machine": record(device), "rows": rows}
    result["peaks"] = {"flops_per_s": flop_rate, "bytes_per_s": byte_rate}
    return result


def run_own_suite(suite: str, options: Options) -> dict[str, Any]:
    """Runs a suite that only our engine has, and returns what its JSON file holds."""
    budget, seed = options.seconds, options.seed
    result: dict[str, Any] = {"suite": suite, "machine": record("cpu")}
    if suite == "choices":
        rows = [time_choice(c, budget, seed) for c in choices(load_config(["model=quantum"]))]
        return {**result, "rows": rows}

    if suite == "chain":
        return {**result, **_run_chain(budget, seed)}
    if suite == "solvers":
        sizes = sizes_of(load_config(["model=quantum"]))
        return {**result, "rows": [time_solvers(*size, budget, seed) for size in sizes]}
    task = BenchmarkTask(4, 2, 6, 256, seed=seed)
    return {**result, "rows": [time_parts(task.label, parts_of_iteration(task), budget, seed)]}


def _run_chain(budget: float, seed: int) -> dict[str, Any]:
    """Times the iterations of the default models, their parts, and their transports."""
    flop_rate = roofline.peak_flops()
    chains = {
        name: TimedChain(load_config(["model=quantum", f"seed={seed}", *words]), "cpu")
        for name, words in VARIANTS.items()
    }
    chain = chains["shipped"]
    return {
        "chain": {"label": chain.label, **asdict(time_chain(chain, budget))},
        "steps": time_chains(chains, budget, seed, flop_rate),
        "transports": [time_choice(choice, budget, seed) for choice in transports(seed)],
        "rows": [time_parts(chain.label, parts_of_chain(chain), budget, seed)],
    }


DOCUMENTS = {
    "chain": document_of_chain,
    "choices": document_of_choices,
    "parts": document_of_parts,
    "solvers": document_of_solvers,
}


def write(result: dict[str, Any], out: Path) -> str:
    """Writes the files of a suite and returns its Markdown."""
    out.mkdir(parents=True, exist_ok=True)
    suite = result["suite"]
    picture = out / f"{suite}.png" if suite in FIGURES else None
    if picture:
        save_figure(chart(result["rows"], suite), picture)
    page = document(result, picture) if suite in PEER_SUITES else DOCUMENTS[suite](result)
    text = markdown(page, out)
    content = {"json": json.dumps(result, indent=2) + "\n", "md": text}
    write_files(out, {f"{suite}.{kind}": made for kind, made in content.items()})
    return text


def bench(arguments: list[str]) -> None:
    """Runs the suites that are asked for and prints their tables.

    Raises:
        InputError: If an option is wrong, or there is no such device.
    """
    options = read_options(arguments, Options)
    if options.device == "cuda" and not torch.cuda.is_available():
        raise InputError("device: must be cpu where torch sees no GPU, was 'cuda'")
    peers = [ENGINES[key] for key in options.engines if key != OURS.key]
    torch.set_num_threads(1)
    suites = SUITES if options.suite == "all" else (options.suite,)
    for suite in suites:
        own = suite not in PEER_SUITES
        result = run_own_suite(suite, options) if own else run_suite(suite, peers, options)
        print(write(result, Path(options.out)))
