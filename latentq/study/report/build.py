"""The files of the report on a study: made in memory, then written all or none."""

from __future__ import annotations

import json
from pathlib import Path

from latentq.report.markdown import markdown
from latentq.report.render import clean, html, write_files
from latentq.study.published import is_published, read_published
from latentq.study.report.document import make_document
from latentq.study.report.findings import Findings, find
from latentq.study.report.provenance import commands, facts, memorised, options, seconds
from latentq.study.report.records import all_records, csv_text
from latentq.study.report.wording import efficiency, headline, rule, verdict_title, warnings
from latentq.study.results import StudyResults, read_study


def _json(findings: Findings) -> str:
    """Writes all results as JSON; the same jobs give the same bytes."""
    content = {
        "verdict": verdict_title(findings).lower(),
        "headline": headline(findings),
        "sample_efficiency": efficiency(findings),
        "rule": rule(findings),
        "warnings": warnings(findings),
        "provenance": facts(findings),
        "seconds": seconds(findings),
        "options": options(findings),
        "commands": commands(findings),
        "memorised": memorised(findings),
        "git_commit": findings.study.git_commit,
        **all_records(findings),
    }
    text = json.dumps(
        clean(content), indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False
    )
    return text + "\n"


def read(root: str | Path) -> StudyResults:
    """Reads a study from the folders of its jobs, or else from its published report."""
    root = Path(root)
    if is_published(root) and not (root / "jobs").is_dir():
        return read_published(root)
    return read_study(root)


def build(root: str | Path, out: str | Path) -> list[str]:
    """Writes the report on a study.

    Arguments:
        root: The folder of the study, or of its published report.
        out: The folder to write to.

    Returns:
        The verdict and its sentences.

    Raises:
        InputError: If the jobs cannot be read or compared, or the report cannot be written.
    """
    findings = find(read(root))
    document = make_document(findings)
    out = Path(out)
    tables = {f"data/{name}.csv": csv_text(rows) for name, rows in all_records(findings).items()}
    files = {"report.html": html(document), "report.md": markdown(document, out)}
    write_files(out, {**files, "report.json": _json(findings), **tables})
    return [document.verdict, *document.headlines]
