"""The HTML file of the stepping page, with page.css as its style and page.js as its script."""

from __future__ import annotations

import os
from string import Template

from visualize.picture.files import write
from visualize.picture.text import escape_html
from visualize.picture.theme import COLORS, stylesheet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Page", "check_path"]

_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="$policy">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
$style
</style>
</head>
<body>
<main>
<h1>$title</h1>
<noscript><p>This page needs JavaScript to walk through the graph.</p></noscript>
<nav id="trail" aria-label="Opened boxes" hidden></nav>
<p id="caption" class="hint"></p>
<div id="picture" class="picture" role="region" aria-label="Computation graph" tabindex="0">
$pictures
</div>
<div class="controls" role="group" aria-label="Steps">
<button id="first" type="button" aria-label="First step">&#x21E4;</button>
<button id="back" type="button" aria-label="Step back">&#x2190;</button>
<button id="play" type="button">Play</button>
<button id="next" type="button" aria-label="Next step">&#x2192;</button>
<button id="last" type="button" aria-label="Last step">&#x21E5;</button>
<div class="track">
<input id="slider" type="range" min="0" max="0" value="0" aria-label="Step">
<div class="passes" aria-hidden="true"><span id="forward">forward</span><span
id="backward">backward</span></div>
</div>
<output id="count" for="slider"></output>
</div>
<div class="panels">
<section id="explanation" class="panel" aria-label="This step" aria-live="polite"></section>
<section id="details" class="panel" aria-label="A node" aria-live="polite"></section>
</div>
<p class="hint keys"><kbd>&#x2190;</kbd> <kbd>&#x2192;</kbd> step, <kbd>Space</kbd> plays,
<kbd>Home</kbd> <kbd>End</kbd> jump, <kbd>Tab</kbd> moves between nodes, <kbd>Enter</kbd> or
<kbd>Space</kbd> on a node follows or opens it, <kbd>Escape</kbd> goes back.</p>
</main>
<script type="application/json" id="data">$data</script>
<script>$script</script>
</body>
</html>
""")


class Page:
    """A stepping page. It shows itself in notebooks, in a frame that is sealed off from them.

    html  the text of the whole file
    """

    def __init__(self, title: str, pictures: str, data: dict[str, Any]) -> None:
        script = _resource("page.js")
        self._title = title
        self.html = _PAGE.substitute(
            policy=_policy(script),
            title=escape_html(title),
            style=_variables() + stylesheet() + _resource("page.css"),
            pictures=pictures,
            data=_json(data),
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
            '<iframe sandbox="allow-scripts" title="Backpropagation step by step" '
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


def _policy(script: str) -> str:
    """A Content-Security-Policy under which this script runs and nothing else is loaded."""
    from base64 import b64encode
    from hashlib import sha256

    digest = b64encode(sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'"
    )


def _variables() -> str:
    """The colours as variables of CSS, light and dark."""
    light, dark = ("; ".join(f"--{n}: {c[i]}" for n, c in COLORS.items()) for i in (0, 1))
    return f":root {{ {light} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"


def _json(thing: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    import json

    text = json.dumps(thing, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
