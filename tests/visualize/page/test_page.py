"""The HTML file: one file, a strict policy, text of users that stays text."""

import base64
import hashlib
import html
import json
import re
from collections import Counter

import visualize
from autograd_lite import Value, tanh

HOSTILE = "</script><script>alert(1)</script><!-- \"'\\ | { } & 中文 😀"


def data_of(page):
    text = re.search(r'<script type="application/json" id="data">(.*?)</script>', page.html, re.S)[
        1
    ]
    return json.loads(text)


def test_one_file_with_a_strict_policy_and_no_network(neuron):
    page = visualize.explain(neuron).html
    script = re.findall(r"<script>(.*?)</script>", page, re.S)
    assert len(script) == 1
    digest = base64.b64encode(hashlib.sha256(script[0].encode()).digest()).decode()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)[1]
    assert policy == (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    page, icons = re.subn(r'<link rel="icon" href="data:image/svg\+xml,[^"]*">', "", page)
    assert icons == 1
    urls = set(re.findall(r"\w+://[^\s\"'<>]+", page))
    formats = {"http://www.w3.org/2000/svg", "http://www.w3.org/1998/Math/MathML"}
    assert urls == formats  # their names, never fetched
    assert not re.search(r"\s(src|href|on\w+)=", page)


def test_no_name_is_declared_twice(neuron):
    """All files of the script share one scope, where a second declaration breaks the page."""
    script = re.search(r"<script>(.*?)</script>", visualize.explain(neuron).html, re.S)[1]
    declared = re.findall(r"^(?:const|let|class|(?:async )?function\*?) (\w+)", script, re.M)
    declared += [
        name
        for names in re.findall(r"^(?:const|let) [\[{]([^=]*)[\]}] =", script, re.M)
        for name in re.findall(r"(\w+)\s*(?:,|$)", names)
    ]
    assert {"view", "descend", "LAB"} <= {*declared}
    assert len(declared) == len({*declared}), Counter(declared).most_common(3)


def test_it_can_be_written_and_shown_in_a_notebook(neuron, tmp_path):
    page = visualize.explain(neuron, tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text("utf-8") == page.html
    frame = page._repr_html_()
    assert 'sandbox="allow-scripts"' in frame
    assert html.unescape(re.search(r'srcdoc="([^"]*)"', frame)[1]) == page.html
    assert visualize.explain(neuron).html == page.html
    assert repr(page) == "<Backpropagation through loss, step by step>"


def test_hostile_labels_stay_text():
    x = Value(1.0, label=HOSTILE)
    page = visualize.explain(tanh(Value(2.0, (x,), HOSTILE, label=HOSTILE * 500))).html
    assert page.count("<script") == page.count("</script") == 2
    assert data_of(visualize.explain(x))["views"][0]["boxes"][0]["name"].startswith("</script>")
