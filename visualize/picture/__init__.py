"""From a diagram to an SVG: `dot.py` writes DOT, `engine.py` lays it out, `svg.py` writes the SVG.

text       text of users made harmless, and numbers written short
theme      colours and strokes, light and dark
dot        a diagram in the DOT language
engine     the layout engine, from DOT to a bare SVG
svg        the SVG with titles, style sheet and legend
program    the picture of a compiled function, by the same steps
micrograd  `draw_dot`, whose result is a `digraph.Digraph`
files      pictures and pages written to files
"""
