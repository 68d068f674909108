# Down a parabola: gradient descent
from autograd_lite import Value

x = Value(-2.0)
for step in range(5):
    loss = (x - 3) ** 2
    x.grad = 0.0
    loss.backward()
    print(f"step {step}: x = {x.data:7.4f}, loss = {loss.data:8.4f}")
    x.data -= 0.2 * x.grad

# The loss where x is now. Descend, in the laboratory, goes on from here.
loss = (x - 3) ** 2
