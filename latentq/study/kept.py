"""The small files of finished jobs, kept where they can be committed and gone on from.

.. code-block:: text

    KEEP/study.json                 as in the folder of the study
    KEEP/jobs/ARM-nSIZE-seedS/      metrics.json, config.yaml, environment.json of a job

They have the layout of a study, so that a report is made of them, and no weights. An autoencoder
that further jobs need is trained again, and must measure what it measured before.
"""

import json
import shutil
from collections.abc import Mapping
from typing import Any

from latentq.paths import write_atomically
from latentq.study.arms import ARMS
from latentq.study.jobs import LARGEST, Job, StudyFolder, read_metrics
from latentq.study.results import without_folders

CONFIG, METRICS, ENVIRONMENT, SPREAD = (
    *("config.yaml", "metrics.json", "environment.json", "spread.json"),
)
PICTURES = ("samples.png", "samples_chain.png")
SAME = "fid_reconstruction"  # A number of the autoencoder alone.


def keep(study: StudyFolder, job: Job, pictures: bool = False) -> None:
    """Copies the small files of a finished job, if the study keeps them; its metrics come last.

    Arguments:
        study: The study.
        job: The job, whose run folder is there.
        pictures: Whether its pictures are kept too.
    """
    to, folder = study.kept(job), study.folder(job)
    if to is None or not (folder / METRICS).is_file():
        return
    to.mkdir(parents=True, exist_ok=True)
    for name in (CONFIG, SPREAD, *(PICTURES if pictures else ())):
        if (folder / name).is_file():
            shutil.copyfile(folder / name, to / name)
    if (folder / ENVIRONMENT).is_file():
        told = without_folders((folder / ENVIRONMENT).read_text())
        write_atomically(to / ENVIRONMENT, told.encode())
    write_atomically(to / METRICS, (folder / METRICS).read_bytes())


def is_pictured(job: Job, seed: int) -> bool:
    """Whether a report shows pictures of a job: of arms that are compared, and one seed."""
    return (
        ARMS[job.arm].role in ("quantum", "matched") and job.size == LARGEST and job.seed == seed
    )


def keep_plan(study: StudyFolder, content: Mapping[str, Any]) -> None:
    """Writes what has become of the jobs beside what is kept of them."""
    if study.keep is not None:
        study.keep.mkdir(parents=True, exist_ok=True)
        text = without_folders(json.dumps(content, indent=2))
        write_atomically(study.keep / "study.json", f"{text}\n".encode())


def difference(study: StudyFolder, job: Job) -> str | None:
    """Says how a job that was run again differs from what was kept of it, if it does.

    Jobs of one autoencoder are compared with each other, so they must not have two of them.
    """
    kept = study.kept(job)
    before = None if kept is None else read_metrics(kept)
    now = read_metrics(study.folder(job))
    if before is None or now is None or before.get(SAME) == now.get(SAME):
        return None
    return (
        f"trained again it has another autoencoder ({SAME}: was {before.get(SAME)}, now "
        f"{now.get(SAME)}); delete {study.keep}/jobs/*-n{job.size}-seed{job.seed} to run all "
        "that stands on it again"
    )
