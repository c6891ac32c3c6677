// SPDX-License-Identifier: GPL-2.0-or-later
#include "bench.h"

#include <math.h>
#include <stdlib.h>

#include "util.h"

// What is left outside on each side of the interval.
#define TAIL 0.025

BenchRow *bench_row_new(const char *name, const char *title, const char *machine)
{
    BenchRow *row = g_new0(BenchRow, 1);

    row->name = g_strdup(name);
    row->title = g_strdup(title);
    row->machine = g_strdup(machine);
    row->before = g_array_new(FALSE, FALSE, sizeof(double));
    row->after = g_array_new(FALSE, FALSE, sizeof(double));
    return row;
}

void bench_row_free(gpointer data)
{
    BenchRow *row = data;

    g_free(row->name);
    g_free(row->title);
    g_free(row->machine);
    g_array_unref(row->before);
    g_array_unref(row->after);
    g_free(row);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double *sorted(const double *values, guint count)
{
    double *copy = g_memdup2(values, count * sizeof(*values));

    qsort(copy, count, sizeof(*copy), by_size);
    return copy;
}

double bench_median(const double *values, guint count)
{
    g_autofree double *v = sorted(values, count);

    return (v[(count - 1) / 2] + v[count / 2]) / 2;
}

guint bench_rank(guint count)
{
    double term =
        ldexp(1, -(int)count); // the probability that exactly k of them lie below the median
    double sum = 0;
    guint k = 0;

    while (k < count && sum + term <= TAIL) {
        sum += term;
        term *= (double)(count - k) / (k + 1);
        k++;
    }
    return k;
}

static BenchVerdict judge(double low, double high)
{
    if (low >= BENCH_SPEED_MIN) {
        return BENCH_OK;
    }
    return high < BENCH_SPEED_MIN ? BENCH_SLOWER : BENCH_INCONCLUSIVE;
}

BenchSpeed bench_compare(const double *before, const double *after, guint count)
{
    g_autofree double *ratios = g_new(double, count);
    guint rank = bench_rank(count);

    g_assert(rank > 0);
    for (guint i = 0; i < count; i++) {
        ratios[i] = before[i] / after[i];
    }
    g_autofree double *v = sorted(ratios, count);

    return (BenchSpeed){
        .median = bench_median(v, count),
        .low = v[rank - 1],
        .high = v[count - rank],
        .verdict = judge(v[rank - 1], v[count - rank]),
    };
}

void bench_row_judge(BenchRow *row)
{
    g_assert(row->before->len == row->after->len);
    row->speed = bench_compare((const double *)row->before->data, (const double *)row->after->data,
                               row->before->len);
}

const char *bench_verdict_name(BenchVerdict verdict)
{
    static const char *const names[] = {"ok", "inconclusive", "slower"};

    return names[verdict];
}

int bench_exit(GPtrArray *rows)
{
    BenchVerdict worst = BENCH_OK;

    for (guint i = 0; i < rows->len; i++) {
        worst = MAX(worst, ((const BenchRow *)rows->pdata[i])->speed.verdict);
    }
    return worst == BENCH_SLOWER ? AVC_BROKEN : worst == BENCH_INCONCLUSIVE ? AVC_TROUBLE : AVC_OK;
}
