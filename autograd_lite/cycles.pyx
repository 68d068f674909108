"""Collects reference cycles through Values, which Python's own collector does not see.

A plain Value of the compiled build carries no collector's header, as its parents are older than it
is. Two things can close a cycle all the same: an attribute of a subclass's instance, and a
`_backward` written by hand that reaches its node through a list, a partial or a bound method. Once
a program has either, each full collection of Python's is followed by one here, of what the suspects
reach and nothing outside holds (trial deletion; Jones and Lins, Garbage Collection, 1996). As in
Python's, finalisers come first, and what they take hold of lives.

Interpreted, there is nothing to do here; so this is Cython, which no other thread can interrupt
but in finalisers.
"""

import gc
from types import FunctionType

from cpython.module cimport PyModule_Check
from cpython.object cimport PyObject, PyTypeObject
from cpython.type cimport PyType_Check

from autograd_lite.kinds cimport LEAF
from autograd_lite.extra cimport Extra
from autograd_lite.value cimport Node

cdef extern from "Python.h":
    bint PyObject_IS_GC(object thing)
    Py_ssize_t Py_REFCNT(object thing)
    void PyObject_CallFinalizer(object thing)  # once: those with a header remember it


cdef type _weak, _strong  # the classes of a `_backward` written by hand


def watch(classes):
    """Collect cycles through Values from now on, after each full collection.

    classes  the two classes of a `_backward` written by hand
    """
    global _weak, _strong
    _weak, _strong = classes
    if not any([callback is _after_collection for callback in gc.callbacks]):
        gc.callbacks.append(_after_collection)


def _after_collection(phase, info):
    if phase == "stop" and info["generation"] == 2:
        collect()


def collect():
    """Drop all nodes that are held by nothing but such cycles; how many there were."""
    cdef Node node
    garbage = _unheld(_suspects())
    _finalise(garbage)
    garbage = _unheld(garbage)
    nodes = [thing for thing in garbage if isinstance(thing, Node)]
    # All of it is alive until all is cut, so that nobody meets a graph of which a part is gone.
    for node in nodes:
        node._dy = 0.0  # first: a leaf has a place there
        node._kind = LEAF
        node._x = node._y = None
    for thing in garbage:
        cls = type(thing)
        if (<PyTypeObject *> cls).tp_clear is not NULL:
            (<PyTypeObject *> cls).tp_clear(thing)
    return len(nodes)


cdef void _finalise(list things):
    for thing in things:
        if PyObject_IS_GC(thing):
            PyObject_CallFinalizer(thing)


cdef list _unheld(list suspects):
    """What the suspects lead to that is held by nothing else; the list is emptied."""
    cdef list things = suspects[:], within = [0] * len(suspects)  # how often they refer to each
    cdef dict places = {_address(thing): i for i, thing in enumerate(suspects)}
    cdef Py_ssize_t i = 0, n = len(suspects)
    suspects.clear()
    while i < len(things):  # it grows while it is walked
        for thing in _referents(things[i]):
            place = places.setdefault(_address(thing), len(things))
            if place == len(things):
                things.append(thing)
                within.append(0)
            within[place] += 1
        i += 1
    thing = None  # as what this function refers to is counted next
    things.append(object())
    nothing = Py_REFCNT(things[i])
    things.pop()
    alive = [Py_REFCNT(things[i]) - within[i] > nothing for i in range(len(things))]
    if all(alive[:n]):
        return []
    stack = [i for i in range(len(things)) if alive[i]]
    while stack:
        for thing in _referents(things[stack.pop()]):
            place = places[_address(thing)]
            if not alive[place]:
                alive[place] = True
                stack.append(place)
    return [things[i] for i in range(len(things)) if not alive[i]]


cdef inline size_t _address(thing):
    return <size_t> <PyObject *> thing


# What follows meets every object of the program, whole or half made, and must not fail. So it asks
# for exact types, in C: proxies answer isinstance with code of their own, and a metaclass may
# forbid the hash of a type.


cdef list _suspects():
    """The instances with attributes, and the `_backward`s, that may lead to younger nodes."""
    return [
        thing
        for thing in gc.get_objects()  # only a Value with room for attributes is one of these
        if isinstance(thing, Node)
        or ((type(thing) is _weak or type(thing) is _strong) and thing.may_close_a_cycle)
    ]


cdef list _referents(thing):
    """What it refers to, once for each reference, but for what leads out of any graph."""
    cdef Node node
    cdef Extra more
    cdef list found = gc.get_referents(thing)
    if isinstance(thing, Node):
        node = thing
        if node._kind > LEAF:  # a leaf's are scratch of a pass
            found += (node._x, node._y)
        if isinstance(node._y, Extra):
            more = node._y
            found += (more.xs, more.ys, more.backward, more.block)
    elif type(thing) is FunctionType:
        found = [referent for referent in found if referent is not thing.__globals__]
    return [
        referent
        for referent in found
        if isinstance(referent, Node)
        or (PyObject_IS_GC(referent) and not (PyType_Check(referent) or PyModule_Check(referent)))
    ]
