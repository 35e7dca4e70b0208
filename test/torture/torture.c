/* Memory that runs out at every place, one after the other, over golden captures: nothing crashes
 * or leaks, what is lost is counted, and once there is memory again all works as before.
 * Usage: torture FRAMES CAPTURE... (FRAMES: how many frames a capture and kind may take in all; a
 * large capture then fails at every second, third … place only; 0: at each) */
/* link: -Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=slab_alloc -Wl,--wrap=slab_resize */
/* link: -Wl,--wrap=arena_alloc -Wl,--wrap=arena_zalloc -Wl,--wrap=arena_dup */
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/bug.h"
#include "base/slab.h"
#include "lib/replay.h"

#define DAY_NS ((int64_t)86400 * 1000000000)

enum kind { KIND_NONE, KIND_ARENA, KIND_SLAB, KIND_MALLOC, KINDS };
static const char *const kind_names[KINDS] = {
    [KIND_ARENA] = "arena", [KIND_SLAB] = "slab", [KIND_MALLOC] = "malloc"
};

/* Which call is refused: the fail_at-th of its kind inside net, proto and pipe; with `onwards` all
 * later ones too. */
static struct {
    enum kind kind;
    unsigned long calls[KINDS], fail_at;
    bool inside, onwards;
} plan;

static unsigned passed, failed;

static bool refuse(enum kind kind)
{
    if (!plan.inside)
        return false;
    unsigned long call = ++plan.calls[kind];
    return kind == plan.kind && (call == plan.fail_at || (plan.onwards && call > plan.fail_at));
}

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_slab_alloc(struct slab *s, size_t n);
void *__real_slab_resize(struct slab *s, void *p, size_t old_n, size_t new_n);
void *__real_arena_alloc(struct arena *a, size_t n);
void *__real_arena_zalloc(struct arena *a, size_t n);
struct slice __real_arena_dup(struct arena *a, struct slice s);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_slab_alloc(struct slab *s, size_t n);
void *__wrap_slab_resize(struct slab *s, void *p, size_t old_n, size_t new_n);
void *__wrap_arena_alloc(struct arena *a, size_t n);
void *__wrap_arena_zalloc(struct arena *a, size_t n);
struct slice __wrap_arena_dup(struct arena *a, struct slice s);

void *__wrap_malloc(size_t n)
{
    return refuse(KIND_MALLOC) ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n)
{
    return refuse(KIND_MALLOC) ? NULL : __real_calloc(count, n);
}

void *__wrap_slab_alloc(struct slab *s, size_t n)
{
    if (!refuse(KIND_SLAB))
        return __real_slab_alloc(s, n);
    s->refused++;
    return NULL;
}

void *__wrap_slab_resize(struct slab *s, void *p, size_t old_n, size_t new_n)
{
    if (!refuse(KIND_SLAB))
        return __real_slab_resize(s, p, old_n, new_n);
    s->refused++;
    return NULL;
}

void *__wrap_arena_alloc(struct arena *a, size_t n)
{
    if (!refuse(KIND_ARENA))
        return __real_arena_alloc(a, n);
    a->full = true;
    return NULL;
}

void *__wrap_arena_zalloc(struct arena *a, size_t n)
{
    if (!refuse(KIND_ARENA))
        return __real_arena_zalloc(a, n);
    a->full = true;
    return NULL;
}

struct slice __wrap_arena_dup(struct arena *a, struct slice s)
{
    if (!refuse(KIND_ARENA))
        return __real_arena_dup(a, s);
    a->full = true;
    return slice_of(NULL, 0);
}

static void watch(bool inside)
{
    plan.inside = inside;
}

/* One capture under test. */
struct torture {
    const char *path;
    struct replay_conf conf;
    struct traffic frames;
    uint64_t events; /* with memory enough */
    unsigned long calls[KINDS];
    unsigned long runs_max;
};

static uint64_t feed(struct replay *r, const struct torture *t)
{
    uint64_t before = r->events;
    replay_feed(r, &t->frames);
    replay_finish(r);
    r->shift_ns += t->frames.v[t->frames.n - 1].ts_ns - t->frames.v[0].ts_ns + DAY_NS;
    return r->events - before;
}

/* All the memory it wants: what is to be compared with. */
static void measure(struct torture *t)
{
    plan.kind = KIND_NONE;
    memset(plan.calls, 0, sizeof plan.calls);
    struct replay *r = replay_new(&t->conf, REPLAY_BATCH_BYTES);
    r->watch = watch;
    t->events = feed(r, t);
    replay_free(r);
    memcpy(t->calls, plan.calls, sizeof t->calls);
}

/* Refuses the at-th call. Afterwards the same path is fed again without trouble. */
static bool refused_at(const struct torture *t, enum kind kind, unsigned long at, bool onwards)
{
    memset(plan.calls, 0, sizeof plan.calls);
    plan.kind = kind;
    plan.fail_at = at;
    plan.onwards = onwards;
    struct replay *r = replay_new(&t->conf, REPLAY_BATCH_BYTES);
    r->watch = watch;
    uint64_t events = feed(r, t);
    uint64_t losses = replay_losses(r);
    plan.kind = KIND_NONE;
    uint64_t again = feed(r, t);
    replay_free(r);
    bool good = (events >= t->events || losses > 0) && again == t->events;
    if (!good)
        printf("  %s call %lu%s refused: %llu of %llu events, %llu losses counted, %llu events"
               " afterwards\n",
               kind_names[kind], at, onwards ? " and all later" : "", (unsigned long long)events,
               (unsigned long long)t->events, (unsigned long long)losses,
               (unsigned long long)again);
    return good;
}

static void verdict(const struct torture *t, const char *what, bool good)
{
    if (!good)
        printf("FAILED: %s, %s\n", t->path, what);
    passed += good;
    failed += !good;
}

static unsigned long every(const struct torture *t, enum kind kind)
{
    unsigned bad = 0;
    unsigned long step = 1 + (t->runs_max ? t->calls[kind] / t->runs_max : 0), runs = 0;
    for (unsigned long at = 1; at <= t->calls[kind] && bad < 3; at += step, runs++)
        bad += !refused_at(t, kind, at, false);
    for (unsigned long at = 1; at <= t->calls[kind] && bad < 3; at += step * 7, runs++)
        bad += !refused_at(t, kind, at, true);
    verdict(t, kind_names[kind], bad == 0);
    return runs;
}

/* Caps from next to nothing to enough, a third more each time. */
static bool capped(struct torture *t, int64_t *cap, const char *name, int64_t from, int64_t to)
{
    bool good = true;
    int64_t usual = *cap;
    for (*cap = from; *cap < to && good; *cap += *cap / 3 + 1) {
        struct replay *r = replay_new(&t->conf, REPLAY_BATCH_BYTES);
        uint64_t events = feed(r, t);
        good = events >= t->events || replay_losses(r) > 0;
        if (!good)
            printf("  %s %lld: %llu of %llu events, no loss counted\n", name, (long long)*cap,
                   (unsigned long long)events, (unsigned long long)t->events);
        replay_free(r);
    }
    *cap = usual;
    return good;
}

static bool batch_capped(const struct torture *t)
{
    bool good = true;
    for (size_t cap = 64; cap < (size_t)1 << 20 && good; cap += cap / 3) {
        struct replay *r = replay_new(&t->conf, cap);
        uint64_t events = feed(r, t);
        good = events >= t->events || replay_losses(r) > 0;
        if (!good)
            printf("  batch of %zu bytes: %llu of %llu events, no loss counted\n", cap,
                   (unsigned long long)events, (unsigned long long)t->events);
        replay_free(r);
    }
    return good;
}

static void caps(struct torture *t)
{
    struct net_conf *net = &t->conf.net;
    verdict(t, "memory cap", capped(t, &net->memory_bytes, "memory", 4096, (int64_t)1 << 21));
    verdict(t, "flow cap", capped(t, &net->max_flows, "flows", 1, 64));
    verdict(t, "batch cap", batch_capped(t));
}

static void torture(const char *path, unsigned long frames_max)
{
    char conf[512];
    const char *slash = strrchr(path, '/');
    snprintf(conf, sizeof conf, "%.*sdefault.yml", slash ? (int)(slash - path) + 1 : 0, path);
    struct torture t = { .path = path };
    replay_conf_load(&t.conf, conf);
    t.conf.net.max_flows = 512;
    t.conf.net.defrag_bytes = 256 * 1024;
    traffic_read(&t.frames, path);
    if (t.frames.n) {
        measure(&t);
        t.runs_max = frames_max ? 1 + frames_max / t.frames.n : 0;
        unsigned long runs = 0;
        for (enum kind kind = KIND_ARENA; kind < KINDS; kind++)
            runs += every(&t, kind);
        caps(&t);
        printf("  %-60s arena %lu, slab %lu, malloc %lu calls; %lu refused\n", path,
               t.calls[KIND_ARENA], t.calls[KIND_SLAB], t.calls[KIND_MALLOC], runs);
    }
    traffic_free(&t.frames);
    replay_conf_free(&t.conf);
}

int main(int argc, char **argv)
{
    unsigned long frames_max = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    for (int i = 2; i < argc; i++)
        torture(argv[i], frames_max);
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
