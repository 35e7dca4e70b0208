/* Golden captures: X.pcap gives exactly the events of X.ndjson, and the same capture told in other
 * ways gives the same events (see README.md). Usage: golden [--bless] CAPTURE... */
/* link: -Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=realloc */
#include <stdio.h>
#include <stdlib.h>

#include "base/bug.h"
#include "lib/invented.h"
#include "lib/recut.h"
#include "lib/replay.h"

#define SMALL_SEGMENTS ((size_t)40000)   /* segments that the re-cut capture may have at most */
#define SNAPLEN_BYTES  ((size_t)4000000) /* bytes that all cut copies may have together */
#define DAY_NS         ((int64_t)86400 * 1000000000)

struct golden_case {
    const char *name; /* path without .pcap */
    struct traffic traffic;
    struct replay_conf conf;
    struct lines want, plain; /* plain: of this run, as is */
    struct lines limits;
};

static unsigned passed, failed;

/* Calls of malloc in net, proto and pipe: the test's own code is left out. */
static bool inside, counting;
static unsigned long mallocs;

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);

void *__wrap_malloc(size_t n)
{
    mallocs += inside && counting;
    return __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n)
{
    mallocs += inside && counting;
    return __real_calloc(count, n);
}

void *__wrap_realloc(void *p, size_t n)
{
    mallocs += inside && counting;
    return __real_realloc(p, n);
}

static void watch(bool now_inside)
{
    inside = now_inside;
}

static void verdict(const struct golden_case *c, const char *way, bool good)
{
    if (good)
        passed++;
    else
        printf("FAILED: %s, %s\n", c->name, way);
    failed += !good;
}

static void path_of(char *out, size_t cap, const char *name, const char *end)
{
    snprintf(out, cap, "%.480s%s", name, end);
}

/* What depends on how often and in how many packets bytes were sent: left out of the comparison
 * where exactly that was changed. */
static void without_flows(struct lines *l)
{
    lines_drop(l, "\"type\":\"flow\"");
}

/* X.limits: a line `arena_bytes N`, and for each way that cannot hold `skip WAY: reason`. */
static const char *limit_text(const struct lines *limits, const char *key)
{
    for (size_t i = 0; i < limits->n; i++)
        if (strncmp(limits->v[i], key, strlen(key)) == 0)
            return limits->v[i] + strlen(key);
    return NULL;
}

static bool is_skipped(const struct golden_case *c, const char *way)
{
    char key[64];
    snprintf(key, sizeof key, "skip %s: ", way);
    return limit_text(&c->limits, key);
}

/* The frames must give the wanted lines, flows aside. */
static void same_events(const struct golden_case *c, const struct traffic *f,
                        const struct lines *want, const char *way)
{
    struct lines got = { 0 };
    replay_all(&c->conf, f, &got);
    without_flows(&got);
    verdict(c, way, is_skipped(c, way) || lines_equal(want, &got, way));
    lines_free(&got);
}

static void as_is(struct golden_case *c)
{
    replay_all(&c->conf, &c->traffic, &c->plain);
    verdict(c, "as is", lines_equal(&c->want, &c->plain, "as is"));
}

static void re_cut(const struct golden_case *c, const struct lines *want)
{
    struct traffic small = { 0 };
    size_t step = 1 + traffic_bytes(&c->traffic) / SMALL_SEGMENTS;
    recut_small(&small, &c->traffic, step);
    same_events(c, &small, want, "re-cut");
    traffic_free(&small);
}

static void out_of_order(const struct golden_case *c, const struct lines *want)
{
    struct traffic shuffled = { 0 }, flat = { 0 }, reversed = { 0 };
    recut_shuffle(&shuffled, &c->traffic);
    same_events(c, &shuffled, want, "shuffled");
    recut_reverse(&flat, &reversed, &c->traffic);
    struct lines flat_want = { 0 };
    replay_all(&c->conf, &flat, &flat_want);
    without_flows(&flat_want);
    same_events(c, &reversed, &flat_want, "reversed");
    lines_free(&flat_want);
    traffic_free(&shuffled);
    traffic_free(&flat);
    traffic_free(&reversed);
}

static size_t longest(const struct traffic *f)
{
    size_t n = 0;
    for (size_t i = 0; i < f->n; i++)
        n = f->v[i].n > n ? f->v[i].n : n;
    return n;
}

/* Every 16th byte; large captures at so many of these places that the time stays bearable. */
static void cut_short(const struct golden_case *c)
{
    size_t most = longest(&c->traffic);
    size_t runs = 1 + SNAPLEN_BYTES / (traffic_bytes(&c->traffic) + 1);
    size_t step = 16 * (1 + most / 16 / runs);
    struct invented *known = invented_new(&c->plain);
    bool good = true;
    for (size_t snaplen = 16; snaplen < most && good; snaplen += step) {
        struct traffic cut = { 0 };
        struct lines got = { 0 };
        recut_snaplen(&cut, &c->traffic, snaplen);
        replay_all(&c->conf, &cut, &got);
        good = !invented_any(known, &got);
        if (!good)
            printf("  cut at %zu bytes\n", snaplen);
        lines_free(&got);
        traffic_free(&cut);
    }
    invented_free(known);
    verdict(c, "cut short", good);
}

/* By a reader that shares out, and by each for itself. */
static void workers(const struct golden_case *c)
{
    static const unsigned numbers[] = { 2, 4 };
    struct lines one = { 0 };
    for (size_t i = 0; i < c->plain.n; i++)
        lines_add(&one, slice_cstr(c->plain.v[i]));
    lines_sort(&one);
    for (unsigned i = 0; i < COUNT(numbers); i++) {
        struct lines many = { 0 };
        replay_spread(&c->conf, &c->traffic, numbers[i], &many);
        lines_sort(&many);
        verdict(c, "workers", lines_equal(&one, &many, "workers"));
        lines_free(&many);
        replay_pick(&c->conf, &c->traffic, numbers[i], &many);
        lines_sort(&many);
        verdict(c, "picking workers", lines_equal(&one, &many, "picking workers"));
        lines_free(&many);
    }
    lines_free(&one);
}

static size_t arena_limit(const struct golden_case *c)
{
    const char *text = limit_text(&c->limits, "arena_bytes ");
    return text ? strtoul(text, NULL, 10) : 0;
}

/* The capture twice through one packet path: the second time nothing may be allocated. */
static size_t twice(const struct golden_case *c)
{
    struct replay *r = replay_new(&c->conf, REPLAY_BATCH_BYTES);
    r->watch = watch;
    mallocs = 0;
    for (int pass = 0; pass < 2; pass++) {
        counting = pass == 1;
        replay_feed(r, &c->traffic);
        replay_finish(r);
        r->shift_ns += (c->traffic.v[c->traffic.n - 1].ts_ns - c->traffic.v[0].ts_ns) + DAY_NS;
    }
    counting = false;
    size_t peak = r->arena_peak;
    replay_free(r);
    return peak;
}

static void budget(const struct golden_case *c)
{
    size_t peak = c->traffic.n ? twice(c) : 0, limit = arena_limit(c);
    if (mallocs)
        printf("  %lu mallocs once warm\n", mallocs);
    if (peak > limit)
        printf("  events took %zu bytes of their batch, %zu are allowed\n", peak, limit);
    verdict(c, "budget", mallocs == 0 && peak <= limit);
}

/* The arena's cap anew when it is too low, or far too high; the skips stay. */
static bool bless_limits(struct golden_case *c)
{
    char path[512], text[64];
    size_t peak = c->traffic.n ? twice(c) : 0, limit = arena_limit(c);
    if (limit_text(&c->limits, "arena_bytes ") && peak <= limit && limit <= 2 * peak + 1024)
        return true;
    lines_drop(&c->limits, "arena_bytes ");
    int n = snprintf(text, sizeof text, "arena_bytes %zu", (peak + peak / 4 + 1023) / 1024 * 1024);
    lines_add(&c->limits, slice_of(text, (size_t)n));
    path_of(path, sizeof path, c->name, ".limits");
    return lines_write(&c->limits, path);
}

static void bless(struct golden_case *c)
{
    char path[512];
    struct lines got = { 0 };
    replay_all(&c->conf, &c->traffic, &got);
    path_of(path, sizeof path, c->name, ".ndjson");
    bool good = lines_write(&got, path);
    verdict(c, "written", bless_limits(c) && good);
    lines_free(&got);
}

static void all_ways(struct golden_case *c)
{
    char path[512];
    path_of(path, sizeof path, c->name, ".ndjson");
    if (!lines_read(&c->want, path))
        printf("  %s is not there: make bless\n", path);
    as_is(c);
    struct lines events = { 0 };
    for (size_t i = 0; i < c->plain.n; i++)
        lines_add(&events, slice_cstr(c->plain.v[i]));
    without_flows(&events);
    re_cut(c, &events);
    out_of_order(c, &events);
    cut_short(c);
    workers(c);
    budget(c);
    lines_free(&events);
}

/* X.yml, else the folder's default.yml, else nothing but defaults. */
static void load_conf(struct golden_case *c)
{
    char path[512];
    path_of(path, sizeof path, c->name, ".yml");
    FILE *own = fopen(path, "r");
    if (own) {
        fclose(own);
    } else {
        const char *slash = strrchr(c->name, '/');
        int n = slash ? (int)(slash - c->name) + 1 : 0;
        snprintf(path, sizeof path, "%.*sdefault.yml", n, c->name);
    }
    replay_conf_load(&c->conf, path);
}

static void run_case(const char *capture, bool blessing)
{
    char name[512];
    const char *end = strstr(capture, ".pcap");
    snprintf(name, sizeof name, "%.*s", end ? (int)(end - capture) : (int)strlen(capture), capture);
    struct golden_case c = { .name = name };
    load_conf(&c);
    char path[512];
    path_of(path, sizeof path, name, ".limits");
    lines_read(&c.limits, path);
    traffic_read(&c.traffic, capture);
    if (blessing)
        bless(&c);
    else
        all_ways(&c);
    lines_free(&c.want);
    lines_free(&c.plain);
    lines_free(&c.limits);
    traffic_free(&c.traffic);
    replay_conf_free(&c.conf);
}

int main(int argc, char **argv)
{
    bool blessing = argc > 1 && strcmp(argv[1], "--bless") == 0;
    for (int i = 1 + blessing; i < argc; i++)
        run_case(argv[i], blessing);
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
