# A line through four points: least squares
from autograd_lite import Value

points = [(0.0, 0.9), (1.0, 3.1), (2.0, 4.8), (3.0, 7.2)]
w, b = Value(0.0), Value(0.0)


def mean_square():
    return sum((w * x + b - y) ** 2 for x, y in points) / len(points)


for step in range(5):
    loss = mean_square()
    w.grad = b.grad = 0.0
    loss.backward()
    w.data -= 0.05 * w.grad
    b.data -= 0.05 * b.grad
    print(f"step {step}: loss = {loss.data:.4f}")

# The loss of this line. Descend, in the laboratory, goes on from here.
print(f"y = {w.data:.3f} x + {b.data:.3f}")
loss = mean_square()
