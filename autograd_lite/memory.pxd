# What memory.py does, in C.
from cpython cimport array
from cpython.buffer cimport (
    PyBUF_C_CONTIGUOUS, PyBUF_FORMAT, PyBUF_STRIDES, PyBuffer_IsContiguous, PyBuffer_Release,
    PyObject_GetBuffer
)
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.contextvars cimport get_value
from cpython.exc cimport PyErr_CheckSignals
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_CheckExact
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE
from cpython.object cimport PyObject
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_GET_SIZE
from libc.string cimport memcmp, memcpy, strcmp

from autograd_lite.extra cimport Extra
from autograd_lite.placement cimport Placement
from autograd_lite.value cimport Node, Value  # their fields

# ------------------------------------------------------------------------------------ arrays


cdef inline double *doubles(array.array owner) noexcept:
    return owner.data.as_doubles


cdef inline int *ints(array.array owner) noexcept:
    return owner.data.as_ints


cdef inline array.array room(array.array like, Py_ssize_t n):
    return array.clone(like, n, zero=False)


cdef inline double *part(double *numbers, Py_ssize_t start, Py_ssize_t n) noexcept:
    return numbers + start


cdef inline void copy(
    double *out, Py_ssize_t at, double *numbers, Py_ssize_t start, Py_ssize_t n
) noexcept:
    if n > 0:  # of no numbers there may be no address
        memcpy(out + at, numbers + start, n * sizeof(double))


cdef inline long long *longs(array.array owner) noexcept:
    return owner.data.as_longlongs


cdef inline int let_interrupt() except -1:
    return PyErr_CheckSignals()


cdef inline int append(array.array owner, double number) except -1:
    cdef Py_ssize_t n = len(owner)
    array.resize_smart(owner, n + 1)
    owner.data.as_doubles[n] = number
    return 0


cdef inline int append_each(array.array owner, object doubles) except -1:
    cdef Py_ssize_t n = len(owner)
    cdef Py_buffer view
    PyObject_GetBuffer(doubles, &view, PyBUF_C_CONTIGUOUS)
    try:
        array.resize_smart(owner, n + view.len // <Py_ssize_t> sizeof(double))
        memcpy(owner.data.as_doubles + n, view.buf, view.len)
    finally:
        PyBuffer_Release(&view)
    return 0


cdef inline Py_ssize_t read_array(
    object thing, int *shape, Py_ssize_t start, Py_ssize_t n, double *out, Py_ssize_t at
) except -2:
    cdef Py_buffer view
    cdef Py_ssize_t i, size
    PyObject_GetBuffer(thing, &view, PyBUF_STRIDES | PyBUF_FORMAT)
    size = view.len // <Py_ssize_t> sizeof(double)
    if view.ndim != n or strcmp(view.format, b"d") or not PyBuffer_IsContiguous(&view, b"C"):
        size = -1
    else:
        for i in range(n):
            if view.shape[i] != shape[start + i]:
                size = -1
    if size > 0:
        memcpy(out + at, view.buf, view.len)
    PyBuffer_Release(&view)
    return size


cdef inline Py_ssize_t read_integers(
    object thing, int *shape, Py_ssize_t start, Py_ssize_t n, double *out, Py_ssize_t at,
    long long *ints, Py_ssize_t count
) except -2:
    cdef Py_buffer view
    cdef Py_ssize_t i, size
    cdef long long number
    PyObject_GetBuffer(thing, &view, PyBUF_STRIDES | PyBUF_FORMAT)
    size = view.len // <Py_ssize_t> sizeof(long long)
    if (
        view.ndim != n
        or view.itemsize != sizeof(long long)
        or strcmp(view.format, b"l") and strcmp(view.format, b"q")
        or not PyBuffer_IsContiguous(&view, b"C")
    ):
        size = -1
    else:
        for i in range(n):
            if view.shape[i] != shape[start + i]:
                size = -1
    for i in range(size):
        number = (<long long *> view.buf)[i]
        if not -(1LL << 53) < number < 1LL << 53:
            size = -1
            break
        out[at + i] = <double> number
        ints[count + i] = number
    PyBuffer_Release(&view)
    return size


cdef inline int append_long(array.array owner, long long number) except -1:
    cdef Py_ssize_t n = len(owner)
    array.resize_smart(owner, n + 1)
    owner.data.as_longlongs[n] = number
    return 0


cdef inline int append_int(array.array owner, int number) except -1:
    cdef Py_ssize_t n = len(owner)
    array.resize_smart(owner, n + 1)
    owner.data.as_ints[n] = number
    return 0


# --------------------------------------------------------------------- what things hold


cdef inline object current(object variable):
    return get_value(variable)


cdef extern from "Python.h":
    ctypedef struct PyListObject:
        PyObject **ob_item
    ctypedef struct PyTupleObject:
        PyObject **ob_item
    ctypedef struct PyTypeObject:
        PyObject *tp_dict
        object (*tp_descr_get)(object, object, object)
    PyObject *PyCell_GET(object)
    bint PyDict_Check(object)
    PyObject *PyDict_GetItemWithError(object, object)
    int PyDict_Next(object, Py_ssize_t *, PyObject **, PyObject **)
    PyObject *PyFunction_GET_CODE(object)
    PyObject *PyFunction_GET_DEFAULTS(object)
    PyObject *PyFunction_GET_KW_DEFAULTS(object)
    object PyObject_GenericGetDict(object, void *)


cdef inline bint lists(object things, tuple held) noexcept:
    cdef size_t size = len(held) * sizeof(PyObject *)
    return len(<list> things) == len(held) and (
        size == 0
        or not memcmp((<PyListObject *> things).ob_item, (<PyTupleObject *> held).ob_item, size)
    )


cdef inline bint maps(object items, tuple held, Py_ssize_t start) noexcept:
    cdef PyObject **at = (<PyTupleObject *> held).ob_item + start
    cdef Py_ssize_t i = 0
    cdef PyObject *key
    cdef PyObject *thing
    if not PyDict_Check(items) or 2 * len(<dict> items) != len(held) - start:
        return False
    while PyDict_Next(items, &i, &key, &thing):
        if key != at[0] or thing != at[1]:
            return False
        at += 2
    return True


cdef inline bint encloses(object cell, tuple held) noexcept:
    cdef PyObject *thing = PyCell_GET(cell)
    if thing == NULL or len(held) == 0:
        return thing == NULL and len(held) == 0
    return thing == PyTuple_GET_ITEM(held, 0)


cdef inline bint is_defined_by(object function, tuple held) noexcept:
    cdef PyObject *defaults = PyFunction_GET_DEFAULTS(function)
    cdef PyObject *keyword_defaults = PyFunction_GET_KW_DEFAULTS(function)
    cdef PyObject *none = <PyObject *> None
    return (
        PyFunction_GET_CODE(function) == PyTuple_GET_ITEM(held, 0)
        and (none if defaults == NULL else defaults) == PyTuple_GET_ITEM(held, 1)
        and (none if keyword_defaults == NULL else keyword_defaults) == PyTuple_GET_ITEM(held, 2)
    )


cdef inline object attributes(object thing):
    return PyObject_GenericGetDict(thing, NULL)


cdef inline object class_attributes(object cls):
    cdef PyObject *items = (<PyTypeObject *> cls).tp_dict
    return None if items == NULL else <object> items


cdef inline object item(object space, object name, object missing):
    cdef PyObject *found = PyDict_GetItemWithError(space, name)
    return missing if found == NULL else <object> found


cdef inline object in_slot(object thing, object slot, object missing):
    cdef object cls = type(slot)
    try:
        return (<PyTypeObject *> cls).tp_descr_get(slot, thing, None)
    except (AttributeError, TypeError):
        return missing


# ------------------------------------------------ buffers, which nodes own, and tuples of floats


cdef inline bint is_float(tuple operands, Py_ssize_t i) noexcept:
    return PyFloat_CheckExact(<object> PyTuple_GET_ITEM(operands, i))


cdef inline double float_at(tuple floats, Py_ssize_t i) noexcept:
    return PyFloat_AS_DOUBLE(<object> PyTuple_GET_ITEM(floats, i))


cdef inline bytes buffer(Py_ssize_t n):
    return PyBytes_FromStringAndSize(NULL, n * sizeof(double))


cdef inline double *pointer(bytes owner) noexcept:
    return <double *> PyBytes_AS_STRING(owner)


cdef inline tuple numbers(bytes owner):
    cdef Py_ssize_t i
    cdef double *d = pointer(owner)
    return tuple([d[i] for i in range(PyBytes_GET_SIZE(owner) // <Py_ssize_t> sizeof(double))])


cdef inline bytes filled(tuple floats):
    cdef Py_ssize_t i, n = PyTuple_GET_SIZE(floats)
    cdef bytes owner = buffer(n)
    cdef double *d = pointer(owner)
    for i in range(n):
        d[i] = floats[i]
    return owner


# ------------------------------------------------------------------------------- tuples of Values


cdef inline Py_hash_t address(Node node) noexcept:
    return <Py_hash_t> ((<size_t> <PyObject *> node) >> 4)


cdef inline Value new_value():
    return Value.__new__(Value)


cdef inline double *place(Node node) noexcept:
    cdef double *found
    memcpy(&found, &node._dy, sizeof(found))
    return found


cdef inline bint is_placed(Node node) noexcept:
    return node._kind <= 0 and place(node) != NULL


cdef inline void set_place(Node node, double *place) noexcept:
    memcpy(&node._dy, &place, sizeof(place))


cdef inline Placement placement(Node node):
    return <Placement> (<Extra> node._y).block


cdef inline double *grad_place(Node node) noexcept:
    cdef PyObject *here = <PyObject *> (<Extra> node._y).block
    return (<Placement> here).first_grad + (place(node) - (<Placement> here).first_number)


cdef inline double gradient(Node node) noexcept:
    return grad_place(node)[0] if is_placed(node) else node._grad


cdef inline void set_gradient(Node node, double grad) noexcept:
    if is_placed(node):
        grad_place(node)[0] = grad
    else:
        node._grad = grad


cdef inline double number(Node node) noexcept:
    return place(node)[0] if is_placed(node) else node._data


cdef inline void set_number(Node node, double number) noexcept:
    if is_placed(node):
        place(node)[0] = number
    else:
        node._data = number


cdef inline Node node(object thing):
    return <Node> thing


cdef inline Node value_at(tuple values, Py_ssize_t i):
    return <Node> PyTuple_GET_ITEM(values, i)


# A node of which a pass does not count its reference.
cdef extern from *:
    ctypedef struct Borrowed "struct __pyx_obj_13autograd_lite_5value_Node":
        signed char _kind
        int _users
        double _grad, _dx, _dy
        Borrowed *_x
        PyObject *_y


cdef inline Borrowed *borrowed(object node) noexcept:
    return <Borrowed *> <PyObject *> node


cdef inline Node owned(Borrowed *node):
    return <Node> <PyObject *> node


cdef inline Borrowed *borrowed_at(tuple values, Py_ssize_t i) noexcept:
    return <Borrowed *> PyTuple_GET_ITEM(values, i)


cdef inline Borrowed *second(Borrowed *node) noexcept:
    return <Borrowed *> node._y


cdef inline Extra extra(Borrowed *node):
    return <Extra> node._y


cdef inline array.array places(array.array like):
    return array.clone(like, 64, zero=False)


cdef inline Borrowed *placed(array.array order, Py_ssize_t i) noexcept:
    return (<Borrowed **> order.data.as_voidptr)[i]


cdef inline int put(array.array order, Py_ssize_t i, Borrowed *node) except -1:
    if i == len(order):
        array.resize(order, 2 * i)
    (<Borrowed **> order.data.as_voidptr)[i] = node
    return 0


cdef inline Node listed(list values, Py_ssize_t i):
    return <Node> PyList_GET_ITEM(values, i)


cdef extern from *:
    """
    #if defined(__GNUC__)
    #define PREFETCH(address) __builtin_prefetch(address)
    #else
    #define PREFETCH(address)
    #endif
    """
    void PREFETCH(const void *address) noexcept


cdef inline void prefetch(array.array order, Py_ssize_t i, Py_ssize_t n) noexcept:
    if i + 16 < n:
        PREFETCH(&placed(order, i + 16)._kind)
        PREFETCH(placed(order, i + 8)._y)


cdef inline bint is_node(tuple operands, Py_ssize_t i) noexcept:
    operand = <object> PyTuple_GET_ITEM(operands, i)
    return isinstance(operand, Value) or isinstance(operand, Node)  # mostly it is a Value


cdef inline double data_of(tuple values, Py_ssize_t i) noexcept:
    return number(<Node> PyTuple_GET_ITEM(values, i))


cdef inline bint is_deep(tuple values, Py_ssize_t i) noexcept:
    return (<Node> PyTuple_GET_ITEM(values, i))._kind > 0


cdef inline bint all_nodes(tuple operands) noexcept:
    cdef Py_ssize_t i
    for i in range(PyTuple_GET_SIZE(operands)):
        if not is_node(operands, i):
            return False
    return True


cdef inline void receive(tuple leaves, Py_ssize_t i, double cotangent) noexcept:
    (<Node> PyTuple_GET_ITEM(leaves, i))._dx += cotangent


cdef inline void add_to_grad(tuple leaves, Py_ssize_t i, double number) noexcept:
    cdef PyObject *leaf = <PyObject *> PyTuple_GET_ITEM(leaves, i)
    set_gradient(<Node> leaf, gradient(<Node> leaf) + number)


cdef inline void settle(Borrowed *leaf) noexcept:
    cdef PyObject *node = <PyObject *> leaf
    set_gradient(<Node> node, gradient(<Node> node) + leaf._dx)
    leaf._dx = 0.0


cdef inline double grad_of(tuple values, Py_ssize_t i) noexcept:
    return gradient(<Node> PyTuple_GET_ITEM(values, i))


cdef inline void set_grad(tuple values, Py_ssize_t i, double grad) noexcept:
    set_gradient(<Node> PyTuple_GET_ITEM(values, i), grad)


cdef inline double grad_at(tuple values, Py_ssize_t i, bint placed) noexcept:
    return grad_of(values, i) if placed else (<Node> PyTuple_GET_ITEM(values, i))._grad


cdef inline void set_grad_at(tuple values, Py_ssize_t i, double grad, bint placed) noexcept:
    if placed:
        set_grad(values, i, grad)
    else:
        (<Node> PyTuple_GET_ITEM(values, i))._grad = grad


cdef inline double data_at(tuple values, Py_ssize_t i, bint placed) noexcept:
    return data_of(values, i) if placed else (<Node> PyTuple_GET_ITEM(values, i))._data


cdef inline void set_data_at(tuple values, Py_ssize_t i, double data, bint placed) noexcept:
    if placed:
        set_data(values, i, data)
    else:
        (<Node> PyTuple_GET_ITEM(values, i))._data = data


cdef inline void set_data(tuple values, Py_ssize_t i, double data) noexcept:
    set_number(<Node> PyTuple_GET_ITEM(values, i), data)
