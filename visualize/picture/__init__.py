"""Diagrams as DOT and SVG, and the pictures that users hold."""
