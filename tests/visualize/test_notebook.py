"""What a notebook shows of a plot, a drawing and a page."""

import base64

import pytest

pytest.importorskip("matplotlib")


def outputs(*cells):
    """What each cell of a notebook shows, as dicts of data by their types."""
    pytest.importorskip("ipykernel")
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    book = nbformat.v4.new_notebook()
    book.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    nbclient.NotebookClient(book).execute()
    return [[output["data"] for output in cell.outputs] for cell in book.cells]


@pytest.mark.slow
def test_plots_show_themselves_in_a_notebook():
    plots = [
        "visualize.plot_history([3, 2, 1])",
        'visualize.plot_gradients([{"a": 1.0}])',
        "visualize.plot_decision_boundary(sum, [[0, 0], [1, 1]], [0, 1], resolution=3)",
    ]
    setups = ["import visualize", "import matplotlib.pyplot", "%matplotlib inline"]
    shown = outputs(*(cell for setup in setups for cell in (setup, *plots)))
    for k, cell in enumerate(shown):
        if k % 4 == 0:
            assert cell == []
            continue
        (data,) = cell  # once, whatever pyplot does
        assert base64.b64decode(data["image/png"])[:4] == b"\x89PNG"


@pytest.mark.slow
def test_drawings_and_pages_show_themselves_in_a_notebook():
    setup = "import visualize\nfrom autograd_lite import Value\nx = Value(1.0) * 2"
    _, (drawing,), (page,) = outputs(setup, "visualize.draw(x)", "visualize.explain(x)")
    assert "image/svg+xml" in drawing
    assert "text/html" in page
