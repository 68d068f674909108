"""Random programs, run as a script: prints what each computed, for two builds to compare."""

import random
import sys

import autograd_lite as al
from autograd_lite import Value, topological_order
from tests.support.rules import FIXED, NARY, apply, bits


def random_graph(seed):
    """The root of a random graph."""
    draw = random.Random(seed)
    nodes = [Value(draw.choice([0.0, -0.0, 1.0, draw.gauss(0, 2)])) for _ in range(5)]
    for _ in range(draw.randint(1, 60)):
        rule = draw.choice(FIXED + NARY)
        n = 4 if rule.nary else len(rule.operands)
        operands = draw.choices(nodes[-12:], k=n)
        if rule.static:
            operands[-1] = draw.choice([0, 1, 2, 3]) + 0.5 * (rule.name != "polygamma")
        nodes.append(apply(rule, *operands))
    return al.sum(nodes)


def random_program(seed):
    """Build and differentiate a random graph; all its numbers and gradients."""
    root = random_graph(seed)
    root.backward()
    root.backward()
    return [
        f"{node._op}:{bits(node.data)}:{bits(node.grad)}:{','.join(map(bits, node.partials))}"
        for node in topological_order(root)
    ]


if __name__ == "__main__":
    print("compiled" if al.compiled else "interpreted")
    for seed in range(int(sys.argv[1])):
        print(";".join(random_program(seed)))
