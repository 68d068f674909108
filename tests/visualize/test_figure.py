"""Figures on paper of their own, whatever the user's style."""

import io
import pickle

import pytest

import visualize

STYLES = {
    "default": {},
    "a transparent figure": {"figure.facecolor": (1, 1, 1, 0)},
    "light text on a transparent figure": {
        "figure.facecolor": (0, 0, 0, 0),
        "text.color": "white",
        "axes.labelcolor": "white",
        "xtick.color": "white",
        "ytick.color": "white",
        "axes.facecolor": (0, 0, 0, 0),
    },
    "dark_background": "dark_background",
}

pytest.importorskip("matplotlib")


@pytest.mark.parametrize("style", STYLES)
def test_text_and_curves_are_seen_on_the_paper_of_the_figure(style):
    import matplotlib.style
    from matplotlib import image
    from matplotlib.colors import to_rgb

    def luminance(color):
        linear = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)
        ]
        return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    def contrast(one, other):
        low, high = sorted([luminance(one), luminance(other)])
        return (high + 0.05) / (low + 0.05)

    with matplotlib.style.context(STYLES[style]):
        figure = visualize.plot_history({f"loss{i}": [1.0, i] for i in range(7)})
        png, size = figure._repr_png_()
        pixels = image.imread(io.BytesIO(png))
        assert pixels.shape[:2] == (2 * size["height"], 2 * size["width"])
        assert pixels[..., 3].min() == 1.0  # nothing of the notebook is seen
        paper = pixels[0, 0, :3]
        axes = figure.axes[0]
        for text in (*axes.get_xticklabels(), axes.xaxis.label, axes.yaxis.label):
            assert contrast(text.get_color(), paper) >= 7
        inside = axes.get_facecolor()
        inside = inside[:3] if inside[3] else paper
        assert min(contrast(line.get_color(), inside) for line in axes.lines) >= 2
    assert type(pickle.loads(pickle.dumps(figure))) is type(figure)
