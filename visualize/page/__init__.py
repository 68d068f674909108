"""The stepping page: one HTML file that walks through the forward and the backward pass.

Begin with `stepping.py`, whose `explain` puts the page together.

mathematics  formulas as MathML
equations  the formula behind a box's number, with names and with numbers
views      the whole graph, and the view that each box opens to
laboratory  what the page needs to compute its numbers again
boundary   the decision boundary of a model, computed again by the page
program    the program of a graph, for the engine of the page
matrices   the formulas on matrices that the graph amounts to
code       the lines of a function that made the nodes of its graph
page       the HTML file; page.css is its style, the files in `script` its script
stepping   `explain`: pictures and data of all views
"""
