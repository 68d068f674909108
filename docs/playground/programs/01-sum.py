# a + b: a sum hands its gradient on
from autograd_lite import Value

a = Value(2.0)
b = Value(3.0)
c = a + b
c.backward()

print("dc/da =", a.grad, " dc/db =", b.grad)
