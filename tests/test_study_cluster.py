"""The study on a real Ray cluster of two nodes, one of which is killed on the way.

Ray is optional, see requirements-ray.txt; `make ray` installs it and runs these tests. The jobs
are of `tests/fake_train.py`.
"""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from latentq.config.commands import read_options
from latentq.errors import InputError
from latentq.study.jobs import StudyFolder
from latentq.study.options import Options
from tests.fake_runner import Start, is_free, rows, runners, started, until

WORDS = ("arms=haar,mean,product", "seeds=1", "train_sizes=300", "engine=ray")
Nodes = tuple[Any, Any]
HELD = ("haar-n300-seed0", "mean-n300-seed0")


def test_without_ray_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    with pytest.raises(InputError, match=r"ray is not installed; pip install -r requirements-ray"):
        read_options(["engine=ray"], Options)


@pytest.fixture
def nodes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Nodes]:
    """A cluster of two nodes with one CPU each, and the second of them."""
    pytest.importorskip("ray", reason="Ray is optional: make ray installs it")
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    node = {"num_cpus": 1, "object_store_memory": 80 * 2**20, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=node)
    second = cluster.add_node(num_cpus=1, object_store_memory=80 * 2**20)
    cluster.wait_for_nodes()
    yield cluster, second
    cluster.shutdown()


@pytest.fixture
def runner(tmp_path: Path, nodes: Nodes) -> Iterator[Start]:
    (tmp_path / "fake.json").write_text(json.dumps(dict.fromkeys(HELD, "hold")))
    with runners(tmp_path) as start:
        yield lambda *words: start(*words, f"address={nodes[0].address}")


def both_held(root: Path) -> bool:
    return set(HELD) <= set(started(root))


def test_cells_of_a_lost_node_run_again_on_another(
    tmp_path: Path, nodes: Nodes, runner: Start
) -> None:
    process = runner(*WORDS)
    until(lambda: both_held(tmp_path))
    cluster, second = nodes
    cluster.remove_node(second, allow_graceful=False)
    # What ran on the lost node is dead too: one of the locks is free.
    until(lambda: any(is_free(tmp_path / "alive" / name) for name in HELD))
    (tmp_path / "go").touch()

    out, errors = process.communicate(timeout=200)
    assert process.returncode == 0, out + errors
    assert {row["state"] for row in rows(tmp_path).values()} == {"finished"}
    assert len(rows(tmp_path)) == 4
    counts = sorted(started(tmp_path).count(name) for name in HELD)
    assert counts == [1, 2], "the job of the lost node was started twice, the other once"
    lines = (tmp_path / "started").read_text().splitlines()
    assert {line.split()[1] for line in lines} == {"1"}, "each process has one thread"


def test_a_stopped_runner_stops_its_jobs_on_all_nodes(
    tmp_path: Path, nodes: Nodes, runner: Start
) -> None:
    process = runner(*WORDS)
    until(lambda: both_held(tmp_path))
    process.send_signal(signal.SIGTERM)

    _, errors = process.communicate(timeout=100)
    assert process.returncode == 143, errors
    until(lambda: all(is_free(path) for path in (tmp_path / "alive").iterdir()))


def test_a_cluster_that_is_not_there_is_named(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="Ray is optional: make ray installs it")
    from latentq.study.cluster import RayEngine

    with pytest.raises(InputError, match="address: no Ray cluster answers at auto"):
        RayEngine(StudyFolder(tmp_path), "auto")
