"""The stepping page: one HTML file that walks through the forward and the backward pass.

Begin with `stepping.py`, whose `explain` puts the page together.

equations  the formula behind a box's number, with names and with numbers
views      the whole graph, and the view that each box opens to
page       the HTML file; page.css is its style, page.js its script
stepping   `explain`: pictures and data of all views
"""
