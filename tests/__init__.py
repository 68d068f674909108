"""The tests, in rooms as the packages have them: the test of a module is found by its name.

    autograd_lite/value.py, nary.py ...    tests/engine/test_value_*.py, test_nary.py ...
    autograd_lite/operations/rules.py      tests/operations/test_rules.py
    autograd_lite/compiler/lift/affine.py  tests/compiler/lift/test_affine.py
    nn/optim.py                            tests/nn/test_optim.py

Where a module has several files of tests, the subject follows its name, as in test_rules_edges.py.
A file that tests more than one module is named by its subject alone (test_threads.py, test_deep.py)
and lies in their room. What several rooms use is in `tests.support`.
"""
