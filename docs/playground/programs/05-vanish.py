# Six sigmoids in a row: the gradient vanishes
from autograd_lite import Value, sigmoid

x = Value(0.5)
out = x
for _ in range(6):
    out = sigmoid(out)
out.backward()

# Each sigmoid multiplies the gradient by 1/4 at most. Try relu in its place, or tanh.
print("d out / d x =", x.grad)
