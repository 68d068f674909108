/* Trains the GPT of tiny.py, and makes up names. All its memory is one static struct.

   It reads the parameters, then names, one a line, and trains on one name after the other. It
   prints the bytes of its memory, part by part, the loss of every step, and names of its own. On a
   microcontroller what it reads might come from a serial line, or be drawn there. */

#define GPT_REAL float
#define GPT_IMPLEMENTATION
#include "gpt.h"

#include <stdio.h>

enum { LETTERS = 27, PLACES = 16, NAMES = 20 }; /* letter 0 begins and ends a name */

static struct {
  float parameters[GPT_PARAMETERS];
  float state[GPT_STATE]; /* the moments of Adam, the number of steps, the rate */
  float work[GPT_WORK / sizeof(float)]; /* activations, and gradients */
  int32_t letters[PLACES + 1];
  float results[1 + LETTERS]; /* the loss, and the scores of what comes last */
  uint32_t random;
} m;

/* A step on letters up to a last one: at the rate 0 it looks at them, and changes no parameter. */
static int step(int last, float rate)
{
  for (int i = last + 1; i <= PLACES; i++) m.letters[i] = 0;
  m.state[GPT_OPTIMIZER_LR] = rate;
  return gpt_step(m.parameters, m.state, m.letters, m.letters + 1, last, m.results, m.work);
}

/* A number from 0 to 1: Marsaglia's xorshift. */
static float drawn(void)
{
  m.random ^= m.random << 13;
  m.random ^= m.random >> 17;
  m.random ^= m.random << 5;
  return (float)(m.random >> 8) / 16777216;
}

/* A letter, by the scores; the colder, the likelier. */
static int letter(float temperature)
{
  const float *scores = &m.results[1];
  float largest = scores[0], left = 0;
  for (int i = 1; i < LETTERS; i++) largest = fmaxf(largest, scores[i]);
  for (int i = 0; i < LETTERS; i++) left += expf((scores[i] - largest) / temperature);
  left *= drawn();
  for (int i = 0; i < LETTERS - 1; i++) {
    left -= expf((scores[i] - largest) / temperature);
    if (left < 0) return i;
  }
  return LETTERS - 1;
}

/* Read a name; its length, or -1 if there is none. */
static int name(void)
{
  for (int n = 0;;) {
    const int c = getchar();
    if (c >= 'a' && c <= 'z' && n < PLACES - 1) m.letters[++n] = c - 'a' + 1;
    else return n ? n : -1;
  }
}

int main(int count, char **arguments)
{
  int steps = 0;
  if (count != 2 || sscanf(arguments[1], "%d", &steps) != 1) return 2;
  if (fread(m.parameters, sizeof m.parameters, 1, stdin) != 1) return 2;
  printf("%zu %zu %zu %zu\n", sizeof m.parameters, sizeof m.state, sizeof m.work,
         sizeof m.letters + sizeof m.results + sizeof m.random);
  for (int i = 0; i < steps; i++) {
    const int length = name();
    if (length < 0 || step(length, 0.01f * (1 - (float)i / (float)steps)) != 0) return 1;
    printf("%.9g\n", m.results[0]);
  }
  m.random = 1;
  for (int made = 0; made < NAMES; made++) {
    printf("\n");
    for (int n = 0; n < PLACES - 1; n++) {
      if (step(n, 0) != 0) return 1;
      const int next = letter(0.5f);
      if (next == 0) break;
      m.letters[n + 1] = next;
      printf("%c", 'a' + next - 1);
    }
  }
  printf("\n");
  return 0;
}
