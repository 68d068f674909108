/* Operations on arrays of doubles, as native.py and strips.py write them down: rows of ints.

   Most arrays of a scalar program are small: there, what NumPy does before and after the arithmetic
   takes ten times as long as the arithmetic. No target overlaps an operand, but element by element:
   see lift/instructions.py.
*/
#include "ieee.h"
#include "machines.h"
#include "rows.h"
#include "lanes.h"
#include "sums.h"

/* The functions: code, name in NumPy, value. native.py reads the names, so that they stand nowhere
   else. */
#define OF_TWO(F) \
    F(ADD, "add", x + y) \
    F(SUBTRACT, "subtract", x - y) \
    F(MULTIPLY, "multiply", x * y) \
    F(DIVIDE, "divide", x / y) \
    F(MAXIMUM, "maximum", x > y || x != x ? x : y) \
    F(MINIMUM, "minimum", x < y || x != x ? x : y) \
    F(POWER, "power", pow(x, y)) \
    F(ARCTAN2, "arctan2", atan2(x, y)) \
    F(FMOD, "fmod", fmod(x, y)) \
    F(REMAINDER, "remainder", ieee_floor_mod(x, y)) \
    F(FLOOR_DIVIDE, "floor_divide", ieee_floor_divide(x, y))
#define CONDITIONS(F) \
    F(LESS, "less", x < y) \
    F(LESS_EQUAL, "less_equal", x <= y) \
    F(GREATER, "greater", x > y) \
    F(GREATER_EQUAL, "greater_equal", x >= y) \
    F(EQUAL, "equal", x == y) \
    F(NOT_EQUAL, "not_equal", x != y)
#define OF_ONE(F) \
    F(COPY, "copyto", x) \
    F(NEGATIVE, "negative", -x) \
    F(ABSOLUTE, "absolute", fabs(x)) \
    F(SQRT, "sqrt", sqrt(x)) \
    F(EXP, "exp", exp_of(x)) \
    F(EXPM1, "expm1", expm1_of(x)) \
    F(LOG, "log", log_of(x)) \
    F(LOG1P, "log1p", log1p_of(x)) \
    F(TANH, "tanh", tanh_of(x))
#define FROM_LIBM(F) \
    F(SIN, "sin", sin) F(COS, "cos", cos) F(TAN, "tan", tan) \
    F(SINH, "sinh", sinh) F(COSH, "cosh", cosh) \
    F(ARCSIN, "arcsin", asin) F(ARCCOS, "arccos", acos) F(ARCTAN, "arctan", atan) \
    F(ARCSINH, "arcsinh", asinh) F(ARCCOSH, "arccosh", acosh) F(ARCTANH, "arctanh", atanh) \
    F(CBRT, "cbrt", cbrt) F(EXP2, "exp2", exp2) F(LOG2, "log2", log2) F(LOG10, "log10", log10) \
    F(FLOOR, "floor", floor) F(CEIL, "ceil", ceil) F(TRUNC, "trunc", trunc) F(RINT, "rint", rint) \
    F(ERF, "erf", erf) F(ERFC, "erfc", erfc) F(LGAMMA, "lgamma", lgamma)
#define OF_THREE(F) \
    F(WHERE, "where", x != 0 ? y : z) \
    F(MULTIPLY_ADD, "multiply add", x * y + z) \
    F(MULTIPLY_SUBTRACT, "multiply subtract", x * y - z) \
    F(SUBTRACT_PRODUCT, "subtract product", z - x * y)
#define LOOPS(F) \
    F(STRIPS, "strips", ) \
    F(LOAD, "load", ) \
    F(STORE, "store", ) \
    F(FINISH, "finish", ) \
    F(REPEAT, "repeat", )
#define OTHERS(F) \
    F(COPY_WHERE, "copyto where", ) \
    F(TOTAL, "add.reduce", ) \
    F(LARGEST, "maximum.reduce", ) \
    F(PRODUCT, "matmul", )
#define MOVES(F) \
    F(TAKE, "take", out[i] = a[y[i]]) \
    F(PUT, "put", out[y[i]] = a[i]) \
    F(ADD_AT, "add.at", out[y[i]] += a[i]) \
    F(TAKE_INT, "take int", places[i] = x[y[i]]) \
    F(ADD_INT, "add int", places[i] = x[i] + y[i * step]) \
    F(MULTIPLY_INT, "multiply int", places[i] = x[i] * y[i * step]) \
    F(REMAINDER_INT, "remainder int", places[i] = remainder_of(x[i], y[i * step]))

/* The result of a condition is a double, and that of IS_... with the name "...?" a byte. */
#define ALL(F, MASK) \
    OF_TWO(F) CONDITIONS(F) CONDITIONS(MASK) OF_ONE(F) FROM_LIBM(F) OTHERS(F) OF_THREE(F) LOOPS(F) \
    MOVES(F)
#define CODE(code, name, value) code,
#define CODE_OF_MASK(code, name, value) IS_##code,
enum { ALL(CODE, CODE_OF_MASK) FUNCTIONS };
#define NAME(code, name, value) name,
#define NAME_OF_MASK(code, name, value) name "?",
static const char *NAMES[] = { ALL(NAME, NAME_OF_MASK) };
#define AND_ONE(code, name, value) + 1
enum {
    FIRST_MASK = 0 OF_TWO(AND_ONE) CONDITIONS(AND_ONE),
    FIRST_OF_ONE = FIRST_MASK CONDITIONS(AND_ONE),
    FIRST_FROM_LIBM = FIRST_OF_ONE OF_ONE(AND_ONE),
    AFTER_LIBM = FIRST_FROM_LIBM FROM_LIBM(AND_ONE),
    FIRST_MOVE = AFTER_LIBM OTHERS(AND_ONE) OF_THREE(AND_ONE) LOOPS(AND_ONE),
};
#define POINTER(code, name, value) value,
static double (*const LIBM[])(double) = { FROM_LIBM(POINTER) };

#ifdef __clang__
#define NO_DEPENDENCE _Pragma("clang loop vectorize(assume_safety)")
#else
#define NO_DEPENDENCE _Pragma("GCC ivdep")
#endif

/* One loop for each way in which rows are mostly passed, as a compiler vectorises only these.
   An operand may be the target, but element by element only: no element depends on another. */
#define LOOP(type, X, Y, step, value) \
    NO_DEPENDENCE \
    for (int64_t i = 0; i < n; i++) { \
        double x = X, y = Y; \
        (void)x, (void)y; \
        ((type *)out)[i * (step)] = (value); \
    }
#define ROW(type, value) \
    if (to == 1 && of_a == 1 && of_b == 1) \
        LOOP(type, a[i], b[i], 1, value) \
    else if (to == 1 && of_a == 1 && of_b == 0) { \
        double first = *b; \
        LOOP(type, a[i], first, 1, value) \
    } else if (to == 1 && of_a == 0 && of_b == 1) { \
        double first = *a; \
        LOOP(type, first, b[i], 1, value) \
    } else \
        LOOP(type, a[i * of_a], b[i * of_b], to, value) \
    break;

/* out[i] = function(a[i], b[i]) for n numbers, in steps of so many bytes. Maximum and minimum are NaN
   where an operand is. */
FOR_EACH_MACHINE static void row(
    int64_t function, int64_t n, char *out, int64_t to, const char *first_a, int64_t of_a,
    const char *first_b, int64_t of_b)
{
    const double *a = (const double *)first_a, *b = (const double *)first_b;
    of_a /= 8;
    if (function < FIRST_MASK || function >= FIRST_OF_ONE)
        to /= 8;
    if (function != COPY_WHERE)
        of_b /= 8;
    switch (function) {
#define CASE(code, name, value) case code: ROW(double, value)
#define CASE_OF_NUMBER(code, name, value) case code: ROW(double, value ? 1.0 : 0.0)
#define CASE_OF_MASK(code, name, value) case IS_##code: ROW(char, value)
    OF_TWO(CASE)
    CONDITIONS(CASE_OF_NUMBER)
    CONDITIONS(CASE_OF_MASK)
    OF_ONE(CASE)
    case COPY_WHERE:
        for (int64_t i = 0; i < n; i++)
            if (first_b[i * of_b])
                ((double *)out)[i * to] = a[i * of_a];
        break;
    default:
        for (int64_t i = 0; i < n; i++)
            ((double *)out)[i * to] = LIBM[function - FIRST_FROM_LIBM](a[i * of_a]);
    }
}

#define LOOP_OF_THREE(Y, Z, value) \
    NO_DEPENDENCE \
    for (int64_t i = 0; i < n; i++) { \
        double x = a[i], y = Y, z = Z; \
        out[i] = (value); \
    }
#define ROW_OF_THREE(value) \
    if (of_b && of_c) \
        LOOP_OF_THREE(b[i], c[i], value) \
    else if (of_b) { \
        double last = *c; \
        LOOP_OF_THREE(b[i], last, value) \
    } else if (of_c) { \
        double first = *b; \
        LOOP_OF_THREE(first, c[i], value) \
    } else { \
        double first = *b, last = *c; \
        LOOP_OF_THREE(first, last, value) \
    } \
    break;

/* out[i] = function(a[i], b[i], c[i]), where b and c are arrays, or a number if their step is 0. */
FOR_EACH_MACHINE static void row_of_three(
    int64_t function, int64_t n, double *out, const double *a, const double *b, int64_t of_b,
    const double *c, int64_t of_c)
{
    switch (function) {
#define CASE_OF_THREE(code, name, value) case code: ROW_OF_THREE(value)
        OF_THREE(CASE_OF_THREE)
    }
}

/* x % y as in Python, for a positive y. */
INLINE int64_t remainder_of(int64_t x, int64_t y)
{
    int64_t left = x % y;
    return left < 0 ? left + y : left;
}

/* A call that moves numbers to places, or computes places: one loop, the innermost. */
INLINE void moved(const call_t *it)
{
    int64_t n = it->size[3];
    double *out = (double *)it->out;
    const double *a = (const double *)it->a;
    int64_t *places = (int64_t *)it->out;
    const int64_t *x = (const int64_t *)it->a, *y = (const int64_t *)it->b, step = it->b_step[3] / 8;
    switch (it->function) {
#define CASE_OF_MOVE(code, name, value) \
    case code: \
        for (int64_t i = 0; i < n; i++) value; \
        break;
    MOVES(CASE_OF_MOVE)
    }
}

/* The call, or another one that reads a copy of b's row, if that row is scattered and used by every
   row of a. Such rows are biases, each of which lies behind its row of weights. */
INLINE const call_t *with_row_of_b(const call_t *it, call_t *other, double *room)
{
    int64_t n = it->size[3], step = it->b_step[3];
    int is_repeated = it->b_step[0] == 0 && it->b_step[1] == 0 && it->b_step[2] == 0;
    if (!is_repeated || step == 0 || step == 8 || n > LONGEST_SUM || it->function >= FIRST_OF_ONE)
        return it;
    *other = *it;
    other->b = (const char *)room;
    other->b_step[3] = 8;
    for (int64_t i = 0; i < n; i++)
        room[i] = *(const double *)(it->b + i * step);
    return other;
}

#include "strips.h"

/* Copies n stretches of numbers, each given by its first and its length, one after the other to out,
   unless that is NULL. Returns whether all are finite: of no other number x is x - x 0. */
FOR_EACH_MACHINE static int copy_stretches(
    const double *from, const int64_t *stretch, int64_t n, double *out)
{
    four differences[2] = {{0}};
    double difference = 0.0;
    for (; n > 0; n--, stretch += 2) {
        const double *read = from + stretch[0];
        int64_t count = stretch[1], i = 0;
        for (; i + LANES <= count; i += LANES)
            for (int p = 0; p < 2; p++) {
                four x = *(const four *)(read + i + 4 * p);
                differences[p] += x - x;
                if (out)
                    *(four *)(out + i + 4 * p) = x;
            }
        for (; i < count; i++) {
            double x = read[i];
            difference += x - x;
            if (out)
                out[i] = x;
        }
        if (out)
            out += count;
    }
    return added(differences) + difference == 0.0;
}

/* The same for numbers one by one, at these places. */
FOR_EACH_MACHINE static int copy_numbers(
    const double *from, const int32_t *place, int64_t n, double *out)
{
    four differences[2] = {{0}};
    double difference = 0.0;
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int p = 0; p < 2; p++) {
            const int32_t *at = place + i + 4 * p;
            four x = {from[at[0]], from[at[1]], from[at[2]], from[at[3]]};
            differences[p] += x - x;
            if (out)
                *(four *)(out + i + 4 * p) = x;
        }
    for (; i < n; i++) {
        double x = from[place[i]];
        difference += x - x;
        if (out)
            out[i] = x;
    }
    return added(differences) + difference == 0.0;
}

/* One call that is neither a loop of strips nor a repetition. */
INLINE void run_call(const call_t *first)
{
    double room[LONGEST_SUM];
    call_t other;
    int64_t function = first->function;
    if (function >= FIRST_MOVE) {
        moved(first);
        return;
    }
    const call_t *it = with_row_of_b(first, &other, room);
    for (int64_t i = 0; i < it->size[0]; i++) {
        char *out_i = it->out + i * it->out_step[0];
        const char *a_i = it->a + i * it->a_step[0], *b_i = it->b + i * it->b_step[0];
        if (function == PRODUCT) {
            product(it, (double *)out_i, (const double *)a_i, (const double *)b_i);
            continue;
        }
        for (int64_t j = 0; j < it->size[1]; j++)
            for (int64_t k = 0; k < it->size[2]; k++) {
                char *out = out_i + j * it->out_step[1] + k * it->out_step[2];
                const char *a = a_i + j * it->a_step[1] + k * it->a_step[2];
                const char *b = b_i + j * it->b_step[1] + k * it->b_step[2];
                if (function == TOTAL)
                    *(double *)out = total(it->size[3], (const double *)a, it->a_step[3] / 8);
                else if (function == LARGEST)
                    *(double *)out = largest(it->size[3], (const double *)a, it->a_step[3] / 8);
                else
                    row(function, it->size[3], out, it->out_step[3], a, it->a_step[3], b,
                        it->b_step[3]);
            }
    }
}

/* How many rows belong to a call: the first of its ints tells how many follow. */
INLINE int64_t rows_of(const call_t *it)
{
    return it->function == STRIPS || it->function == REPEAT ? 1 + it->size[0] : 1;
}

/* The calls, one after the other. A repetition is so many turns of those that follow it, each time moved
   on; any other call is its own repetition, of one turn. */
FOR_EACH_MACHINE static void run_calls(const call_t *first, int64_t n)
{
    const call_t *end = first + n;
    while (first < end) {
        int is_repeat = first->function == REPEAT;
        int64_t turns = is_repeat ? first->size[1] : 1;
        const call_t *body = first + is_repeat;
        first += rows_of(first);
        for (int64_t turn = 0; turn < turns; turn++)
            for (const call_t *it = body; it < first; it += rows_of(it)) {
                if (it->function == STRIPS) {
                    run_strips(it, turn);
                    continue;
                }
                call_t now = *it;
                now.out += turn * now.out_move;
                now.a += turn * now.a_move;
                now.b += turn * now.b_move;
                run_call(&now);
            }
    }
}
