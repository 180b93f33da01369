"""Made-up run folders, as a finished training leaves them."""

import json
from pathlib import Path
from typing import Any

import torch

from latentq.report.finished import FinishedRun
from latentq.report.plots import save_samples

SIZES = {
    "quantum": {"encoder": 300, "decoder": 400, "prior": 1800, "total": 2500},
    "classical": {"encoder": 310, "decoder": 400, "prior": 0, "total": 710},
}


def metrics(model: str = "quantum", seed: int | None = 0, **changes: object) -> dict[str, Any]:
    quantum = model == "quantum"
    steps = {"loss": "ladder", "steps": [0.01, 0.02, 0.03, 0.04, 0.05]}
    return {
        "model": model,
        "name": model,
        "seed": seed,
        "data": {"name": "mnist", "sha256": "aa", "train": 55000, "test": 10000, "limit": None},
        "features": {"name": "small CNN", "sha256": "ff" * 32, "test_accuracy": 0.99},
        "n_samples": 10000,
        "fid": 97.2 if quantum else 202.0,
        "fid_reconstruction": 0.38 if quantum else 9.5,
        "fid_floor": 7.6,
        "fid_terminal": 1102.0 if quantum else None,
        "fid_haar": 1992.0 if quantum else None,
        **{"kid": 0.012, "kid_std": 0.001, "precision": 0.61, "recall": 0.52, "coverage": 0.43},
        "fid_inception": None,
        "fid_inception_reason": "no weights here",
        "parameters": SIZES[model],
        "parameters_by_model": SIZES,
        "mmd": {**steps, "undenoised": 0.3, "forward_end": 0.001} if quantum else None,
        "wall_seconds": {"autoencoder": 124.0, "evaluation": 31.0}
        | ({"prior": 228.0} if quantum else {}),
        "git_commit": "0123abc",
        **changes,
    }


def make_run(path: Path, model: str = "quantum", seed: int | None = 0, **changes: object) -> Path:
    path.mkdir(parents=True)
    (path / "metrics.json").write_text(json.dumps(metrics(model, seed, **changes)))
    (path / "environment.json").write_text(
        json.dumps({"packages": {"torch": "2.15.0"}, "cuda": None, "command": f"train {seed}"})
    )
    (path / "config.yaml").write_text(f"model: {{kind: {model}}}\nlr: 0.1\nseed: {seed}\n")
    (path / "metrics.csv").write_text(
        "stage,epoch,step,loss\nprior,0,0,4\nprior,0,1,nan\nprior,0,2\n"
    )
    save_samples(torch.zeros(1, 1, 28, 28), path / "samples.png", model)
    return path


def run_of(
    model: str = "quantum", seed: int | None = 0, path: str = "run", **more: object
) -> FinishedRun:
    return FinishedRun(Path(path), metrics(model, seed, **more))
