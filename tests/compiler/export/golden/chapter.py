"""loss, exported by autograd_lite.
The mean cross entropy of the digits.

Parameters:
    0.weight  (8, 4)
    0.bias    (8,)
    2.weight  (10, 8)
    2.bias    (10,)

Arguments:
    images  (n, 4)
    labels  (n,)  int, from 0 to 9

Results:
    value  ()
"""

import numpy as np


SHAPES = {
    "0.weight": (8, 4),
    "0.bias": (8,),
    "2.weight": (10, 8),
    "2.bias": (10,),
}


def checked(parameters):
    """The parameters as arrays of floats."""
    for name, shape in SHAPES.items():
        if name not in parameters or np.shape(parameters[name]) != shape:
            raise ValueError(f"the parameters must have {name}, of the shape {shape}")
    return {name: np.asarray(x, float) for name, x in parameters.items()}


def loss(parameters, images, labels):
    parameters = checked(parameters)
    w0 = parameters["0.weight"]
    b0 = parameters["0.bias"]
    w2 = parameters["2.weight"]
    b2 = parameters["2.bias"]
    images = np.asarray(images, float)
    labels = np.asarray(labels).astype(int, casting="same_kind")
    n = len(images)  # any number of samples
    if np.shape(images) != (n, 4) or np.shape(labels) != (n,):
        raise ValueError("the shapes must be images (n, 4), labels (n,)")
    if not np.all((labels >= 0) & (labels <= 9)):
        raise ValueError("labels must be from 0 to 9")
    z1 = images @ w0.T + b0
    a1 = np.maximum(z1, 0)
    z2 = a1 @ w2.T + b2
    m1 = z2.max(axis=1)
    a2 = m1 + np.log(np.exp(z2 - m1[:, None]).sum(axis=1))
    z3 = (a2.sum() - z2[np.arange(n), labels].sum()) / n
    return z3


def loss_and_grad(parameters, images, labels):
    parameters = checked(parameters)
    w0 = parameters["0.weight"]
    b0 = parameters["0.bias"]
    w2 = parameters["2.weight"]
    b2 = parameters["2.bias"]
    images = np.asarray(images, float)
    labels = np.asarray(labels).astype(int, casting="same_kind")
    n = len(images)  # any number of samples
    if np.shape(images) != (n, 4) or np.shape(labels) != (n,):
        raise ValueError("the shapes must be images (n, 4), labels (n,)")
    if not np.all((labels >= 0) & (labels <= 9)):
        raise ValueError("labels must be from 0 to 9")
    z1 = images @ w0.T + b0
    a1 = np.maximum(z1, 0)
    z2 = a1 @ w2.T + b2
    m1 = z2.max(axis=1)
    a2 = np.exp(z2 - m1[:, None])
    z3 = a2.sum(axis=1)
    z4 = ((m1 + np.log(z3)).sum() - z2[np.arange(n), labels].sum()) / n
    dz2 = a2 / z3[:, None] / n
    np.add.at(dz2, (np.arange(n), labels), -1 / n)
    dz1 = dz2 @ w2 * (z1 > 0)
    dw2 = dz2.T @ a1
    dw0 = dz1.T @ images
    db2 = dz2.sum(axis=0)
    db0 = dz1.sum(axis=0)
    return z4, {
        "0.weight": dw0,
        "0.bias": db0,
        "2.weight": dw2,
        "2.bias": db2,
    }
