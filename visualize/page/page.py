"""The HTML file of the stepping page: page.html, page.css and the files in `script` in one."""

from __future__ import annotations

import os
from string import Template

from autograd_lite.operations.javascript import rules_in_javascript
from visualize.picture.files import write
from visualize.picture.text import escape_html
from visualize.picture.theme import preference, stylesheet, variables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from autograd_lite.operations.rules import Rule

__all__ = ["Page", "check_path"]

SCRIPT = (
    "data", "numbers", "math", "engine", "lab", "view", "words", "show", "beside", "code",
    "matrices", "plot", "flow", "address", "controls", "tabs", "cells", "reader", "change",
    "nudge", "descend", "predict", "boundary", "start",
)  # fmt: skip
"""The files of the script, in order: they share one scope."""


class Page:
    """A stepping page. It shows itself in notebooks, in a frame that is sealed off from them.

    html  the text of the whole file
    """

    def __init__(
        self, title: str, pictures: str, data: dict[str, Any], rules: Iterable[Rule] = ()
    ) -> None:
        files = SCRIPT if "boundary" in data else [name for name in SCRIPT if name != "boundary"]
        parts = [_resource(f"script/{name}.js") for name in files]
        # After the first, which begins the script.
        parts.insert(1, rules_in_javascript(dict.fromkeys(rules)))
        script = "\n".join(parts)
        self._title = title
        self.html = Template(_resource("page.html")).substitute(
            policy=_policy(script),
            title=escape_html(title),
            icon=_icon(),
            style=_variables() + stylesheet() + _resource("page.css"),
            pictures=pictures,
            data=_json(data),
            tabs="" if data["lab"] else " hidden",
            script=script,
        )

    def __repr__(self) -> str:
        return f"<{self._title}>"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page to a file.

        Raises ValueError if its name does not end in .html, OSError if it cannot be written.
        """
        write(check_path(path), self.html)

    def _repr_html_(self) -> str:
        return (
            f"<style>{preference('.autograd-steps')}</style>"
            '<iframe class="autograd-steps" sandbox="allow-scripts" '
            'title="Backpropagation step by step" '
            f'style="width: 100%; height: 720px; border: 0" srcdoc="{escape_html(self.html)}">'
            "</iframe>"
        )


def check_path(path: str | os.PathLike[str]) -> str | os.PathLike[str]:
    """The path; ValueError if its name does not end in .html."""
    if isinstance(path, (str, os.PathLike)) and not os.fspath(path).lower().endswith(".html"):
        raise ValueError(f"the stepping page is HTML: its name must end in .html, not {path}")
    return path


def _resource(name: str) -> str:
    from importlib.resources import files

    return files("visualize.page").joinpath(name).read_text(encoding="utf-8")


def _icon() -> str:
    """The icon of the page in a browser's tab, as an address that holds the picture itself."""
    from urllib.parse import quote

    return f"data:image/svg+xml,{quote(' '.join(_resource('icon.svg').split()), safe=' =/')}"


def _policy(script: str) -> str:
    """A Content-Security-Policy under which this script runs and nothing else is loaded."""
    from base64 import b64encode
    from hashlib import sha256

    digest = b64encode(sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _variables() -> str:
    """The colours of the page, light and dark; those that its address asks for win."""
    light, dark = variables(":root[data-theme=light]"), variables(":root[data-theme=dark]", True)
    preferred = variables(":root", True)
    return (
        f"{variables(':root')}@media (prefers-color-scheme: dark) {{ {preferred}}}\n{light}{dark}"
    )


def _json(thing: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    import json

    text = json.dumps(thing, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
