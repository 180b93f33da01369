"""Runs jobs as tasks of a Ray cluster; a task whose node is lost runs again on another.

Every node must see the folder of the study, the working directory, this source tree, its virtual
environment and the data root (`LATENTQ_DATA_ROOT`) at the same paths, as on a shared file system.
Start Ray with `ray start --head` on one node and `ray start --address=HEAD:6379` on the others.
"""

import importlib
import logging
from typing import Any

from latentq.errors import InputError
from latentq.paths import ROOT
from latentq.study.jobs import Job, StudyFolder
from latentq.study.local import execute, launch_of
from latentq.study.schedule import JobOutcome

# A node that is lost costs one; a job that takes its nodes down shall come to an end.
RETRIES = 3
WAIT_SECONDS = 1.0


def _connect(address: str) -> Any:  # noqa: ANN401
    try:
        ray = importlib.import_module("ray")
    except ModuleNotFoundError as error:
        raise InputError(
            "engine: ray is not installed; pip install -r requirements-ray.txt"
        ) from error
    path = {"PYTHONPATH": str(ROOT)}
    try:
        ray.init(
            address=address,
            log_to_driver=False,
            logging_level=logging.ERROR,
            runtime_env={"env_vars": path},
        )
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise InputError(
            f"address: no Ray cluster answers at {address}; start one with: ray start --head"
        ) from error
    return ray


class RayEngine:
    """Runs jobs as tasks of a Ray cluster, each on one CPU.

    Arguments:
        study: The study that they are of.
        address: The address of the cluster, `auto` for the one of this machine.
        workers: How many run at once; `None` for as many as the cluster has CPUs.

    Raises:
        InputError: If Ray is not installed, or no cluster answers.
    """

    def __init__(
        self, study: StudyFolder, address: str = "auto", workers: int | None = None
    ) -> None:
        self.study, self.workers = study, workers
        self._ray = _connect(address)
        self._execute = self._ray.remote(num_cpus=1, max_retries=RETRIES)(execute)
        self._running: dict[Any, Job] = {}

    @property
    def capacity(self) -> int:
        """How many jobs run at once; nodes may come and go."""
        return self.workers or max(1, int(self._ray.cluster_resources().get("CPU", 0)))

    def submit(self, job: Job) -> None:
        """Hands a job to the cluster."""
        self._running[self._execute.remote(launch_of(self.study, job))] = job

    def wait(self) -> tuple[Job, JobOutcome]:
        """Waits until one of the jobs has ended."""
        done: list[Any] = []
        while not done:
            done, _ = self._ray.wait(list(self._running), timeout=WAIT_SECONDS)
        job = self._running.pop(done[0])
        try:
            return job, self._ray.get(done[0])
        except self._ray.exceptions.RayError as error:
            return job, JobOutcome(0.0, f"{type(error).__name__}: {str(error).splitlines()[0]}")

    def close(self) -> None:
        """Ends the jobs that still run, and leaves the cluster."""
        for reference in self._running:
            self._ray.cancel(reference, force=True)
        self._running.clear()
        self._ray.shutdown()
