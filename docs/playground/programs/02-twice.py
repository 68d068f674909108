# a + a: a value used twice gets both gradients
from autograd_lite import Value

a = Value(1.0)
b = a + a
c = b + b
c.backward()

print("dc/da =", a.grad)  # 4 paths lead from a to c, each with the gradient 1
