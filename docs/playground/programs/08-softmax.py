# Softmax and cross-entropy: p minus one at the right class
from autograd_lite import Value, exp, log

scores = [Value(2.0), Value(0.5), Value(-1.0)]
right = 0

powers = [exp(s) for s in scores]
total = powers[0] + powers[1] + powers[2]
p = [e / total for e in powers]
loss = -log(p[right])
loss.backward()

for k, s in enumerate(scores):
    print(f"class {k}: p = {p[k].data:.4f}, gradient = {s.grad:+.4f}")
