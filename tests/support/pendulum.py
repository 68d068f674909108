"""The step of a pendulum by the method of Runge and Kutta, as the body of a loop."""

from autograd_lite import Value, sin

G = Value(9.81)
DT = 0.01


def acceleration(x):
    return -G * sin(x)


def runge_kutta(carry, _=None):
    x, v = carry
    k1, l1 = v, acceleration(x)
    k2, l2 = v + DT / 2 * l1, acceleration(x + DT / 2 * k1)
    k3, l3 = v + DT / 2 * l2, acceleration(x + DT / 2 * k2)
    k4, l4 = v + DT * l3, acceleration(x + DT * k3)
    x = x + DT / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return (x, v + DT / 6 * (l1 + 2 * l2 + 2 * l3 + l4)), None
