"""What the tests of several rooms use: oracles, programs to try, and how two ways are compared.

rules             the rules of the table, and how each is called
differences       partials against central differences
torch_rules       the function of PyTorch for each rule, and a whole graph as PyTorch computes it
agreement         the numbers and gradients of a function, and whether two ways to run it agree
scalar_programs   random programs of many kinds, with loops and without
networks          the networks of the examples, as functions of numbers
lifting           a function recorded, and both executors of its tape side by side
"""
