"""The diagram of a graph: which boxes there are and what they say, before anything is drawn.

Begin with `diagram.py`, which has boxes and edges, and `select.py`, which makes them for `draw`.

names     labels after variables, names of parameters after their models
nodes     the nodes of a graph in their order, and plain factors as constants
scopes    the block or call that made each node
tensors   leaves whose names differ in their indexes alone
fold      nodes that share a box: closed scopes, tensors, the same structure many times, stages
diagram   boxes, edges and frames
select    options that are checked, graphs that are too large refused
"""
