/* Does work grow with the input, and no faster? Each hostile input is made in a small size and in
 * one eight times as large; counted are the basic blocks that net, proto, the encoder and the rules
 * ran (the flavour `count` calls us in each) and the bytes that the memory functions touched, so
 * the result is the same on every machine. Allowed is input^1.1. Usage: slope [NAME] */
/* link: -Wl,--wrap=memcpy -Wl,--wrap=memmove -Wl,--wrap=memset */
/* link: -Wl,--wrap=memchr -Wl,--wrap=memcmp -Wl,--wrap=memmem -lm */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bug.h"
#include "lib/hostile.h"
#include "lib/hostile_rules.h"
#include "lib/replay.h"

#define GROWTH       8
#define EXPONENT_MAX 1.1
#define UNCOUNTED    __attribute__((no_sanitize_coverage))

static bool inside;
static uint64_t work;

void __sanitizer_cov_trace_pc(void);
UNCOUNTED void __sanitizer_cov_trace_pc(void)
{
    work += inside;
}

static void UNCOUNTED touch(size_t n)
{
    if (inside)
        work += n / 16;
}

void *__real_memcpy(void *to, const void *from, size_t n);
void *__real_memmove(void *to, const void *from, size_t n);
void *__real_memset(void *p, int c, size_t n);
void *__real_memchr(const void *p, int c, size_t n);
int __real_memcmp(const void *a, const void *b, size_t n);
void *__real_memmem(const void *p, size_t n, const void *needle, size_t needle_n);
void *__wrap_memcpy(void *to, const void *from, size_t n);
void *__wrap_memmove(void *to, const void *from, size_t n);
void *__wrap_memset(void *p, int c, size_t n);
void *__wrap_memchr(const void *p, int c, size_t n);
int __wrap_memcmp(const void *a, const void *b, size_t n);
void *__wrap_memmem(const void *p, size_t n, const void *needle, size_t needle_n);

UNCOUNTED void *__wrap_memcpy(void *to, const void *from, size_t n)
{
    touch(n);
    return __real_memcpy(to, from, n);
}

UNCOUNTED void *__wrap_memmove(void *to, const void *from, size_t n)
{
    touch(n);
    return __real_memmove(to, from, n);
}

UNCOUNTED void *__wrap_memset(void *p, int c, size_t n)
{
    touch(n);
    return __real_memset(p, c, n);
}

/* Searches and comparisons count what they may have looked at. */
UNCOUNTED void *__wrap_memchr(const void *p, int c, size_t n)
{
    const uint8_t *at = __real_memchr(p, c, n);
    touch(at ? (size_t)(at - (const uint8_t *)p) : n);
    return (void *)(uintptr_t)at;
}

UNCOUNTED int __wrap_memcmp(const void *a, const void *b, size_t n)
{
    touch(n);
    return __real_memcmp(a, b, n);
}

UNCOUNTED void *__wrap_memmem(const void *p, size_t n, const void *needle, size_t needle_n)
{
    const uint8_t *at = __real_memmem(p, n, needle, needle_n);
    touch(at ? (size_t)(at - (const uint8_t *)p) : n);
    return (void *)(uintptr_t)at;
}

static void watch(bool now_inside)
{
    inside = now_inside;
}

/* Work for input of size n, and how many events came of it. */
static uint64_t measure(const struct replay_conf *conf, const struct hostile *h, size_t n,
                        uint64_t *events)
{
    struct traffic f = { 0 };
    h->make(&f, n);
    struct replay *r = replay_new(conf, REPLAY_BATCH_BYTES);
    r->watch = watch;
    work = 0;
    replay_feed(r, &f);
    replay_finish(r);
    *events = r->events;
    replay_free(r);
    traffic_free(&f);
    return work;
}

/* What w[0] steps for n and w[1] for GROWTH times n mean. */
static bool judge(const char *name, size_t n, const uint64_t w[2])
{
    double exponent = log((double)w[1] / (double)w[0]) / log(GROWTH);
    bool good = exponent <= EXPONENT_MAX;
    printf("%s%-22s %7zu to %7zu: %6.0f to %6.0f steps each, exponent %.2f",
           good ? "  " : "FAILED: ", name, n, n * GROWTH, (double)w[0] / (double)n,
           (double)w[1] / (double)(n * GROWTH), exponent);
    return good;
}

static bool is_linear(const struct replay_conf *conf, const struct hostile *h)
{
    uint64_t events[2], w[2];
    for (unsigned i = 0; i < 2; i++)
        w[i] = measure(conf, h, i ? h->n * GROWTH : h->n, &events[i]);
    bool good = judge(h->name, h->n, w);
    printf(", %llu to %llu events\n", (unsigned long long)events[0], (unsigned long long)events[1]);
    return good;
}

/* Messages that run through rules: what codecs and loading cost is not counted. */
static bool are_rules_linear(const struct hostile_rules *h)
{
    uint64_t w[2];
    for (unsigned i = 0; i < 2; i++) {
        struct ruled *r = h->make(i ? h->n * GROWTH : h->n);
        work = 0;
        watch(true);
        ruled_run(r);
        watch(false);
        w[i] = work;
        ruled_free(r);
    }
    bool good = judge(h->name, h->n, w);
    putchar('\n');
    return good;
}

int main(int argc, char **argv)
{
    unsigned passed = 0, failed = 0;
    struct replay_conf conf;
    replay_conf_text(&conf, slice_cstr(hostile_conf), "slope");
    for (const struct hostile *h = hostiles; h->name; h++) {
        if (argc > 1 && strcmp(argv[1], h->name) != 0)
            continue;
        bool good = is_linear(&conf, h);
        passed += good;
        failed += !good;
    }
    for (const struct hostile_rules *h = hostile_rules; h->name; h++) {
        if (argc > 1 && strcmp(argv[1], h->name) != 0)
            continue;
        bool good = are_rules_linear(h);
        passed += good;
        failed += !good;
    }
    replay_conf_free(&conf);
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
