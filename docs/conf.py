"""The site: `python -m sphinx -W docs site` builds it, with no network and warnings as errors."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import docstrings
import live
import mathml
import sources

import autograd_lite

project = "autograd_lite"
version = release = autograd_lite.__version__
copyright = "the autograd_lite authors"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
exclude_patterns = ["notebooks"]
nitpicky = True
default_role = "code"
smartquotes = False
highlight_language = "none"

html_theme = "furo"
html_title = f"autograd_lite {version}"
html_extra_path = ["images/neuron.html"]
html_static_path = ["site.css", "enlarge.js", "live.js"]
html_css_files = ["site.css"]
html_js_files = ["enlarge.js", "live.js"]
html_favicon = "../visualize/page/icon.svg"  # that of the stepping page
html_search_scorer = str(Path(__file__).with_name("scorer.js"))
html_theme_options = {"top_of_page_buttons": ["view"]}  # the source of the page

myst_enable_extensions = ["amsmath", "dollarmath", "html_image"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "none"


def setup(app: Any) -> None:
    app.connect("autodoc-process-docstring", docstrings.to_rst)
    app.connect("viewcode-find-source", sources.of_module)
    mathml.setup(app)
    live.setup(app)
