"""Plants faults in copies of a tree, one at a time, and runs the tests that ought to see them."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from latentq.errors import RunError
from tests.mutants.fault import Fault, Result, planted, problems
from tests.mutants.worker import OTHER_TREE, TOO_LONG

WORKER = Path(__file__).with_name("worker.py")
LIMIT_SECONDS = 120.0
BASELINE_SECONDS = 1500.0
# What most tests import, but nothing of the tree itself.
HEAVY = (
    *("numpy", "scipy.stats", "scipy.linalg", "scipy.optimize", "scipy.integrate", "torch"),
    *("numba", "ot", "sklearn.cluster", "sklearn.mixture", "sklearn.datasets", "pytest", "yaml"),
    *("hypothesis", "matplotlib.figure", "pytorch_lightning", "torchmetrics.image.fid", "hydra"),
    *("torchmetrics.image.kid", "safetensors.torch", "rich.console", "rich.progress", "jinja2"),
)
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS", "NUMBA")}
FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)
PASSED, FOUND = 0, 1  # Exit codes of pytest.


def copy_tree(root: Path, place: Path) -> None:
    """Copies the files that git knows or would take, as they are.

    Raises:
        RunError: If there is no repository.
    """
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(words, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RunError(f"mutants: {root} must be a git checkout, as its files are copied")
    for name in filter(None, done.stdout.split("\0")):
        if (root / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, place / name)


class Bench:
    """A copy of a tree with a process that tests it.

    Arguments:
        place: The copy.
        heavy: The packages that the process imports before it is asked.
    """

    def __init__(self, place: Path, heavy: Sequence[str] = HEAVY) -> None:
        self.place, self._stamp = place, int(time.time())
        environment = {**os.environ, **ONE_THREAD}
        # Real images would make tests slower, and others than where there are none.
        environment.pop("LATENTQ_DATA_ROOT", None)
        self._process = subprocess.Popen(
            [sys.executable, str(WORKER), *heavy],
            cwd=place,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RunError("mutants: the process that runs the tests has ended")
        return json.loads(line)

    def ask(
        self, tests: Sequence[str], package: str, limit: float, anew: bool = False
    ) -> dict[str, Any]:
        """Runs tests on the copy as it is, and returns exit code, seconds and output."""
        request = {"tests": list(tests), "package": package, "limit": limit, "anew": anew}
        assert self._process.stdin is not None
        with tempfile.TemporaryDirectory(prefix="mutant-", ignore_cleanup_errors=True) as scratch:
            self._process.stdin.write(json.dumps({**request, "scratch": scratch}) + "\n")
            self._process.stdin.flush()
            return self._read()

    def try_fault(self, fault: Fault, limit: float = LIMIT_SECONDS) -> Result:
        """Plants a fault, runs its tests, and puts the file back."""
        if found := problems(fault, self.place):
            return Result(fault, "error", 0.0, f"the fault list is out of date: {found[0]}")
        path = self.place / fault.file
        text, before = path.read_text(), path.stat()
        try:
            path.write_text(planted(fault, self.place))
            # Compiled files are told apart by whole seconds and by sizes.
            self._stamp += 10
            os.utime(path, (self._stamp, self._stamp))
            return judged(fault, self.ask(fault.tests, fault.package, limit, fault.compiled))
        finally:
            path.write_text(text)
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    def stop(self) -> None:
        """Ends the process while it tests."""
        self._process.terminate()

    def close(self) -> None:
        """Ends the process when it is asked nothing."""
        assert self._process.stdin is not None and self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def judged(fault: Fault, answer: dict[str, Any]) -> Result:
    """Says what became of a fault, given the answer of the worker."""
    code, seconds, output = answer["code"], answer["seconds"], answer["output"]
    failed = FAILED.findall(output)
    if code == PASSED:
        return Result(fault, "survived", seconds)
    if code == FOUND and failed:
        return Result(fault, "killed", seconds, failed[-1].partition("[")[0])
    if code == TOO_LONG:
        return Result(fault, "killed", seconds, "the time limit")
    lines = [line for line in output.splitlines() if line.strip()]
    why = lines[-1] if lines else "nothing was printed"
    told = "it tests another copy" if code == OTHER_TREE else f"pytest ended with {code}"
    return Result(fault, "error", seconds, f"{told}: {why}"[:200])


def check_baseline(bench: Bench, tests: Sequence[str]) -> float:
    """Runs the tests without a fault and returns the seconds.

    Raises:
        RunError: If they do not pass.
    """
    answer = bench.ask(tests, "latentq", BASELINE_SECONDS)
    if answer["code"] != PASSED:
        print("\n".join(answer["output"].splitlines()[-60:]), file=sys.stderr)
        raise RunError("mutants: the tests have to pass without a fault, see above")
    return answer["seconds"]


class Team:
    """Copies of a tree that are worked on at once.

    Arguments:
        faults: The faults to plant.
        root: The tree, which is left as it is.
        limit: The most seconds for the tests of a fault.
        told: Is called with each result.
    """

    def __init__(
        self, faults: Sequence[Fault], root: Path, limit: float, told: Callable[[Result], None]
    ) -> None:
        self.root, self.limit, self.told = root, limit, told
        self.tests = list(dict.fromkeys(test for fault in faults for test in fault.tests))
        self.results: dict[str, Result] = {}
        self.errors: list[BaseException] = []
        self.benches: list[Bench] = []
        self._open = list(reversed(faults))

    def work(self, place: Path, tests: Sequence[str], barrier: threading.Barrier) -> None:
        """Makes a copy, checks some tests on it, and plants faults until none is left."""
        bench = None
        try:
            copy_tree(self.root, place)
            bench = Bench(place)
            self.benches.append(bench)
            if tests:
                seconds = check_baseline(bench, tests)
                print(f"without a fault: passed in {seconds:.0f} s", flush=True)
            barrier.wait()
            while self._open and not self.errors:
                result = bench.try_fault(self._open.pop(), self.limit)
                self.results[result.fault.name] = result
                self.told(result)
        except threading.BrokenBarrierError:
            return
        except BaseException as error:
            self.errors.append(error)
            barrier.abort()
        finally:
            if bench is not None:
                bench.close()


def run(
    faults: Sequence[Fault],
    root: Path,
    workers: int,
    limit: float,
    told: Callable[[Result], None],
) -> list[Result]:
    """Plants all faults and returns the results in their order.

    Arguments:
        faults: The faults.
        root: The tree, which is left as it is.
        workers: How many copies are worked on at once.
        limit: The most seconds for the tests of a fault.
        told: Is called with each result.

    Raises:
        RunError: If tests do not pass without a fault.
    """
    team, barrier = Team(faults, root, limit, told), threading.Barrier(workers)
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        threads = [
            threading.Thread(
                target=team.work,
                args=(Path(folder).resolve() / str(k), team.tests[k::workers], barrier),
            )
            for k in range(workers)
        ]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        except KeyboardInterrupt as error:
            team.errors.insert(0, error)
            barrier.abort()
            for bench in team.benches:
                bench.stop()
            for thread in threads:
                thread.join()
    if team.errors:
        raise team.errors[0]
    return [team.results[fault.name] for fault in faults]
