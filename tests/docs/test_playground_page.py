"""The playground in a browser that has no network."""

import functools
import gzip
import http.server
import json
import shutil
import subprocess
import sys

import pytest

from tests.support.javascript import CHROMIUM, FLAGS
from tests.support.playground import DOCS, printed
from tests.support.serving import Files, serving

pytestmark = pytest.mark.once

ENDED = (
    "() => /Ran in|with an error|cannot run/.test(document.getElementById('status').textContent)"
)
SLOWEST = 120_000  # milliseconds until Python has started, on a machine that does much else


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The playground, built by its command and served; and a server of something else."""
    if shutil.which("npm") is None:
        pytest.skip("there is no npm here")
    folder = tmp_path_factory.mktemp("site") / "playground"
    subprocess.run([sys.executable, DOCS / "playground.py", folder], check=True)
    asked = []

    class Elsewhere(http.server.SimpleHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

    files = functools.partial(Files, directory=folder)
    with serving(files) as here, serving(Elsewhere) as elsewhere:
        yield (here, elsewhere), asked


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


def run(page, start):
    """Let this start a run, and wait for its end."""
    page.evaluate("() => { document.getElementById('status').textContent = ''; }")
    start()
    page.wait_for_function(ENDED, timeout=SLOWEST)


@pytest.fixture
def type_in(page):
    """Type a program and run it."""

    def type_in(program):
        page.fill("#code", program)
        page.evaluate("() => history.replaceState(null, '', '#')")
        run(page, lambda: page.click("#run"))
        page.wait_for_function("() => location.hash")  # the link is made beside the run

    return type_in


def address(page):
    return page.evaluate("() => location.href")


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
    page.evaluate("""() => {
        const once = { once: true };
        window.told = new Promise((resolve) => addEventListener('message', resolve, once));
    }""")
    laboratory(page).locator("#back").click()
    page.evaluate("() => window.told")
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
        run(page, lambda name=one["name"]: page.select_option("#programs", name))
        assert page.input_value("#code") == one["text"]
        assert address(page).endswith(f"#program={one['name']}")
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
    page.fill("#code", "import time\ntime.sleep(3)\n1 / 0")

    def start():
        page.click("#run")
        page.fill("#code", "a = 1\nb = 2\nc = 3\n")
        assert page.is_enabled("#stop"), "the run was over before the program was edited"

    run(page, start)
    assert page.inner_text("#error").startswith("Line 3 ZeroDivisionError")
    assert page.locator("#gutter .wrong").count() == 0


@pytest.mark.full
def test_a_loop_without_end_is_stopped_and_python_starts_anew(page, type_in):
    page.fill(
        "#code", "n = 0\nwhile True:\n    n += 1\n    if n % 100_000 == 0:\n        print(n)\n"
    )
    page.click("#run")
    page.wait_for_function("() => document.getElementById('output').textContent !== ''")
    page.evaluate("""() => {
        const status = document.getElementById('status');
        window.said = [];  // Python may be ready again before this is read
        const listen = () => said.push(status.textContent);
        new MutationObserver(listen).observe(status, { childList: true });
    }""")
    page.click("#stop")
    assert page.evaluate("() => said[0]").startswith("Stopped.")
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
    with page.expect_console_message(lambda message: message.text == "the last"):
        frame.evaluate("() => console.log('the last')")
    assert any("Content Security Policy" in complaint for complaint in page.complaints)
    page.complaints.clear()


@pytest.mark.full
def test_a_program_in_a_link_is_shown_and_not_run(page, type_in, served, browser):
    (here, _), _ = served
    program = (
        "from autograd_lite import Value\nx = Value(3.0, label='ξ')\ny = x * x\nprint('run')\n"
    )
    type_in(program)
    link = address(page)
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
    run(other, lambda: other.click("#run"))
    assert other.inner_text("#output") == "run\n"
    assert address(other) == link
    other.goto(f"{here}/index.html#code=cut")
    other.wait_for_function(
        "() => /cannot be read/.test(document.getElementById('laboratory').textContent)"
    )
    other.goto(f"{here}/index.html#program=nosuch")
    other.wait_for_function(
        "() => /no ready program .nosuch./.test(document.getElementById('laboratory').textContent)"
    )
    assert other.input_value("#code").startswith("# a + b")
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
    run(page, lambda: page.keyboard.press("Control+Enter"))
    assert page.input_value("#code") == "def f(x):\n    return x"


@pytest.mark.full
def test_nothing_is_cut_off_on_a_phone(page):
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    page.set_viewport_size({"width": 1280, "height": 900})
