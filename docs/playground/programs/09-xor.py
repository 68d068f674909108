# XOR: a network of two layers learns it
from autograd_lite import nn
from autograd_lite.nn import optim

data = [([0, 0], -1), ([0, 1], 1), ([1, 0], 1), ([1, 1], -1)]
model = nn.MLP(2, [4, 1], activation="tanh", rng=4)
optimizer = optim.SGD(model.parameters(), lr=0.2)


def mean_square():
    return sum((model(x) - y) ** 2 for x, y in data) / len(data)


for epoch in range(40):
    loss = mean_square()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch % 10 == 0:
        print(f"epoch {epoch:2}: loss = {loss.data:.4f}")

for x, y in data:
    print(x, "should be", y, "and is", round(model(x).data, 2))
# Not learnt yet. Descend, in the laboratory, goes on from here.
loss = mean_square()
