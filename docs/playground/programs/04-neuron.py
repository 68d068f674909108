# A neuron: tanh of a weighted sum
from autograd_lite import Value, tanh

x1, x2 = Value(2.0), Value(0.0)
w1, w2 = Value(-3.0), Value(1.0)
b = Value(6.88)

n = x1 * w1 + x2 * w2 + b
out = tanh(n)
out.backward()

for name, value in [("x1", x1), ("w1", w1), ("x2", x2), ("w2", w2), ("b", b)]:
    print(f"d out / d {name} = {value.grad:.4f}")
