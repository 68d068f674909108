/* Sums, maxima and products of matrices. The order in which sums are taken does not depend on the
   machine. */
#ifndef AUTOGRAD_LITE_SUMS_H
#define AUTOGRAD_LITE_SUMS_H

#include <stdint.h>

#include "rows.h"
#include "lanes.h"

#define LONGEST_SUM 512
#define LANES 8

/* Not longer: without AVX-512 gcc keeps longer vectors in memory. */
typedef double four __attribute__((vector_size(32), aligned(8)));

/* The sum of eight partial sums. */
INLINE double added(const four *parts)
{
    four x = parts[0] + parts[1];
    return (x[0] + x[2]) + (x[1] + x[3]);
}

/* The sum of a[i] b[i], as a sum of eight partial sums, and of what is left. */
INLINE double dot(int64_t n, const double *a, int64_t of_a, const double *b, int64_t of_b)
{
    four parts[2] = {{0}};
    int64_t i = 0;
    if (of_a == 1 && of_b == 1)
        for (; i + LANES <= n; i += LANES)
            for (int p = 0; p < 2; p++)
                parts[p] += *(const four *)(a + i + 4 * p) * *(const four *)(b + i + 4 * p);
    else
        for (; i + LANES <= n; i += LANES)
            for (int j = 0; j < LANES; j++)
                parts[j / 4][j % 4] += a[(i + j) * of_a] * b[(i + j) * of_b];
    double rest = 0.0;
    for (; i < n; i++)
        rest += a[i * of_a] * b[i * of_b];
    return added(parts) + rest;
}

/* Numbers of two vectors: those of the first are 0, 1, 2, 3, those of the second 4, 5, 6, 7. */
#if defined(__clang__) || __GNUC__ >= 12
#define FOUR_OF(x, y, ...) __builtin_shufflevector(x, y, __VA_ARGS__)
#else
typedef int64_t places __attribute__((vector_size(32)));
#define FOUR_OF(x, y, ...) __builtin_shuffle(x, y, (places) {__VA_ARGS__})
#endif

/* The sums of a[r, k] b[k] over k, for four rows r. */
INLINE four four_dots(int64_t n, const double *a, int64_t row, const double *b)
{
    four x[4] = {{0}};
    int64_t k = 0;
    for (; k + 4 <= n; k += 4) {
        four several = *(const four *)(b + k);
        for (int r = 0; r < 4; r++)
            x[r] += *(const four *)(a + r * row + k) * several;
    }
    four halves = FOUR_OF(x[0], x[1], 0, 1, 4, 5) + FOUR_OF(x[0], x[1], 2, 3, 6, 7);
    four others = FOUR_OF(x[2], x[3], 0, 1, 4, 5) + FOUR_OF(x[2], x[3], 2, 3, 6, 7);
    four sums = FOUR_OF(halves, others, 0, 2, 4, 6) + FOUR_OF(halves, others, 1, 3, 5, 7);
    for (; k < n; k++)
        for (int r = 0; r < 4; r++)
            sums[r] += a[r * row + k] * b[k];
    return sums;
}

/* Up to four rows of a product, and `width` columns, eight at most, which the panel holds. The sums are
   in parts of N numbers: gcc keeps vectors that are longer than a register in memory, which takes
   nine times as long. */
#define ROWS_OF_PRODUCT(N) \
    typedef double part_##N __attribute__((vector_size(8 * N), aligned(8))); \
    INLINE void rows_of_product_##N( \
        int rows, int width, int64_t n, const double *a, int64_t row, int64_t step, \
        const double *panel, int64_t pitch, double *out, int64_t down, int64_t along) \
    { \
        part_##N sum[4][LANES / N] = {{{0}}}; \
        for (int64_t i = 0; i < n; i++) \
            for (int p = 0; p < LANES / N; p++) { \
                part_##N b = *(const part_##N *)(panel + i * pitch + p * N); \
                for (int r = 0; r < rows; r++) \
                    sum[r][p] += a[r * row + i * step] * b; \
            } \
        for (int r = 0; r < rows; r++) \
            for (int p = 0; p < LANES / N; p++) \
                if (width == LANES && along == 1) \
                    *(part_##N *)(out + r * down + p * N) = sum[r][p]; \
                else \
                    for (int j = 0; j < N && p * N + j < width; j++) \
                        out[r * down + (p * N + j) * along] = sum[r][p][j]; \
    }
ROWS_OF_PRODUCT(2)
ROWS_OF_PRODUCT(4)
ROWS_OF_PRODUCT(8)

#if !defined(__x86_64__) || defined(__clang__)
#define rows_of_product rows_of_product_8 /* clang splits vectors well */
#else
#define rows_of_product(...) \
    do { \
        if (__builtin_cpu_supports("avx512f")) \
            rows_of_product_8(__VA_ARGS__); \
        else if (__builtin_cpu_supports("avx2")) \
            rows_of_product_4(__VA_ARGS__); \
        else \
            rows_of_product_2(__VA_ARGS__); \
    } while (0)
#endif

/* out[i, j] = the sum of a[i, k] b[k, j] over k; loops 1, 2, 3 of a call are i, j, k. */
INLINE void product(const call_t *it, double *out, const double *a, const double *b)
{
    double room[LONGEST_SUM * LANES];
    int64_t rows = it->size[1], columns = it->size[2], n = it->size[3];
    int64_t down = it->out_step[1] / 8, along = it->out_step[2] / 8;
    int64_t a_row = it->a_step[1] / 8, a_inner = it->a_step[3] / 8;
    int64_t b_column = it->b_step[2] / 8, b_inner = it->b_step[3] / 8;
    if (columns == 1) {
        int64_t i = 0;
        if (n >= 4 && a_inner == 1 && b_inner == 1)
            for (; i + 4 <= rows; i += 4) {
                four sums = four_dots(n, a + i * a_row, a_row, b);
                for (int r = 0; r < 4; r++)
                    out[(i + r) * down] = sums[r];
            }
        for (; i < rows; i++)
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
    four parts[2] = {{0}};
    int64_t i = 0;
    if (step == 1)
        for (; i + LANES <= n; i += LANES)
            for (int p = 0; p < 2; p++)
                parts[p] += *(const four *)(a + i + 4 * p);
    else
        for (; i + LANES <= n; i += LANES)
            for (int j = 0; j < LANES; j++)
                parts[j / 4][j % 4] += a[(i + j) * step];
    double rest = 0.0;
    for (; i < n; i++)
        rest += a[i * step];
    return added(parts) + rest;
}

INLINE double larger(double found, double x) { return x > found || x != x ? x : found; }

/* NaN if one is. */
INLINE double largest(int64_t n, const double *a, int64_t step)
{
    double found = *a;
    for (int64_t i = 1; i < n; i++)
        found = larger(found, a[i * step]);
    return found;
}

#endif
