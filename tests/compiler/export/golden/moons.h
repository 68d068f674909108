/* loss, exported by autograd_lite.
   The mean hinge loss, and a little of the squared weights.

   Parameters:
       layers.0.neurons.w  (4, 2)
       layers.0.neurons.b  (4,)
       layers.1.neurons.w  (1, 4)
       layers.1.neurons.b  (1,)

   Arguments:
       points  (3, 2)
       labels  (3,)

   Results:
       value  () */
/* Usage:

       #define LOSS_IMPLEMENTATION  // in one file; in others it is a header
       #define LOSS_REAL float  // in all of them; double unless it is defined
       #include "loss.h"

       static LOSS_REAL parameters[LOSS_PARAMETERS];
       static LOSS_REAL gradients[LOSS_PARAMETERS];
       static LOSS_REAL work[LOSS_WORK / sizeof(LOSS_REAL)];
       LOSS_REAL value;
       int problem = loss_value_and_grad(parameters, points, labels, &value, gradients, work);

   Set `parameters` before the first call: source.parameters() have the numbers.

   It returns 0; 1 if a number is not finite, 2 if an argument is out of range.
   `gradients` may be NULL: then the value alone is computed.
   It allocates nothing and keeps nothing, so several threads may call it at once. */
#ifndef LOSS_H
#define LOSS_H
#include <stdint.h>

#ifndef LOSS_REAL
#define LOSS_REAL double
#endif

/* Bytes of `work`, whose numbers need not be set. */
#define LOSS_WORK (62 * sizeof(LOSS_REAL))
/* Numbers of `parameters` and of `gradients`, and where each begins, row by row. */
#define LOSS_PARAMETERS 17
enum {
  LOSS_LAYERS_0_NEURONS_W = 0, /* layers.0.neurons.w[4][2] */
  LOSS_LAYERS_0_NEURONS_B = 8, /* layers.0.neurons.b[4] */
  LOSS_LAYERS_1_NEURONS_W = 12, /* layers.1.neurons.w[1][4] */
  LOSS_LAYERS_1_NEURONS_B = 16 /* layers.1.neurons.b[1] */
};

#ifdef __cplusplus
extern "C"
#endif
int loss_value_and_grad(const LOSS_REAL *parameters, const LOSS_REAL *points,
                        const LOSS_REAL *labels, LOSS_REAL *value, LOSS_REAL *gradients,
                        LOSS_REAL *work);

#endif

#ifdef LOSS_IMPLEMENTATION
#ifdef __cplusplus
#error compile the file that defines LOSS_IMPLEMENTATION as C
#endif
#include <math.h>

static const uint8_t loss_table_0[] = {0,2,3,5,6,8,9,11};
static const uint8_t loss_table_1[] = {0,8,2,9,4,10,6,11};
static const uint8_t loss_table_2[] = {2,1,2,1,2,1,2,6};
static const uint8_t loss_table_3[] = {0,2,4,6,8,9,10,11};
static const uint8_t loss_table_4[] = {0,3,6,9,2,5,8,11};
static const uint8_t loss_table_5[] = {2,2,2,2,1,1,1,6};

static LOSS_REAL loss_maximum(LOSS_REAL x, LOSS_REAL y)
{
  return x > y || x != x ? x : y;
}

/* out = a @ b, or out += a @ b if add is set: `rows` x n numbers times n x `columns`. Each factor
   and the result is given by a pointer, and by its steps down and along. */
static void loss_product(int32_t rows, int32_t columns, int32_t n, const LOSS_REAL *a, int32_t a_down,
                      int32_t a_along, const LOSS_REAL *b, int32_t b_down, int32_t b_along, LOSS_REAL *out,
                      int32_t down, int32_t along, int add)
{
  for (int32_t j = 0; j < columns; j += 8) {
    const int32_t wide = columns - j < 8 ? columns - j : 8;
    for (int32_t first = 0; first < n; first += 16) { /* of b, 16 rows of 8 columns */
      const int32_t deep = n - first < 16 ? n - first : 16;
      LOSS_REAL panel[16][8] = {{0}};
      for (int32_t k = 0; k < deep; k++)
        for (int32_t t = 0; t < wide; t++)
          panel[k][t] = b[(first + k) * b_down + (j + t) * b_along];
      for (int32_t i = 0, tall; i < rows; i += tall) { /* of a, 4 rows, or 1 of the last ones */
        const LOSS_REAL *x = a + i * a_down + first * a_along;
        LOSS_REAL sums[4][8] = {{0}};
        tall = rows - i < 4 ? 1 : 4;
        if (tall == 4)
          for (int32_t k = 0; k < deep; k++)
            for (int32_t t = 0; t < 8; t++) {
              sums[0][t] += x[k * a_along] * panel[k][t];
              sums[1][t] += x[k * a_along + a_down] * panel[k][t];
              sums[2][t] += x[k * a_along + 2 * a_down] * panel[k][t];
              sums[3][t] += x[k * a_along + 3 * a_down] * panel[k][t];
            }
        else
          for (int32_t k = 0; k < deep; k++)
            for (int32_t t = 0; t < 8; t++) sums[0][t] += x[k * a_along] * panel[k][t];
        for (int32_t r = 0; r < tall; r++)
          for (int32_t t = 0; t < wide; t++) {
            LOSS_REAL *to = out + (i + r) * down + (j + t) * along;
            *to = (add || first ? *to : 0) + sums[r][t];
          }
      }
    }
  }
}

/* 1 if all of n numbers are finite. */
static int loss_finite(const LOSS_REAL *x, int32_t n)
{
  int finite = 1;
  for (int32_t i = 0; i < n; i++) finite &= x[i] - x[i] == 0;
  return finite;
}

static int loss_forward(const LOSS_REAL *restrict parameters, const LOSS_REAL *restrict points,
                        const LOSS_REAL *restrict labels, LOSS_REAL *restrict value,
                        LOSS_REAL *restrict work)
{
  LOSS_REAL *const p0 = work;
  const LOSS_REAL *const layers_0_neurons_w = parameters;
  LOSS_REAL *const z1 = work + 34;
  LOSS_REAL *const p1 = work + 2;
  LOSS_REAL *const a1 = work + 46;
  LOSS_REAL *const layers_1_neurons_w_2 = work + 12;
  LOSS_REAL *const z3 = work + 58;
  LOSS_REAL *const layers_1_neurons_b_2 = work + 16;
  LOSS_REAL *const z5 = work + 58;
  LOSS_REAL *const a2 = work + 17;
  LOSS_REAL *const z2 = work + 20;
  int finite = 1;
  for (int32_t row = 0; row < 8; row++) {
    for (int32_t i = 0; i < loss_table_2[row]; i++) p0[loss_table_0[row] + i] = layers_0_neurons_w[loss_table_1[row] + i];
  }
  /* z1[3, 4] = points[3, 2] @ p0[2, 4] */
  loss_product(3, 4, 2, &points[0], 2, 1, &p0[0], 1, 3, &z1[0], 4, 1, 0);
  for (int32_t i = 0; i < 3; i++) {
    for (int32_t j = 0; j < 4; j++) {
      const LOSS_REAL x1 = z1[4 * i + j];
      const LOSS_REAL x2 = x1 + p1[3 * j];
      z1[4 * i + j] = x2;
      a1[4 * i + j] = loss_maximum(x2, 0);
    }
  }
  /* z3[1, 3] = layers_1_neurons_w_2[1, 4] @ a1[4, 3] */
  loss_product(1, 3, 4, &layers_1_neurons_w_2[0], 0, 1, &a1[0], 1, 4, &z3[0], 0, 1, 0);
  {
    const LOSS_REAL x1 = layers_1_neurons_b_2[0];
    for (int32_t i = 0; i < 3; i++) {
      const LOSS_REAL x2 = z3[i];
      const LOSS_REAL x3 = 1 - labels[i] * (x2 + x1);
      z5[i] = x3;
      a2[i] = loss_maximum(x3, 0);
    }
  }
  {
    LOSS_REAL s2 = 0;
    for (int32_t i = 0; i < 17; i++) {
      const LOSS_REAL x1 = p0[i];
      s2 += x1 * x1;
    }
    z2[0] = s2;
  }
  {
    const LOSS_REAL x1 = (LOSS_REAL)0.3333333333333333;
    value[0] = a2[0] * x1 + (a2[1] * x1 + (a2[2] * x1 + z2[0] * (LOSS_REAL)0.0001));
  }
  finite &= loss_finite(&value[0], 1);
  return finite;
}

static int loss_backward(const LOSS_REAL *restrict points, const LOSS_REAL *restrict labels,
                         LOSS_REAL *restrict gradients, LOSS_REAL *restrict work)
{
  LOSS_REAL *const dz2 = work + 61;
  LOSS_REAL *const p0 = work;
  LOSS_REAL *const dp0 = work + 17;
  LOSS_REAL *const z5 = work + 58;
  LOSS_REAL *const dz3 = work + 58;
  LOSS_REAL *const a1 = work + 46;
  LOSS_REAL *const dlayers_1_neurons_w_2 = work + 29;
  LOSS_REAL *const dlayers_1_neurons_b_2 = work + 33;
  LOSS_REAL *const layers_1_neurons_w_2 = work + 12;
  LOSS_REAL *const z1 = work + 34;
  LOSS_REAL *const dz1 = work + 34;
  LOSS_REAL *const dp1 = work + 19;
  LOSS_REAL *const dlayers_0_neurons_w = gradients;
  int finite = 1;
  dz2[0] = (LOSS_REAL)1.0 * (LOSS_REAL)0.0001;
  {
    const LOSS_REAL x1 = dz2[0];
    for (int32_t i = 0; i < 17; i++) {
      dp0[i] = x1 * (2 * p0[i]);
    }
  }
  {
    const LOSS_REAL x1 = (LOSS_REAL)1.0;
    const LOSS_REAL x2 = (LOSS_REAL)0.3333333333333333;
    for (int32_t i = 0; i < 3; i++) {
      const LOSS_REAL x3 = -(x1 * x2 * (z5[i] <= 0 ? (LOSS_REAL)0.0 : 1)) * labels[i];
      dz3[i] = x3;
    }
  }
  /* dlayers_1_neurons_w_2[1, 4] += dz3[1, 3] @ a1[3, 4] */
  loss_product(1, 4, 3, &dz3[0], 0, 1, &a1[0], 4, 1, &dlayers_1_neurons_w_2[0], 0, 1, 1);
  dlayers_1_neurons_b_2[0] += dz3[0] + (dz3[1] + dz3[2]);
  for (int32_t i = 0; i < 3; i++) {
    const LOSS_REAL x1 = dz3[i];
    for (int32_t j = 0; j < 4; j++) {
      const LOSS_REAL x2 = x1 * layers_1_neurons_w_2[j] * (z1[4 * i + j] <= 0 ? (LOSS_REAL)0.0 : 1);
      dz1[4 * i + j] = x2;
    }
  }
  /* dp0[2, 4] += points[2, 3] @ dz1[3, 4] */
  loss_product(2, 4, 3, &points[0], 1, 2, &dz1[0], 4, 1, &dp0[0], 1, 3, 1);
  for (int32_t i = 0; i < 4; i++) {
    dp1[3 * i] += dz1[i] + (dz1[4 + i] + dz1[8 + i]);
  }
  for (int32_t row = 0; row < 8; row++) {
    for (int32_t i = 0; i < loss_table_5[row]; i++) dlayers_0_neurons_w[loss_table_3[row] + i] = dp0[loss_table_4[row] + i];
  }
  finite &= loss_finite(&dlayers_0_neurons_w[0], 17);
  return finite;
}

int loss_value_and_grad(const LOSS_REAL *parameters, const LOSS_REAL *points,
                        const LOSS_REAL *labels, LOSS_REAL *value, LOSS_REAL *gradients,
                        LOSS_REAL *work)
{
  int finite = 1;
  finite &= loss_forward(parameters, points, labels, value, work);
  if (gradients) {
    finite &= loss_backward(points, labels, gradients, work);
  }
  return finite ? 0 : 1;
}

#endif /* LOSS_IMPLEMENTATION */
