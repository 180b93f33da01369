"""A made-up study: jobs with known numbers, as the runs of a study leave them."""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from latentq.study.arms import ARMS

PRIOR = {
    **{"quantum": 5160, "perceptrons": 5155, "diffusion": 5200, "linear": 5121},
    "codebook-noise": 5148,
}


def job_metrics(arm: str, size: int, seed: int, fid: float | None, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    prior = PRIOR.get(arm, 0 if arm in ("vae", "haar", "terminal", "mean", "neighbours") else 5160)
    return {
        "model": "quantum",
        "name": f"{arm}-n{size}-seed{seed}",
        "seed": seed,
        "data": {
            **{"name": "mnist", "sha256": "aa" * 32, "test": 10000, "validation": 6000},
            **{"train": min(size, 54000), "limit": None if size >= 54000 else size},
        },
        "features": {"name": "small CNN", "sha256": "ff" * 32},
        "n_samples": 10000,
        "fid": fid,
        "fid_infinity": None if fid is None else fid - 0.5,
        "fid_deviation": 0.3,
        "fid_reconstruction": 4.2 + 0.01 * seed,
        "fid_floor": 7.5 + 0.01 * seed,
        **{"kid": 0.012, "kid_std": 0.001, "precision": 0.61, "recall": 0.52 + 0.01 * seed},
        **{"density": 0.7, "coverage": 0.5, "class_distance": 0.04, "class_counts": [1000] * 10},
        "memorisation": {"generated": 3.1, "held_out": 3.0, "closer": 0.48},
        "parameters": {"encoder": 300, "decoder": 400, "prior": prior, "total": prior + 700},
        "wall_seconds": {"autoencoder": 0.0, "prior": 228.0 + seed, "evaluation": 31.0},
        "cpu_seconds": {"autoencoder": 0.0, "prior": 221.0 + seed, "evaluation": 30.0},
        "git_commit": "0123abc",
        "iterations": 6000,
        "latent_freedom": 30,
        **more,
    }


def make_job(root: Path, arm: str, size: int, seed: int, fid: float | None, **more: Any) -> Path:  # noqa: ANN401
    folder = root / "jobs" / f"{arm}-n{size}-seed{seed}"
    folder.mkdir(parents=True)
    (folder / "metrics.json").write_text(json.dumps(job_metrics(arm, size, seed, fid, **more)))
    command = f"python /secret/home/train.py seed={seed} run.root=/secret/home/study/jobs"
    environment = {"python": "3.11.2", "packages": {"torch": "2.15.0"}, "command": command}
    (folder / "environment.json").write_text(json.dumps(environment))
    return folder


def make_study(
    root: Path,
    fids: Mapping[str, Mapping[int, Sequence[float]]],
    jobs: Sequence[Mapping[str, object]] = (),
    **plan: Any,  # noqa: ANN401
) -> Path:
    """Makes jobs with the FIDs of `fids`, by arm and number of images, from seed 0 on."""
    listed = list(jobs)
    for arm, sizes in fids.items():
        for size, values in sizes.items():
            for seed, fid in enumerate(values):
                make_job(root, arm, size, seed, fid)
                listed.append({"arm": arm, "size": size, "seed": seed, "state": "finished"})
    options = {
        "arms": [arm for arm in ARMS if arm in fids],
        "train_sizes": sorted({size for sizes in fids.values() for size in sizes}),
        "seeds": list(range(max(len(v) for sizes in fids.values() for v in sizes.values()))),
        "settings": [],
    }
    content = {"options": options, "jobs": listed, "git_commit": "feed" * 10, "edition": 2, **plan}
    (root / "study.json").write_text(json.dumps(content))
    return root


def add_pictures(root: Path, images: Path) -> None:
    """Gives every job the pictures of another run, to look at a page."""
    for folder in (root / "jobs").iterdir():
        name = "quantum.png" if folder.name.startswith("quantum") else "classical.png"
        shutil.copy(images / name, folder / "samples.png")
        if folder.name.startswith(("quantum", "perceptrons")):
            shutil.copy(images / "chain.png", folder / "samples_chain.png")
