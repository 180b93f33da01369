"""The command `python -m benchmarks`: reads its options, runs suites, writes their files."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from benchmarks import roofline
from benchmarks.chain import time_chain
from benchmarks.engines import ENGINES, OURS, PEERS, Engine
from benchmarks.figure import chart
from benchmarks.records import record
from benchmarks.rows import Limits, time_row
from benchmarks.suites import SUITES, tasks_of
from benchmarks.tables import document
from latentq.commands import parse_options
from latentq.config import Rule, nearest
from latentq.errors import InputError
from latentq.plots import save_figure
from latentq.report.markdown import markdown

FIGURES = ("batch", "qubits")
RULES = {
    "suite": Rule(str, choices=(*SUITES, "all")),
    "engines": Rule(str),
    "device": Rule(str, choices=("cpu", "cuda")),
    "seconds": Rule(float, low=0, above=True),
    "memory": Rule(float, low=0, above=True),
    "seed": Rule(int, low=0),
    "out": Rule(str),
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
    if suite == "headline":
        say("the shipped model, end to end")
        label, timing = time_chain(options["seed"], device, options["seconds"])
        result["chain"] = {"label": label, **asdict(timing)}
    return result


def write(result: dict[str, Any], out: Path) -> str:
    """Writes the files of a suite and returns its Markdown."""
    out.mkdir(parents=True, exist_ok=True)
    suite = result["suite"]
    picture = out / f"{suite}.png" if suite in FIGURES else None
    if picture:
        save_figure(chart(result["rows"], suite), picture)
    text = markdown(document(result, picture), out)
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
        print(write(run_suite(suite, peers, options), Path(options["out"])))
