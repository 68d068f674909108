"""A GPT of microgpt's shape: a Value with local gradients, lists of lists, Adam written out."""

import math
import random


class Value:
    """What microgpt's class offers; the test puts ours in its place."""

    __slots__ = ("_children", "_local_grads", "data", "grad")

    def __init__(self, data, children=(), local_grads=()):
        self.data, self.grad = data, 0
        self._children, self._local_grads = children, local_grads

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), (1, 1))

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, c):
        return Value(self.data**c, (self,), (c * self.data ** (c - 1),))

    def exp(self):
        out = math.exp(self.data)
        return Value(out, (self,), (out,))

    def log(self):
        return Value(math.log(self.data), (self,), (1 / self.data,))

    def relu(self):
        return Value(max(0.0, self.data), (self,), (float(self.data > 0),))

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + -other

    def __truediv__(self, other):
        return self * other**-1

    def backward(self):
        order, seen, stack = [], set(), [(self, False)]
        while stack:
            node, done = stack.pop()
            if done:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack += [(node, True), *((child, False) for child in node._children)]
        self.grad = 1
        for node in reversed(order):
            for child, local in zip(node._children, node._local_grads, strict=True):
                child.grad += local * node.grad


# ------------------------------------------------------------------------------ the data

rng = random.Random(42)
names = ["emma", "ava", "mia", "noa", "ana", "emily", "mila", "nova"]
letters = sorted(set("".join(names)))
BOS = len(letters)
vocab_size = len(letters) + 1

# ----------------------------------------------------------------------------- the model

n_embd, n_head, n_layer, block_size = 8, 2, 1, 6
head_dim = n_embd // n_head


def matrix(n_out, n_in, std=0.2):
    return [[Value(rng.gauss(0, std)) for _ in range(n_in)] for _ in range(n_out)]


state_dict = {
    "wte": matrix(vocab_size, n_embd),
    "wpe": matrix(block_size, n_embd),
    "lm_head": matrix(vocab_size, n_embd),
}
for i in range(n_layer):
    for name in ("wq", "wk", "wv", "wo"):
        state_dict[f"layer{i}.attn_{name}"] = matrix(n_embd, n_embd)
    state_dict[f"layer{i}.mlp_fc1"] = matrix(4 * n_embd, n_embd)
    state_dict[f"layer{i}.mlp_fc2"] = matrix(n_embd, 4 * n_embd)
params = [p for mat in state_dict.values() for row in mat for p in row]


def linear(x, w):
    return [sum(wi * xi for wi, xi in zip(row, x, strict=True)) for row in w]


def softmax(logits):
    max_val = max(v.data for v in logits)
    exps = [(v - max_val).exp() for v in logits]
    total = sum(exps)
    return [e / total for e in exps]


def rmsnorm(x):
    mean_square = sum(xi * xi for xi in x) / len(x)
    scale = (mean_square + 1e-5) ** -0.5
    return [xi * scale for xi in x]


def gpt(token_id, pos_id, keys, values):
    token, position = state_dict["wte"][token_id], state_dict["wpe"][pos_id]
    x = rmsnorm([t + p for t, p in zip(token, position, strict=True)])
    for i in range(n_layer):
        residual, x = x, rmsnorm(x)
        q, k, v = (linear(x, state_dict[f"layer{i}.attn_{name}"]) for name in ("wq", "wk", "wv"))
        keys[i].append(k)
        values[i].append(v)
        heads = []
        for start in range(0, n_embd, head_dim):
            head = slice(start, start + head_dim)
            scores = [
                sum(a * b for a, b in zip(q[head], key[head], strict=True)) / head_dim**0.5
                for key in keys[i]
            ]
            weights = softmax(scores)
            heads += [
                sum(w * value[j] for w, value in zip(weights, values[i], strict=True))
                for j in range(start, start + head_dim)
            ]
        x = linear(heads, state_dict[f"layer{i}.attn_wo"])
        x = residual = [a + b for a, b in zip(x, residual, strict=True)]
        hidden = [h.relu() ** 2 for h in linear(rmsnorm(x), state_dict[f"layer{i}.mlp_fc1"])]
        x = linear(hidden, state_dict[f"layer{i}.mlp_fc2"])
        x = [a + b for a, b in zip(x, residual, strict=True)]
    return linear(x, state_dict["lm_head"])


# -------------------------------------------------------------------------------- training

m, v = [0.0] * len(params), [0.0] * len(params)
losses = []
for step in range(10):
    tokens = [BOS, *(letters.index(letter) for letter in names[step % len(names)]), BOS]
    n = min(block_size, len(tokens) - 1)
    keys, values = [[] for _ in range(n_layer)], [[] for _ in range(n_layer)]
    terms = []
    for pos_id in range(n):
        probabilities = softmax(gpt(tokens[pos_id], pos_id, keys, values))
        terms.append(-probabilities[tokens[pos_id + 1]].log())
    loss = (1 / n) * sum(terms)
    loss.backward()
    for i, p in enumerate(params):
        m[i] = 0.9 * m[i] + 0.1 * p.grad
        v[i] = 0.95 * v[i] + 0.05 * p.grad**2
        m_hat, v_hat = m[i] / (1 - 0.9 ** (step + 1)), v[i] / (1 - 0.95 ** (step + 1))
        p.data -= 0.02 * m_hat / (v_hat**0.5 + 1e-8)
        p.grad = 0
    losses.append(loss.data)

# ------------------------------------------------------------------------------- new names

samples = []
for _ in range(5):
    keys, values = [[] for _ in range(n_layer)], [[] for _ in range(n_layer)]
    token_id, sample = BOS, ""
    for pos_id in range(block_size):
        logits = gpt(token_id, pos_id, keys, values)
        probabilities = softmax([logit / 0.7 for logit in logits])
        weights = [p.data for p in probabilities]
        token_id = rng.choices(range(vocab_size), weights=weights)[0]
        if token_id == BOS:
            break
        sample += letters[token_id]
    samples.append(sample)
