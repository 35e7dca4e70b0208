/* The store alone: messages of the Packetbeat pack are put as fast as they are taken, synced each
 * 500, and go on into files of indices. Usage: store CORES [MESSAGES] */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/log.h"
#include "lib/messages.h"
#include "os/clock.h"
#include "store/state.h"
#include "store/store.h"

#define KINDS       32768 /* different messages; each has its time and number again */
#define GROUP       500
#define LINES_BYTES ((size_t)160 << 20)
#define FOLDER      "build/bench/store"
#define NOW_MS      INT64_C(1789948800000)

static struct slice line[KINDS];
static struct why why;

static void must(err e)
{
    if (!e)
        return;
    fprintf(stderr, "%s\n", why.text);
    exit(1);
}

static double cpu_s(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static double wall_s(void)
{
    return (double)clock_mono_ns() / 1e9;
}

/* Of /proc/self/status, in MB. */
static double memory_mb(const char *key)
{
    char text[256];
    double kb = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(text, sizeof text, f))
        if (strncmp(text, key, strlen(key)) == 0)
            kb = strtod(text + strlen(key) + 1, NULL);
    if (f)
        fclose(f);
    return kb / 1024;
}

static double make_lines(void)
{
    struct buf b = buf_of(xmalloc(LINES_BYTES), LINES_BYTES);
    struct messages m = {
        .n = KINDS, .seed = 1, .from_ms = NOW_MS, .span_ms = 3600000, .stream = STATE_DEFAULT_STREAM
    };
    for (unsigned i = 0; i < KINDS; i++) {
        size_t start = b.n;
        BUG_ON(!messages_make(&m, i, &b));
        line[i] = buf_since(&b, start);
    }
    return (double)b.n / KINDS;
}

static void stay_on(int cores)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int i = 0; i < cores; i++)
        CPU_SET(i, &set);
    BUG_ON(sched_setaffinity(0, sizeof set, &set) != 0);
}

static void put_all(struct store *s, unsigned n)
{
    struct slice stream = SLICE(STATE_DEFAULT_STREAM);
    for (unsigned i = 0; i < n; i++) {
        struct store_line l = { line[i % KINDS], &stream, 1, NOW_MS + i / 100, NOW_MS };
        must(store_put(s, &l, &why));
        if (i % GROUP == GROUP - 1) {
            must(store_sync(s, &why));
            store_tick(s, NOW_MS);
        }
    }
    must(store_sync(s, &why));
}

static double bytes_of_files(void)
{
    char text[64] = "";
    FILE *f = popen("cat " FOLDER "/indices/*.duckdb* | wc -c", "r");
    if (!f || !fgets(text, sizeof text, f))
        text[0] = '\0';
    if (f)
        pclose(f);
    return strtod(text, NULL);
}

static void goal(const char *name, double v, double wanted, const char *unit)
{
    bool more = strcmp(unit, "messages/s") == 0;
    printf("bench %s %.0f %s goal %.0f %s\n", name, v, unit, wanted,
           (more ? v >= wanted : v <= wanted) ? "ok" : "short");
}

int main(int argc, char **argv)
{
    static const char *const libraries[] = { "build/duckdb/libduckdb.so", NULL };
    int cores = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 2;
    unsigned n = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 400000;
    struct store *s;
    struct store_conf conf = {
        .data = FOLDER, .libraries = libraries, .threads = (unsigned)cores, .now_ms = NOW_MS
    };
    if (access(libraries[0], R_OK)) {
        printf("store: no DuckDB here (tools/fetch-duckdb)\n");
        return 0;
    }
    log_set_level(LOG_WARN);
    stay_on(cores);
    double size = make_lines();
    BUG_ON(system("rm -rf " FOLDER "; mkdir -p " FOLDER) != 0);
    double before_mb = memory_mb("VmRSS:");
    must(store_open(&s, &conf, &why));
    double cpu = cpu_s(), wall = wall_s();
    put_all(s, n);
    double durable = wall_s() - wall, durable_cpu = cpu_s() - cpu;
    BUG_ON(!store_show(s));
    double seen = wall_s() - wall;
    BUG_ON(!store_settle(s));
    double sealed = wall_s() - wall, all_cpu = cpu_s() - cpu, peak = memory_mb("VmHWM:");
    store_close(s);
    printf("store, %d core%s: %u messages of %.0f bytes\n", cores, cores > 1 ? "s" : "", n, size);
    printf("  durable after %.1f s (%.0f/s), seen after %.1f s, in files after %.1f s (%.0f/s)\n",
           durable, n / durable, seen, sealed, n / sealed);
    printf("  %.1f us CPU a message, %.1f of them until all were durable\n", all_cpu * 1e6 / n,
           durable_cpu * 1e6 / n);
    goal("store_rate", n / sealed, 20000, "messages/s");
    goal("store_bytes", bytes_of_files() / n, 250, "bytes");
    goal("store_peak", peak - before_mb, 600, "MB");
    return 0;
}
