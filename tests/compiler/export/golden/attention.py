"""loss, exported by autograd_lite.
The mean cross entropy of the tokens that follow.

Parameters:
    in_proj_weight   (12, 4)
    out_proj.weight  (4, 4)
    logits.weight    (5, 4)
    places.weight    (6, 4)
    tokens.weight    (5, 4)

Arguments:
    given      (5,)  int, from 0 to 4
    following  (5,)  int, from 0 to 4

Results:
    value  ()
"""

import jax
import jax.numpy as jnp


SHAPES = {
    "in_proj_weight": (12, 4),
    "out_proj.weight": (4, 4),
    "logits.weight": (5, 4),
    "places.weight": (6, 4),
    "tokens.weight": (5, 4),
}


def checked(parameters):
    """The parameters."""
    for name, shape in SHAPES.items():
        if name not in parameters or jnp.shape(parameters[name]) != shape:
            raise ValueError(f"the parameters must have {name}, of the shape {shape}")
    return parameters


def loss(parameters, given, following):
    parameters = checked(parameters)
    in_proj_weight = parameters["in_proj_weight"]
    out_proj = parameters["out_proj.weight"]
    logits = parameters["logits.weight"]
    places = parameters["places.weight"]
    tokens = parameters["tokens.weight"]
    given = jnp.asarray(given)
    following = jnp.asarray(following)
    if jnp.shape(given) != (5,) or jnp.shape(following) != (5,):
        raise ValueError("the shapes must be given (5,), following (5,)")
    z1 = tokens[given] + places[:5]
    z2 = jnp.einsum("ikl,jl->ijk", in_proj_weight.reshape(3, 4, 4), z1)
    z3 = 0.7071067811865475 * z2[0]
    z4 = jnp.einsum("kil,jil->ijk", z2.reshape(3, 5, 2, 2)[1], z3.reshape(5, 2, 2))
    m1 = jnp.where(jnp.tri(5, dtype=bool), z4, -jnp.inf).max(axis=-1)
    a1 = jax.lax.stop_gradient(m1)
    z5 = z4 - a1[:, :, None]
    m2 = jnp.where(jnp.tri(5, dtype=bool), z5, -jnp.inf).max(axis=-1)
    a2 = jnp.exp(z5 - m2[:, :, None])
    a2 = jnp.where(jnp.tri(5, dtype=bool), a2, 0)
    a3 = m2 + jnp.log(a2.sum(axis=-1))
    a4 = jnp.exp(z5 - a3[:, :, None])
    a4 = jnp.where(jnp.tri(5, dtype=bool), a4, 0)
    z6 = jnp.einsum("lik,ijl->ijk", z2.reshape(3, 5, 2, 2)[2], a4)
    z7 = jnp.einsum("jkl,kil->ij", out_proj.reshape(4, 2, 2), z6)
    z8 = z7 @ logits.T
    m3 = z8.max(axis=1)
    a5 = m3 + jnp.log(jnp.exp(z8 - m3[:, None]).sum(axis=1))
    z9 = 0.2 * (a5.sum() - z8[jnp.arange(5), following].sum())
    valid = jnp.all((given >= 0) & (given <= 4)) & jnp.all((following >= 0) & (following <= 4))
    return jnp.where(valid, z9, jnp.nan)
