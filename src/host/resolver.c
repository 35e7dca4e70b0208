/* A cache of fixed size; an entry that is being looked up stays until the answer is there. */
#include "host/resolver.h"

#include <pthread.h>

#include "base/bug.h"
#include "base/hash.h"
#include "base/log.h"
#include "os/clock.h"
#include "os/thread.h"

#define THREADS    4
#define NAME_BYTES 255
#define ASK_BYTES  ((size_t)256 * 1024) /* of one answer */
#define NONE       UINT32_MAX

enum state { UNUSED, WAITING, ASKED, ANSWERED, FAILED };

struct entry {
    enum state state;
    uint32_t next;      /* in its bucket; NONE: the last */
    uint32_t next_wait; /* in the queue */
    uint8_t name_n;
    char name[NAME_BYTES];
    int64_t until_ns; /* of ANSWERED and FAILED, monotonic */
    uint8_t *texts;   /* lengths (two bytes each) and bytes of the answers */
    size_t texts_n;
    unsigned n;
};

struct worker {
    struct resolver *r;
    struct thread thread;
    struct arena mem;
    uint16_t id;
};

struct resolver {
    struct resolver_conf conf;
    pthread_mutex_t mutex; /* guards all below but the threads */
    pthread_cond_t work, done;
    struct entry *entry;
    uint32_t *bucket, n_buckets, hand; /* hand: the entry that gives way next */
    uint32_t first, last;              /* of the queue; NONE: empty */
    struct hash_key hash;
    struct worker worker[THREADS];
    bool ending, patient, told;
};

/* ---- the table, under the mutex */

static uint32_t *bucket_of(struct resolver *r, struct slice name)
{
    return &r->bucket[hash_bytes(&r->hash, name.p, name.n) % r->n_buckets];
}

static struct slice name_of(const struct entry *e)
{
    return slice_of(e->name, e->name_n);
}

static struct entry *find(struct resolver *r, struct slice name)
{
    uint32_t i = *bucket_of(r, name);
    while (i != NONE && !slice_eq(name_of(&r->entry[i]), name))
        i = r->entry[i].next;
    return i == NONE ? NULL : &r->entry[i];
}

static void forget(struct resolver *r, uint32_t i)
{
    struct entry *e = &r->entry[i];
    uint32_t *at = bucket_of(r, name_of(e));
    while (*at != i)
        at = &r->entry[*at].next;
    *at = e->next;
    xfree(e->texts);
    *e = (struct entry){ .state = UNUSED };
}

/* A free entry; NULL when all are being looked up. */
static struct entry *make_room(struct resolver *r, uint32_t *number)
{
    for (unsigned tries = 0; tries < r->conf.max; tries++) {
        uint32_t i = r->hand;
        r->hand = (r->hand + 1) % r->conf.max;
        enum state state = r->entry[i].state;
        if (state == WAITING || state == ASKED)
            continue;
        if (state != UNUSED)
            forget(r, i);
        *number = i;
        return &r->entry[i];
    }
    return NULL;
}

static void queue(struct resolver *r, struct entry *e)
{
    uint32_t i = (uint32_t)(e - r->entry);
    e->state = WAITING;
    e->next_wait = NONE;
    if (r->last == NONE)
        r->first = i;
    else
        r->entry[r->last].next_wait = i;
    r->last = i;
    pthread_cond_signal(&r->work);
}

static struct entry *add(struct resolver *r, struct slice name)
{
    uint32_t i;
    struct entry *e = make_room(r, &i);
    if (!e)
        return NULL;
    uint32_t *bucket = bucket_of(r, name);
    *e = (struct entry){ .next = *bucket, .name_n = (uint8_t)name.n };
    memcpy(e->name, name.p, name.n);
    *bucket = i;
    queue(r, e);
    return e;
}

/* ---- threads */

static void keep(struct entry *e, const struct dns_answers *answers)
{
    size_t n = 0;
    for (unsigned i = 0; i < answers->n; i++)
        n += 2 + answers->v[i].n;
    xfree(e->texts);
    uint8_t *at = e->texts = xmalloc(n + 1);
    e->texts_n = n;
    e->n = answers->n;
    for (unsigned i = 0; i < answers->n; i++) {
        struct slice s = answers->v[i];
        *at++ = (uint8_t)(s.n >> 8);
        *at++ = (uint8_t)s.n;
        memcpy(at, s.p, s.n);
        at += s.n;
    }
}

/* One server after the other until one answers. */
static bool ask(struct worker *w, struct slice name, struct dns_answers *out)
{
    uint8_t question[512];
    const struct resolver_conf *c = &w->r->conf;
    size_t n = dns_write_question(c->type, name, w->id++, question);
    struct why ignored;
    arena_reset(&w->mem);
    for (unsigned i = 0; n && i < c->n_servers; i++) {
        struct dns_request request = { &c->server[i], slice_of(question, n), c->timeout_ns };
        if (dns_ask(&request, &w->mem, out, &ignored) == ERR_OK)
            return true;
    }
    return false;
}

static void answer(struct worker *w, struct entry *e)
{
    struct resolver *r = w->r;
    char name[NAME_BYTES];
    struct slice copy = slice_of(name, e->name_n);
    struct dns_answers found = { 0 };
    memcpy(name, e->name, e->name_n);
    e->state = ASKED;
    pthread_mutex_unlock(&r->mutex);
    bool answered = ask(w, copy, &found);
    pthread_mutex_lock(&r->mutex);
    int64_t ttl = (int64_t)found.ttl * 1000000000;
    e->state = found.n ? ANSWERED : FAILED;
    e->until_ns = clock_mono_ns() + (!found.n                   ? r->conf.failure_ns
                                     : ttl > r->conf.min_ttl_ns ? ttl
                                                                : r->conf.min_ttl_ns);
    keep(e, &found);
    r->patient |= answered;
    pthread_cond_broadcast(&r->done);
}

static void work(void *ctx)
{
    struct worker *w = ctx;
    struct resolver *r = w->r;
    pthread_mutex_lock(&r->mutex);
    while (!r->ending) {
        if (r->first == NONE) {
            pthread_cond_wait(&r->work, &r->mutex);
            continue;
        }
        struct entry *e = &r->entry[r->first];
        r->first = e->next_wait;
        if (r->first == NONE)
            r->last = NONE;
        answer(w, e);
    }
    pthread_mutex_unlock(&r->mutex);
}

struct resolver *resolver_open(const struct resolver_conf *conf)
{
    struct resolver *r = xcalloc(1, sizeof *r);
    pthread_condattr_t attr;
    r->conf = *conf;
    r->patient = true;
    r->first = r->last = NONE;
    r->hash = hash_key_random();
    r->n_buckets = conf->max * 2 + 1;
    r->entry = xcalloc(conf->max, sizeof *r->entry);
    r->bucket = xmalloc(r->n_buckets * sizeof *r->bucket);
    memset(r->bucket, 0xff, r->n_buckets * sizeof *r->bucket);
    pthread_mutex_init(&r->mutex, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&r->work, &attr);
    pthread_cond_init(&r->done, &attr);
    pthread_condattr_destroy(&attr);
    bool running = false;
    for (unsigned i = 0; i < THREADS; i++) {
        struct worker *w = &r->worker[i];
        *w = (struct worker){ .r = r, .id = (uint16_t)hash_key_random().k0 };
        arena_init(&w->mem, NULL, ASK_BYTES);
        running |= thread_start(&w->thread, "dns", work, w) == ERR_OK;
    }
    if (running)
        return r;
    resolver_close(r);
    return NULL;
}

void resolver_close(struct resolver *r)
{
    if (!r)
        return;
    pthread_mutex_lock(&r->mutex);
    r->ending = true;
    pthread_cond_broadcast(&r->work);
    pthread_mutex_unlock(&r->mutex);
    for (unsigned i = 0; i < THREADS; i++) {
        thread_join(&r->worker[i].thread);
        arena_free(&r->worker[i].mem);
    }
    for (unsigned i = 0; i < r->conf.max; i++)
        xfree(r->entry[i].texts);
    pthread_cond_destroy(&r->work);
    pthread_cond_destroy(&r->done);
    pthread_mutex_destroy(&r->mutex);
    xfree(r->entry);
    xfree(r->bucket);
    xfree(r);
}

/* ---- asking */

static bool is_settled(const struct entry *e)
{
    return e->state == ANSWERED || e->state == FAILED;
}

static void wait_for(struct resolver *r, const struct entry *e)
{
    int64_t until = clock_mono_ns() + r->conf.timeout_ns * (int64_t)r->conf.n_servers;
    struct timespec t = { .tv_sec = until / 1000000000, .tv_nsec = until % 1000000000 };
    int code = 0;
    while (r->patient && !is_settled(e) && code == 0)
        code = pthread_cond_timedwait(&r->done, &r->mutex, &t);
    if (is_settled(e) || code == 0)
        return;
    r->patient = false;
    if (!r->told)
        log_warn("dns",
                 "no name server answers in time: events go on without waiting until one does");
    r->told = true;
}

static bool copy(const struct entry *e, struct arena *a, struct dns_answers *out)
{
    struct slice rest = arena_dup(a, slice_of(e->texts, e->texts_n));
    *out = (struct dns_answers){ 0 };
    if (rest.n != e->texts_n)
        return false;
    while (out->n < e->n) {
        size_t n = (size_t)rest.p[0] << 8 | rest.p[1];
        out->v[out->n++] = slice_of(rest.p + 2, n);
        rest = slice_after(rest, n + 2);
    }
    return true;
}

static enum resolver_found find_or_ask(struct resolver *r, struct slice name, struct arena *a,
                                       struct dns_answers *out)
{
    struct entry *e = find(r, name);
    if (!e)
        e = add(r, name);
    else if (is_settled(e) && clock_mono_ns() >= e->until_ns)
        queue(r, e);
    if (!e)
        return RESOLVER_PENDING;
    if (!is_settled(e))
        wait_for(r, e);
    if (!is_settled(e))
        return RESOLVER_PENDING;
    return e->state == ANSWERED && copy(e, a, out) ? RESOLVER_FOUND : RESOLVER_FAILED;
}

enum resolver_found resolver_find(struct resolver *r, struct slice name, struct arena *a,
                                  struct dns_answers *out)
{
    uint8_t question[512];
    if (name.n > NAME_BYTES || !dns_write_question(r->conf.type, name, 0, question))
        return RESOLVER_FAILED;
    pthread_mutex_lock(&r->mutex);
    enum resolver_found found = find_or_ask(r, name, a, out);
    pthread_mutex_unlock(&r->mutex);
    return found;
}
