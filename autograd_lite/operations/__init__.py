"""Every operation once: its value, its partial derivatives, and the C that is written from them.

Begin with `rules.py`: its table has a row for each operation, such as tanh with its derivative. The
rows are in the language of `formulas.py`, whose functions `ieee.py` computes. `kernels.py` runs
them; `codegen.py` writes its twin in C at installation. Nothing here imports from elsewhere.
"""
