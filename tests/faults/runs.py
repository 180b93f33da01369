"""Tiny runs of every stage, and what of a run must not depend on how often it was killed."""

import hashlib
import json
from pathlib import Path
from typing import Any

from latentq.config.compose import load_config

COMMON = [
    *("data=digits", "data.limit=60", "data.validation=20", "metrics.samples=20"),
    *("images.batch_size=20", "images.epochs=2", "device=cpu", "threads=1"),
]
PHASES = ["denoising.iterations_per_epoch=3", "denoising.epochs=2"]
CHAIN = [
    *PHASES,
    "denoising.input_batch_size=16",
    "denoising.start_batch_size=16",
    "denoising.target_batch_size=16",
]
DIFFUSION = [*PHASES, "denoising.batch_size=16"]
OWN = {
    "quantum": [*CHAIN, "prior.layers=2", "denoising.single_steps=true"],
    "traced": [*CHAIN, "prior.layers=2"],
    "perceptrons": CHAIN,
    "branches": CHAIN,
    "measure_and_prepare": CHAIN,
    "latent_diffusion": DIFFUSION,
    "vae_diffusion": DIFFUSION,
}
KINDS = (*OWN, "classical", "features", "codebook")
# What says when, how fast, where and by which source a run was made, and not what came out.
TIMES = ("wall_seconds", "cpu_seconds", "git_commit")


def overrides(kind: str, root: Path, *more: str) -> list[str]:
    """Returns the command line of a tiny run."""
    centres = ["prior.centres=5"] if kind == "codebook" else []
    return [*COMMON, f"model={kind}", *OWN.get(kind, centres), f"run.root={root}", *more]


def tiny(kind: str, root: Path, *more: str) -> dict[str, Any]:
    """Returns the configuration of a tiny run."""
    return load_config(overrides(kind, root, *more), "debug")


def folder_of(kind: str, root: Path) -> Path:
    """Returns the run folder of a tiny run."""
    return root / f"{kind}-digits-seed0"


def outcome(folder: Path) -> dict[str, str]:
    """Returns what a run came to: the hash of its weights, its numbers and its losses."""
    metrics = json.loads((folder / "metrics.json").read_text())
    weights = (folder / "model" / "weights.safetensors").read_bytes()
    return {
        "weights": hashlib.sha256(weights).hexdigest(),
        "metrics": json.dumps({k: v for k, v in metrics.items() if k not in TIMES}),
        "losses": (folder / "metrics.csv").read_text(),
    }
