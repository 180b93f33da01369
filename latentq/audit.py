"""Looks for advisories on what is pinned and installed: `python -m latentq.audit [online=false]`.

It compares the versions of requirements*.txt and of this environment with the list of
:mod:`latentq.config.versions`. Where pip-audit is installed it also asks the database of the
package index, unless `online=false`, and says so if that cannot be reached. The exit code is 1 if
an advisory concerns a version and is not accepted with a reason.
"""

import re
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec

from latentq.config.commands import parse_options, run_command
from latentq.config.rules import Rule
from latentq.config.versions import ADVISORIES, concerning
from latentq.errors import RunError
from latentq.paths import ROOT
from latentq.training.doctor import installed

RULES = {"online": Rule(str, choices=("true", "false"))}
PIN = re.compile(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)", re.MULTILINE)
TIMEOUT_SECONDS = 300
FOUND = 1  # The exit code of pip-audit if there are advisories.


def pinned() -> dict[str, dict[str, str]]:
    """Returns the versions that each file of requirements pins."""
    files = sorted(ROOT.glob("requirements*.txt"))
    return {path.name: dict(PIN.findall(path.read_text())) for path in files}


def audit(place: str, versions: Mapping[str, str]) -> int:
    """Prints the advisories on some versions, and returns how many are not accepted."""
    bad = 0
    for advisory, version in concerning(versions):
        what = f"{place}: {advisory.package} {version}: {advisory.reason}"
        print(f"{what}; accepted: {advisory.accepted}" if advisory.accepted else f"BAD {what}")
        bad += not advisory.accepted
    print(f"{place}: {len(versions)} packages, {bad} bad")
    return bad


def ask_database() -> int:
    """Runs pip-audit on what is installed, and returns how often it found something."""
    if find_spec("pip_audit") is None:
        print("pip-audit is not installed; only the list of this project was used")
        return 0
    accepted = [a.reason for a in ADVISORIES if a.accepted]
    names = [name for reason in accepted for name in re.findall(r"(?:CVE|GHSA)-[\w-]+", reason)]
    ignored = [word for name in names for word in ("--ignore-vuln", name)]
    command = [sys.executable, "-m", "pip_audit", "--local", "--progress-spinner=off", *ignored]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=TIMEOUT_SECONDS
        )
    except subprocess.TimeoutExpired:
        print("pip-audit got no answer in time; only the list of this project was used")
        return 0
    print(done.stdout or done.stderr.strip().splitlines()[-1:])
    return int(done.returncode == FOUND and bool(done.stdout.strip()))


def main(arguments: list[str]) -> None:
    """Audits what is pinned, then what is installed.

    Raises:
        RunError: If an advisory concerns a version and is not accepted.
    """
    options = parse_options(arguments, RULES, {"online": "true"})
    bad = sum(audit(name, versions) for name, versions in pinned().items())
    bad += audit("installed", installed())
    bad += ask_database() if options["online"] == "true" else 0
    if bad:
        raise RunError(f"{bad} advisories are not accepted")


if __name__ == "__main__":
    sys.exit(run_command(main, __doc__))
