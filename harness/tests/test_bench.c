// SPDX-License-Identifier: GPL-2.0-or-later
// Medians of pairs, their intervals, and what is made of them. The numbers were worked out by hand.
#include <string.h>

#include "../bench.h"
#include "../util.h"

static void test_median(void)
{
    const double odd[] = {9, 1, 5};
    const double even[] = {8, 1, 2, 4};
    const double one[] = {7};

    g_assert_cmpfloat(bench_median(odd, 3), ==, 5);
    g_assert_cmpfloat(bench_median(even, 4), ==, 3);
    g_assert_cmpfloat(bench_median(one, 1), ==, 7);
    g_assert_cmpfloat(odd[0], ==, 9); // they stay in their order
}

// For 15: 1 + 15 + 105 + 455 = 576 of 32768 is 1.76 %, with 1365 more it would be 5.9 %. For 6: 1
// of 64 is 1.56 %, with 6 more 10.9 %; for 5: 1 of 32 is 3.1 %.
static void test_rank(void)
{
    const guint want[][2] = {{1, 0},  {5, 0},  {6, 1},  {8, 1},   {9, 2},   {15, 4},
                             {16, 4}, {20, 6}, {25, 8}, {30, 10}, {100, 40}};

    for (gsize i = 0; i < G_N_ELEMENTS(want); i++) {
        g_assert_cmpuint(bench_rank(want[i][0]), ==, want[i][1]);
    }
    g_assert_cmpuint(bench_rank(BENCH_PAIRS_MIN), >, 0);
    g_assert_cmpuint(bench_rank(BENCH_PAIRS_MIN - 1), ==, 0);
    g_assert_cmpuint(bench_rank(BENCH_PAIRS_MAX), >, 200);
}

// 15 pairs whose speeds are 0.91, 0.92 ... 1.05, in no order. The 4th of each side are 0.94 and
// 1.02, the median is the 8th, 0.98.
static void test_interval(void)
{
    const double hundredths[] = {98, 105, 91, 97, 99, 104, 92, 96, 100, 103, 93, 95, 101, 102, 94};
    double before[15], after[15];

    for (guint i = 0; i < 15; i++) {
        after[i] = 10.0 * (i + 1); // of pairs, not of the medians of either side
        before[i] = after[i] * hundredths[i] / 100;
    }
    BenchSpeed s = bench_compare(before, after, 15);
    g_assert_cmpfloat_with_epsilon(s.median, 0.98, 1e-9);
    g_assert_cmpfloat_with_epsilon(s.low, 0.94, 1e-9);
    g_assert_cmpfloat_with_epsilon(s.high, 1.02, 1e-9);
    g_assert_cmpint(s.verdict, ==, BENCH_INCONCLUSIVE);
}

static BenchVerdict verdict_of(const double speeds[6])
{
    const double ones[6] = {1, 1, 1, 1, 1, 1};

    return bench_compare(speeds, ones, 6).verdict;
}

// With 6 pairs the interval goes from the least to the greatest.
static void test_verdict(void)
{
    g_assert_cmpint(verdict_of((double[]){0.95, 1, 1, 1, 1, 1}), ==, BENCH_OK);
    g_assert_cmpint(verdict_of((double[]){1, 1, 1, 1, 1, 0.9499}), ==, BENCH_INCONCLUSIVE);
    g_assert_cmpint(verdict_of((double[]){0.5, 0.5, 0.5, 0.5, 0.5, 0.95}), ==, BENCH_INCONCLUSIVE);
    g_assert_cmpint(verdict_of((double[]){0.5, 0.5, 0.5, 0.5, 0.5, 0.9499}), ==, BENCH_SLOWER);
}

static BenchRow *add(GPtrArray *rows, double before)
{
    BenchRow *row = bench_row_new("X", "x", "m");

    for (guint i = 0; i < 6; i++) {
        double one = 1;
        g_array_append_val(row->before, before);
        g_array_append_val(row->after, one);
    }
    bench_row_judge(row);
    g_ptr_array_add(rows, row);
    return row;
}

static void test_exit(void)
{
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(bench_row_free);

    add(rows, 1);
    g_assert_cmpint(bench_exit(rows), ==, AVC_OK);
    add(rows, 1)->speed.verdict = BENCH_INCONCLUSIVE;
    g_assert_cmpint(bench_exit(rows), ==, AVC_TROUBLE);
    add(rows, 0.9);
    g_assert_cmpint(bench_exit(rows), ==, AVC_BROKEN);
}

static void test_output(void)
{
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(bench_row_free);
    EmulatorInfo stock = {.path = (char *)"/stock", .kind = "stock"};
    EmulatorInfo patched = {.path = (char *)"/patched", .kind = "patched"};
    Bench bench = {
        .pairs = 6,
        .seed = 1,
        .duration_ms = 2000,
        .processors = 2,
        .load = {0.5, 1},
        .emulators = {&stock, &patched},
        .rows = rows,
    };

    add(rows, 0.5);
    add(rows, 1)->within = TRUE;
    g_autofree char *table = bench_table(&bench);
    g_assert_nonnull(
        strstr(table, "  X                    0.50        1.00   0.500  0.500 to 0.500  slower\n"));
    g_assert_nonnull(
        strstr(table, "  X                    1.00        1.00   1.000  1.000 to 1.000  ok\n"));
    g_assert_nonnull(
        strstr(table, "1 ok, 1 slower, 0 inconclusive; 6 pairs, 2 s; load 0.5 to 1.0 on 2"));
    g_assert_null(strstr(table, "Inconclusive"));
    g_autofree char *json = bench_json(&bench);
    g_assert_nonnull(strstr(json, "\"verdict\" : \"slower\""));
    g_assert_nonnull(strstr(json, "\"held_us\""));
    g_assert_nonnull(strstr(json, "\"exit\" : 1"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bench/median", test_median);
    g_test_add_func("/bench/rank", test_rank);
    g_test_add_func("/bench/interval", test_interval);
    g_test_add_func("/bench/verdict", test_verdict);
    g_test_add_func("/bench/exit", test_exit);
    g_test_add_func("/bench/output", test_output);
    return g_test_run();
}
