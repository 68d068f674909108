# XOR: a network of two layers learns it
from autograd_lite import nn, visualize
from autograd_lite.nn import optim

X = [[0, 0], [0, 1], [1, 0], [1, 1]]
y = [-1, 1, 1, -1]
model = nn.MLP(2, [4, 1], activation="tanh", rng=4)
optimizer = optim.SGD(model.parameters(), lr=0.2)


def mean_square():
    return sum((model(x) - right) ** 2 for x, right in zip(X, y, strict=True)) / len(X)


for epoch in range(40):
    loss = mean_square()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch % 10 == 0:
        print(f"epoch {epoch:2}: loss = {loss.data:.4f}")

for x, right in zip(X, y, strict=True):
    print(x, "should be", right, "and is", round(model(x).data, 2))

# Not learnt yet. Play, under Descend, goes on from here, and the boundary moves along.
visualize.explain(mean_square, boundary=(model, X, y))
