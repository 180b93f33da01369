"""Links to files of the repository that are no pages: they are copied, and opened, not saved.

A link to a folder becomes plain text, as there is no page for it.
"""

import shutil
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import download_reference, pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.osutil import relative_uri

FOLDER = "files"


def _linked(env: BuildEnvironment) -> dict[str, set[str]]:
    """The files that each page links to, which are kept from build to build."""
    if not hasattr(env, "linked_files"):
        env.linked_files = {}
    found: dict[str, set[str]] = env.linked_files
    return found


def _open_files(app: Sphinx, document: nodes.document) -> None:
    """Makes links out of downloads, and notes which files they need."""
    page = app.env.docname
    wanted = _linked(app.env)[page] = set()
    for node in list(document.findall(download_reference)):
        path, _ = app.env.relfn2path(node["reftarget"], page)
        if (app.srcdir / path).is_file():
            wanted.add(path)
            place = relative_uri(app.builder.get_target_uri(page), f"{FOLDER}/{path}")
            node.replace_self(nodes.reference("", "", *node.children, refuri=place))


def _forget_folders(app: Sphinx, document: nodes.document) -> None:
    """Makes plain text out of links to folders."""
    for node in list(document.findall(pending_xref)):
        path, _ = app.env.relfn2path(node["reftarget"].partition("#")[0], app.env.docname)
        if node["reftype"] == "myst" and (app.srcdir / path).is_dir():
            node.replace_self(node.children)


def _forget_page(app: Sphinx, env: BuildEnvironment, page: str) -> None:
    """Forgets the files of a page that is read again, or gone."""
    _linked(env).pop(page, None)


def _copy(app: Sphinx, error: Exception | None) -> None:
    """Copies the files that pages link to."""
    paths = set().union(*_linked(app.env).values()) if error is None else set()
    for path in sorted(paths):
        target = Path(app.outdir) / FOLDER / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(app.srcdir / path, target)


def setup(app: Sphinx) -> dict[str, bool]:
    """Registers the steps."""
    app.connect("doctree-read", _open_files, priority=100)
    app.connect("doctree-read", _forget_folders, priority=100)
    app.connect("env-purge-doc", _forget_page)
    app.connect("build-finished", _copy)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
