"""Sphinx configuration of the documentation: `make docs` builds it.

The source folder is the whole repository, so that a link between two Markdown files leads to the
same place here and in the repository. The output needs no network.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(Path(__file__).parent / "_extensions")]

import latentq  # noqa: E402

project = "LatentQ"
author = "The LatentQ authors"
copyright = "The LatentQ authors, MIT licence"
version = release = latentq.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    *("files", "mathml", "notebooks", "reference", "settings"),
]
include_patterns = [
    *("docs/*.md", "docs/**/*.md", "docs/**/*.rst", "docs/tutorials/*.ipynb"),
    *("checkpoints/README.md", "checkpoints/*/README.md"),
    "data/README.md",
    "tests/README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
]
exclude_patterns = ["docs/_build", "**/.ipynb_checkpoints"]
root_doc = "docs/index"
suppress_warnings = ["myst.header"]  # Pages may begin below the first level.

myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_preserve_defaults = True
autoclass_content = "class"
napoleon_numpy_docstring = False
napoleon_use_rtype = False
add_module_names = False
default_role = "code"
python_maximum_signature_line_length = 88
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = "LatentQ"
html_static_path = ["_static"]
html_css_files = ["latentq.css"]
html_extra_path = ["_extra"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}
