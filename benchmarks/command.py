"""The command `python -m benchmarks`: reads its options, runs suites, writes their files."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from benchmarks import roofline
from benchmarks.chain import Chain, parts_of_chain, time_chain
from benchmarks.chain_rows import VARIANTS, time_chains, transports
from benchmarks.choices import choices, time_choice
from benchmarks.engines import ENGINES, OURS, PEERS, Engine
from benchmarks.figure import chart
from benchmarks.parts import parts_of_iteration, time_parts
from benchmarks.records import record
from benchmarks.rows import Limits, time_row
from benchmarks.suites import PEER_SUITES, SUITES, tasks_of
from benchmarks.tables import (
    document,
    document_of_chain,
    document_of_choices,
    document_of_parts,
)
from benchmarks.task import Task
from latentq.config.commands import parse_options
from latentq.config.compose import load_config
from latentq.config.rules import Rule
from latentq.errors import InputError, nearest
from latentq.report.markdown import markdown
from latentq.report.plots import save_figure

FIGURES = ("batch", "qubits")
RULES = {
    "suite": Rule(str, choices=(*SUITES, "all")),
    "engines": Rule(str),
    "device": Rule(str, choices=("cpu", "cuda")),
    "seconds": Rule(float, low=0, above=True),
    "memory": Rule(float, low=0, above=True),
    "seed": Rule(int, low=0),
    "out": Rule(str, path=True),
}
DEFAULTS: dict[str, Any] = {
    "suite": "headline",
    "engines": "all",
    "device": "cpu",
    "seconds": 3.0,
    "memory": 12.0,
    "seed": 0,
    "out": str(Path(__file__).parent / "results"),
}


def choose_peers(words: str) -> list[Engine]:
    """Returns the peers that are asked for, by their keys or all of them.

    Raises:
        InputError: If there is no such engine.
    """
    if words == "all":
        return [*PEERS]
    for word in words.split(","):
        if word not in ENGINES:
            hint = nearest(word, list(ENGINES))
            raise InputError(f"engines: must be all or some of {', '.join(ENGINES)}{hint}")
    return [ENGINES[word] for word in words.split(",") if word != OURS.key]


def say(text: str) -> None:
    """Tells what happens, beside the results."""
    print(text, file=sys.stderr, flush=True)


def run_suite(suite: str, peers: Sequence[Engine], options: dict[str, Any]) -> dict[str, Any]:
    """Runs a suite and returns what its JSON file holds."""
    for engine in peers:
        if missing := engine.missing():
            say(f"{engine.label}: left out, not installed: {', '.join(missing)}")
    device, limits = options["device"], Limits(options["memory"] * 1e9)
    flop_rate, byte_rate = roofline.peak_flops(), roofline.peak_bytes()
    rows = [
        time_row(task, peers, limits, options["seconds"], flop_rate, say)
        for task in tasks_of(suite, options["seed"], device)
    ]
    result: dict[str, Any] = {"suite": suite, "machine": record(device), "rows": rows}
    result["peaks"] = {"flops_per_s": flop_rate, "bytes_per_s": byte_rate}
    return result


def run_own_suite(suite: str, options: dict[str, Any]) -> dict[str, Any]:
    """Runs a suite that only our engine has, and returns what its JSON file holds."""
    budget, seed = options["seconds"], options["seed"]
    result: dict[str, Any] = {"suite": suite, "machine": record("cpu")}
    if suite == "choices":
        rows = [time_choice(c, budget, seed) for c in choices(load_config(["model=quantum"]))]
        return {**result, "rows": rows}

    if suite == "chain":
        return {**result, **_run_chain(budget, seed)}
    task = Task(4, 2, 6, 256, seed=seed)
    return {**result, "rows": [time_parts(task.label, parts_of_iteration(task), budget, seed)]}


def _run_chain(budget: float, seed: int) -> dict[str, Any]:
    """Times the iterations of models of `latentq/configs/`, their parts, and their transports."""
    flop_rate = roofline.peak_flops()
    chains = {
        name: Chain(load_config(["model=quantum", f"seed={seed}", *words]), "cpu")
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
    (out / f"{suite}.json").write_text(json.dumps(result, indent=2) + "\n")
    (out / f"{suite}.md").write_text(text)
    return text


def bench(arguments: list[str]) -> None:
    """Runs the suites that are asked for and prints their tables.

    Raises:
        InputError: If an option is wrong, or there is no such device.
    """
    options = parse_options(arguments, RULES, DEFAULTS)
    if options["device"] == "cuda" and not torch.cuda.is_available():
        raise InputError("device: must be cpu where torch sees no GPU, was 'cuda'")
    peers = choose_peers(options["engines"])
    torch.set_num_threads(1)
    suites = SUITES if options["suite"] == "all" else (options["suite"],)
    for suite in suites:
        own = suite not in PEER_SUITES
        result = run_own_suite(suite, options) if own else run_suite(suite, peers, options)
        print(write(result, Path(options["out"])))
