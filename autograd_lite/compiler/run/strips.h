/* Loops whose statements run strip by strip: their numbers stay in the first cache.

   The loops, outermost first, are taken as rows of columns; the columns are the innermost loop. A strip
   is a few whole rows, or a part of one row, whose numbers stand one after the other. Each step is an
   operation on a strip. What does not lie in a row in memory is loaded to a room of the size of a strip
   before, and stored after; sums and maxima are taken as the strips go by. */

typedef struct {
    int64_t i, j, k, column; /* where the strip begins */
    int64_t rows, columns;
} strip_t;

/* For each row of a strip: `place`, bytes from the first number of an array to that of the row. */
#define EACH_ROW(statement) \
    do { \
        int64_t i = strip->i, j = strip->j, k = strip->k; \
        for (int64_t r = 0; r < strip->rows; r++) { \
            int64_t place = i * by[0] + j * by[1] + k * by[2] + strip->column * by[3]; \
            statement; \
            if (++k == size[2]) { \
                k = 0; \
                if (++j == size[1]) \
                    j = 0, i++; \
            } \
        } \
    } while (0)

INLINE void copy(int64_t n, double *write, const double *read)
{
    int64_t c = 0;
    for (; c + 4 <= n; c += 4)
        *(four *)(write + c) = *(const four *)(read + c);
    for (; c < n; c++)
        write[c] = read[c];
}

INLINE void load(
    const strip_t *strip, const int64_t *size, double *room, const char *from, const int64_t *by)
{
    int64_t n = strip->columns, step = by[3] / 8;
    EACH_ROW({
        const double *read = (const double *)(from + place);
        double *write = room + r * n;
        if (step == 1)
            copy(n, write, read);
        else if (step == -1)
            for (int64_t c = 0; c < n; c++)
                write[c] = read[-c];
        else if (step == 0) {
            double number = *read;
            four several = number - (four) {0};
            int64_t c = 0;
            for (; c + 4 <= n; c += 4)
                *(four *)(write + c) = several;
            for (; c < n; c++)
                write[c] = number;
        } else
            for (int64_t c = 0; c < n; c++)
                write[c] = read[c * step];
    });
}

INLINE void store(
    const strip_t *strip, const int64_t *size, char *to, const int64_t *by, const double *room)
{
    int64_t n = strip->columns, step = by[3] / 8;
    EACH_ROW({
        double *write = (double *)(to + place);
        const double *read = room + r * n;
        if (step == 1)
            copy(n, write, read);
        else if (step == -1)
            NO_DEPENDENCE for (int64_t c = 0; c < n; c++) write[-c] = read[c];
        else
            NO_DEPENDENCE for (int64_t c = 0; c < n; c++) write[c * step] = read[c];
    });
}

/* Adds rows to a row, up to four columns at once. */
INLINE void add_rows(int64_t rows, int64_t n, double *sum, const double *read)
{
    int64_t c = 0;
    for (; c + 4 <= n; c += 4) {
        four parts[4] = {{0}};
        int64_t r = 0;
        for (; r + 4 <= rows; r += 4)
            for (int p = 0; p < 4; p++)
                parts[p] += *(const four *)(read + (r + p) * n + c);
        for (; r < rows; r++)
            parts[0] += *(const four *)(read + r * n + c);
        *(four *)(sum + c) += (parts[0] + parts[1]) + (parts[2] + parts[3]);
    }
    for (; c < n; c++)
        for (int64_t r = 0; r < rows; r++)
            sum[c] += read[r * n + c];
}

/* Adds the numbers of a strip to those that they belong to; a loop in which these do not move is one
   that is summed. */
INLINE void add_up(
    const strip_t *strip, const int64_t *size, char *to, const int64_t *by, const double *room)
{
    int64_t n = strip->columns, step = by[3] / 8;
    if (by[0] == 0 && by[1] == 0 && by[2] == 0 && (step == 0 || step == 1)) {
        double *sum = (double *)to + step * strip->column;
        if (step == 0)
            *sum += total(strip->rows * n, room, 1);
        else
            add_rows(strip->rows, n, sum, room);
        return;
    }
    EACH_ROW({
        double *sum = (double *)(to + place);
        const double *read = room + r * n;
        if (step == 0)
            *sum += total(n, read, 1);
        else if (step == 1)
            NO_DEPENDENCE for (int64_t c = 0; c < n; c++) sum[c] += read[c];
        else
            NO_DEPENDENCE for (int64_t c = 0; c < n; c++) sum[c * step] += read[c];
    });
}

/* As `add_up`, the sum of a[i] b[i]; no sum moves in the innermost loop. */
INLINE void add_up_products(
    const strip_t *strip, const int64_t *size, char *to, const int64_t *by, const double *a,
    const double *b)
{
    int64_t n = strip->columns;
    if (by[0] == 0 && by[1] == 0 && by[2] == 0) {
        *(double *)to += dot(strip->rows * n, a, 1, b, 1);
        return;
    }
    EACH_ROW(*(double *)(to + place) += dot(n, a + r * n, 1, b + r * n, 1));
}

INLINE void find_largest(
    const strip_t *strip, const int64_t *size, char *to, const int64_t *by, const double *room)
{
    int64_t n = strip->columns, step = by[3] / 8;
    EACH_ROW({
        double *found = (double *)(to + place);
        const double *read = room + r * n;
        if (step == 0)
            *found = larger(*found, largest(n, read, 1));
        else
            NO_DEPENDENCE for (int64_t c = 0; c < n; c++)
                found[c * step] = larger(found[c * step], read[c]);
    });
}

/* Sets a sum, or a maximum, to what it is before the first number. */
INLINE void begin(const int64_t *size, char *to, const int64_t *by, double number)
{
    int64_t n[4];
    for (int loop = 0; loop < 4; loop++)
        n[loop] = by[loop] ? size[loop] : 1;
    for (int64_t i = 0; i < n[0]; i++)
        for (int64_t j = 0; j < n[1]; j++)
            for (int64_t k = 0; k < n[2]; k++)
                for (int64_t c = 0; c < n[3]; c++)
                    *(double *)(to + i * by[0] + j * by[1] + k * by[2] + c * by[3]) = number;
}

/* Writes a row of sums or maxima that was taken in a room, or adds it to what is there. */
INLINE void finish(int64_t n, char *to, int64_t step, const double *room, int is_added)
{
    for (int64_t c = 0; c < n; c++) {
        double *out = (double *)(to + c * step);
        *out = is_added ? *out + room[c] : room[c];
    }
}

/* One step on one strip, which begins `before` numbers after the first. */
INLINE void run_step(
    const step_t *it, const strip_t *strip, const int64_t *size, int64_t before, int64_t turn)
{
    char *at[4];
    for (int i = 0; i < 4; i++)
        at[i] = it->at[i] + before * it->advance[i] + turn * it->move[i];
    double *out = (double *)at[0];
    const double *a = (const double *)at[1], *b = (const double *)at[2], *c = (const double *)at[3];
    int64_t function = it->function;
    switch (function) {
    case LOAD:
        if (!it->flag || before == 0)
            load(strip, size, out, at[1], it->stride);
        break;
    case STORE:
        store(strip, size, at[0], it->stride, a);
        break;
    case TOTAL:
        add_up(strip, size, at[0], it->stride, a);
        break;
    case PRODUCT:
        add_up_products(strip, size, at[0], it->stride, a, b);
        break;
    case LARGEST:
        find_largest(strip, size, at[0], it->stride, a);
        break;
    case WHERE:
    case MULTIPLY_ADD:
    case MULTIPLY_SUBTRACT:
    case SUBTRACT_PRODUCT:
        row_of_three(function, strip->rows * strip->columns, out, a, b, it->step[2], c, it->step[3]);
        break;
    default:
        row(function, strip->rows * strip->columns, at[0], it->step[0], at[1], it->step[1], at[2],
            it->step[2]);
    }
}

INLINE void run_strips(const call_t *header, int64_t turn)
{
    const strips_t *loop = (const strips_t *)header;
    const step_t *first = (const step_t *)(header + 1), *end = first + loop->steps;
    const int64_t *size = loop->size;
    for (const step_t *it = first; it < end; it++)
        if (!it->flag && (it->function == TOTAL || it->function == PRODUCT || it->function == LARGEST))
            begin(size, it->at[0] + turn * it->move[0], it->stride,
                  it->function == LARGEST ? -INFINITY : 0.0);
    const step_t *last = end; /* those that come after the strips */
    while (last > first && last[-1].function == FINISH)
        last--;
    int64_t rows = size[0] * size[1] * size[2];
    strip_t strip = {0};
    for (int64_t row = 0; row < rows; row += loop->rows) {
        strip.rows = rows - row < loop->rows ? rows - row : loop->rows;
        strip.i = row / (size[1] * size[2]);
        strip.j = row / size[2] % size[1];
        strip.k = row % size[2];
        for (strip.column = 0; strip.column < size[3]; strip.column += loop->columns) {
            int64_t left = size[3] - strip.column;
            strip.columns = left < loop->columns ? left : loop->columns;
            for (const step_t *it = first; it < last; it++)
                run_step(it, &strip, size, row * size[3] + strip.column, turn);
        }
    }
    for (const step_t *it = last; it < end; it++)
        finish(size[3], it->at[0] + turn * it->move[0], it->stride[3], (const double *)it->at[1], (int)it->flag);
}
