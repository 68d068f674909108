# (a * b + c) * f: the chain rule
from autograd_lite import Value

a = Value(2.0)
b = Value(-3.0)
c = Value(10.0)
f = Value(-2.0)

e = a * b
d = e + c
L = d * f
L.backward()

print("dL/da =", a.grad, "= f * b =", f.data * b.data)
