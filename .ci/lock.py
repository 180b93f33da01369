"""Writes requirements-hashed.txt: the sha256 of every file that the pinned requirements install.

python -m pip install --dry-run --ignore-installed --no-deps --report R311.json \
    --only-binary=:all: --python-version 3.11 --target x -r requirements.txt
python .ci/lock.py R311.json R312.json ...

The first command is for each Python, and once without its last three options for the packages
that have no wheel.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCES = ("requirements.txt", "requirements-no-deps.txt")
HEAD = """\
# requirements.txt with the sha256 of each file, for CPython 3.11 and 3.12 on Linux x86_64, written
# by .ci/lock.py from what the package index says. pip refuses every other file.
"""


def hashes(reports: list[str]) -> dict[str, set[str]]:
    """Reads the hashes of pip's reports by normal name."""
    found: dict[str, set[str]] = {}
    for report in reports:
        for item in json.loads(Path(report).read_text())["install"]:
            name = re.sub(r"[-_.]+", "-", item["metadata"]["name"]).lower()
            digest = item["download_info"]["archive_info"]["hashes"]["sha256"]
            found.setdefault(name, set()).add(digest)
    return found


def main(reports: list[str]) -> None:
    """Writes the file."""
    known, parts = hashes(reports), []
    for source in SOURCES:
        for line in (ROOT / source).read_text().splitlines():
            if line and not line.startswith("#"):
                name = re.sub(r"[-_.]+", "-", line.partition("==")[0]).lower()
                digests = [f"    --hash=sha256:{digest}" for digest in sorted(known[name])]
                parts.append(" \\\n".join([line, *digests]))
    (ROOT / "requirements-hashed.txt").write_text(HEAD + "\n".join(parts) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
