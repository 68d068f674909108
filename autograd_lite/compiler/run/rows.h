/* The rows of ints that native.py and strips.py write: one for each call, and for each step of a strip. */
#ifndef AUTOGRAD_LITE_ROWS_H
#define AUTOGRAD_LITE_ROWS_H

#include <stdint.h>

typedef struct {
    int64_t function;
    int64_t size[4]; /* of the loops, outermost first */
    char *out;
    const char *a, *b;
    int64_t out_step[4], a_step[4], b_step[4]; /* in bytes */
    int64_t out_move, a_move, b_move; /* bytes from one turn of a repetition to the next */
} call_t;
_Static_assert(sizeof(call_t) == 23 * 8, "native.py writes eight bytes for each field");

/* Loops whose statements run strip by strip, in the steps that follow: see strips.h. */
typedef struct {
    int64_t function, steps; /* STRIPS, and how many steps follow */
    int64_t size[4];         /* of the loops */
    int64_t rows, columns;   /* of a strip: whole rows, or a part of one */
    int64_t unused[15];
} strips_t;
_Static_assert(sizeof(strips_t) == sizeof(call_t), "they stand in one array");

/* A step of these. */
typedef struct {
    int64_t function;
    int64_t flag; /* LOAD: only in the first strip; sums, maxima and FINISH: of the numbers that are there,
                     too */
    char *at[4];  /* the target, and up to three operands */
    int64_t step[4];     /* bytes from one number of a strip to the next */
    int64_t advance[4];  /* bytes from a number of the first strip to that of the next, for each number
                            in between: 0 for what is as long as a strip, and for constants */
    int64_t stride[4];   /* bytes that the array moves by in each loop, if it is not read in a row */
    int64_t move[4];     /* bytes from one turn of a repetition to the next */
    int64_t unused;
} step_t;
_Static_assert(sizeof(step_t) == sizeof(call_t), "they stand in one array");

#endif
