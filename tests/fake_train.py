"""Stands in for `train.py` in the tests of the study: takes its overrides, and trains nothing.

What a job does is said in ROOT/fake.json, by its name: `fail`, `fail once`, `nan` (metrics that
are no JSON), `nothing` (no metrics), `hold` (waits for the file ROOT/go), `fid 3.5`, `other` (an
autoencoder that measures something else). ROOT/started gets a line for each start, and while a job
runs it holds a lock on ROOT/alive/NAME.
"""

import fcntl
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

GROUPS = {"data": "data.name", "model": "model.kind"}


def load(overrides: list[str]) -> dict[str, Any]:
    """Composes a configuration of nothing but the overrides; later ones win."""
    config: dict[str, Any] = {}
    for word in overrides:
        key, text = word.split("=", 1)
        *path, last = GROUPS.get(key, key).split(".")
        place = config
        for name in path:
            place = place.setdefault(name, {})
        try:
            place[last] = json.loads(text)
        except ValueError:
            place[last] = text
    return config


def hold(root: Path) -> None:
    deadline = time.monotonic() + 120
    while not (root / "go").exists() and time.monotonic() < deadline:
        time.sleep(0.02)


def main() -> int:
    config = load(sys.argv[1:])
    jobs, name = Path(config["run"]["root"]), config["run"]["name"]
    root = jobs.parent
    (root / "alive").mkdir(exist_ok=True)
    alive = (root / "alive" / name).open("w")
    fcntl.flock(alive, fcntl.LOCK_EX)
    with (root / "started").open("a") as file:
        file.write(f"{name} {os.environ.get('OMP_NUM_THREADS')}\n")
    (jobs / name).mkdir(parents=True)
    (jobs / name / "config.yaml").write_text(json.dumps(config))
    base = config.get("autoencoder")
    if base and not (Path(base) / "metrics.json").is_file():
        print(f"{base} is not finished")
        return 4

    told = root / "fake.json"
    deed = json.loads(told.read_text()).get(name, "") if told.is_file() else ""
    if deed == "hold":
        hold(root)
    starts = [line.split()[0] for line in (root / "started").read_text().splitlines()]
    if deed == "fail" or (deed == "fail once" and starts.count(name) == 1):
        print("one line\nit broke")
        return 3
    if deed != "nothing":
        fid = "NaN" if deed == "nan" else deed.removeprefix("fid ") or "1.5"
        fid = "1.5" if deed in ("fail once", "hold", "other") else fid
        own = "5.0" if deed == "other" else "4.0"
        text = f'{{"fid": {fid}, "fid_reconstruction": {own}}}'
        (jobs / name / "metrics.json").write_text(text)
        (jobs / name / "weights").write_text("large")
        (jobs / name / "environment.json").write_text(json.dumps({"command": sys.argv[0]}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
