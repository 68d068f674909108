/* Operations on arrays of doubles, as native.py writes them down.

   Most arrays of a scalar program are small: there, what NumPy does before and after the arithmetic
   takes ten times as long as the arithmetic. Sums are taken in an order that does not depend on the
   machine. No target overlaps an operand, but element by element: see lift/instructions.py.
*/
#include "ieee.h"
#include "lanes.h"
#include "machines.h"

typedef struct {
    int64_t function;
    int64_t size[4]; /* of the loops, outermost first */
    char *out;
    const char *a, *b;
    int64_t out_step[4], a_step[4], b_step[4]; /* in bytes */
} call_t;
_Static_assert(sizeof(call_t) == 20 * 8, "native.py writes eight bytes for each field");

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
    OF_TWO(F) CONDITIONS(F) CONDITIONS(MASK) OF_ONE(F) FROM_LIBM(F) OTHERS(F) MOVES(F)
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
    FIRST_MOVE = AFTER_LIBM OTHERS(AND_ONE),
};
#define POINTER(code, name, value) value,
static double (*const LIBM[])(double) = { FROM_LIBM(POINTER) };

#define LONGEST_SUM 512
#define LANES 8

typedef double lanes __attribute__((vector_size(8 * LANES), aligned(8)));

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

/* out[i] = function(a[i], b[i]) in the innermost loop of a call. Maximum and minimum are NaN where
   an operand is. */
INLINE void row(const call_t *it, char *out, const char *first_a, const char *first_b)
{
    const double *a = (const double *)first_a, *b = (const double *)first_b;
    int64_t n = it->size[3], function = it->function;
    int64_t to = it->out_step[3], of_a = it->a_step[3] / 8, of_b = it->b_step[3];
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

INLINE double added(lanes x)
{
    return ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]));
}

/* The sum of a[i] b[i], as a sum of eight partial sums. */
INLINE double dot(int64_t n, const double *a, int64_t of_a, const double *b, int64_t of_b)
{
    lanes parts = {0};
    int64_t i = 0;
    if (of_a == 1 && of_b == 1)
        for (; i + LANES <= n; i += LANES)
            parts += *(const lanes *)(a + i) * *(const lanes *)(b + i);
    else
        for (; i + LANES <= n; i += LANES)
            for (int j = 0; j < LANES; j++)
                parts[j] += a[(i + j) * of_a] * b[(i + j) * of_b];
    for (int j = 0; i + j < n; j++)
        parts[j] += a[(i + j) * of_a] * b[(i + j) * of_b];
    return added(parts);
}

/* Up to four rows of a product, and `width` columns, eight at most, which the panel holds. */
INLINE void rows_of_product(
    int rows, int width, int64_t n, const double *a, int64_t row, int64_t step,
    const double *panel, int64_t pitch, double *out, int64_t down, int64_t along)
{
    lanes sum[4] = {{0}};
    for (int64_t i = 0; i < n; i++) {
        lanes b = *(const lanes *)(panel + i * pitch);
        for (int r = 0; r < rows; r++)
            sum[r] += a[r * row + i * step] * b;
    }
    for (int r = 0; r < rows; r++)
        if (width == LANES && along == 1)
            *(lanes *)(out + r * down) = sum[r];
        else
            for (int j = 0; j < width; j++)
                out[r * down + j * along] = sum[r][j];
}

/* out[i, j] = the sum of a[i, k] b[k, j] over k; loops 1, 2, 3 of a call are i, j, k. */
INLINE void product(const call_t *it, double *out, const double *a, const double *b)
{
    double room[LONGEST_SUM * LANES];
    int64_t rows = it->size[1], columns = it->size[2], n = it->size[3];
    int64_t down = it->out_step[1] / 8, along = it->out_step[2] / 8;
    int64_t a_row = it->a_step[1] / 8, a_inner = it->a_step[3] / 8;
    int64_t b_column = it->b_step[2] / 8, b_inner = it->b_step[3] / 8;
    if (columns == 1) {
        for (int64_t i = 0; i < rows; i++)
            out[i * down] = dot(n, a + i * a_row, a_inner, b, b_inner);
        return;
    }
    for (int64_t j = 0; j < columns; j += LANES) {
        int width = columns - j < LANES ? (int)(columns - j) : LANES;
        const double *panel = b + j * b_column;
        int64_t pitch = b_inner, i = 0;
        if (b_column != 1 || width < LANES) {
            for (int64_t k = 0; k < n; k++)
                for (int t = 0; t < LANES; t++)
                    room[k * LANES + t] = t < width ? panel[k * b_inner + t * b_column] : 0.0;
            panel = room;
            pitch = LANES;
        }
        for (; i + 4 <= rows; i += 4)
            rows_of_product(4, width, n, a + i * a_row, a_row, a_inner, panel, pitch,
                            out + i * down + j * along, down, along);
        for (; i < rows; i++)
            rows_of_product(1, width, n, a + i * a_row, a_row, a_inner, panel, pitch,
                            out + i * down + j * along, down, along);
    }
}

INLINE double total(int64_t n, const double *a, int64_t step)
{
    lanes parts = {0};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++)
            parts[j] += a[(i + j) * step];
    for (int j = 0; i + j < n; j++)
        parts[j] += a[(i + j) * step];
    return added(parts);
}

INLINE double largest(int64_t n, const double *a, int64_t step)
{
    double found = *a;
    for (int64_t i = 1; i < n; i++) {
        double x = a[i * step];
        found = x > found || x != x ? x : found;
    }
    return found;
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

FOR_EACH_MACHINE static void run_calls(const call_t *first, int64_t n)
{
    double room[LONGEST_SUM];
    call_t other;
    for (const call_t *end = first + n; first < end; first++) {
        int64_t function = first->function;
        if (function >= FIRST_MOVE) {
            moved(first);
            continue;
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
                        row(it, out, a, b);
                }
        }
    }
}
