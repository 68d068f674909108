"""Whether a second thread would pay within a step: a product of a batch, by halves of its rows.

    python benchmarks/threads.py
    python benchmarks/threads.py --quick  # few rounds, to see that it runs

The second thread waits for work either asleep, until a condition is signalled, or in a loop that
looks for it all the time. Times are those of a clock, alternating with one thread: the least tells
what two idle cores can do, the median what this machine did.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path

from machine import machine

SOURCE = r"""
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROWS = 1024, INNER = 100, COLUMNS = 48, LANES = 8 };
double a[ROWS * INNER], b[INNER * COLUMNS], c[ROWS * COLUMNS]; // not static: c is not read
static int n, asleep, seen;
static atomic_int given, done;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work = PTHREAD_COND_INITIALIZER, end = PTHREAD_COND_INITIALIZER;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e6 * t.tv_sec + 1e-3 * t.tv_nsec;
}

__attribute__((noinline)) static void product(int first, int last) {
    for (int i = first; i < last; i++)
        for (int j = 0; j < COLUMNS; j += 2 * LANES) {
            double sum[2 * LANES] = {0};
            for (int k = 0; k < INNER; k++)
                for (int l = 0; l < 2 * LANES; l++)
                    sum[l] += a[i * INNER + k] * b[k * COLUMNS + j + l];
            for (int l = 0; l < 2 * LANES; l++) c[i * COLUMNS + j + l] = sum[l];
        }
}

static void tell(atomic_int *what, pthread_cond_t *whom, int number) {
    if (asleep) pthread_mutex_lock(&lock);
    atomic_store(what, number);
    if (asleep) pthread_cond_signal(whom), pthread_mutex_unlock(&lock);
}

static void until(atomic_int *what, pthread_cond_t *told, int number) {
    if (asleep) pthread_mutex_lock(&lock);
    while (atomic_load(what) != number)
        if (asleep) pthread_cond_wait(told, &lock);
    if (asleep) pthread_mutex_unlock(&lock);
}

static void *second(void *unused) {
    for (int round = 1;; round++) {
        until(&given, &work, round);
        product(n / 2, n);
        tell(&done, &end, round);
    }
    return unused;
}

static int less(const void *x, const void *y) {
    return (*(double *)x > *(double *)y) - (*(double *)x < *(double *)y);
}

int main(int count, char **given_to) {
    n = atoi(given_to[1]), asleep = atoi(given_to[2]);
    int rounds = atoi(given_to[3]);
    double *one = malloc(rounds * sizeof *one), *two = malloc(rounds * sizeof *two);
    pthread_t thread;
    if (pthread_create(&thread, 0, second, 0)) return 1;
    for (int round = 1; round <= rounds; round++) {
        double start = now(), middle;
        product(0, n);
        middle = now();
        tell(&given, &work, round);
        product(0, n / 2);
        until(&done, &end, round);
        one[round - 1] = middle - start, two[round - 1] = now() - middle;
    }
    qsort(one, rounds, sizeof *one, less);
    qsort(two, rounds, sizeof *two, less);
    printf("%.1f %.1f %.1f %.1f\n", one[0], one[rounds / 2], two[0], two[rounds / 2]);
    return 0;
}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few rounds: the numbers say little")
    rounds = "20" if parser.parse_args().quick else "2000"
    print(", ".join(machine().values()))
    print("\n| rows x 100 x 48 | the second waits | one thread | two threads, us: least, median |")
    print("|--:|---|--:|--:|")
    with tempfile.TemporaryDirectory() as folder:
        source, program = Path(folder, "threads.c"), Path(folder, "threads")
        source.write_text(SOURCE)
        flags = ["-std=gnu11", "-O3", "-march=native", "-pthread"]
        subprocess.run(["cc", *flags, "-o", program, source], check=True)
        for n in ("2", "64", "256", "1024"):
            for asleep, how in ("1", "asleep"), ("0", "in a loop"):
                ran = subprocess.run(
                    [program, n, asleep, rounds], check=True, capture_output=True, text=True
                )
                one, usual, two, usual_two = ran.stdout.split()
                print(f"| {n} | {how} | {one}, {usual} | {two}, {usual_two} |")


if __name__ == "__main__":
    main()
