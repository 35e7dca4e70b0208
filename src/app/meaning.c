/* Packs at work. */
#include "app/meaning.h"

#include <pthread.h>

#include "app/inputs.h"
#include "app/packs.h"
#include "app/routing.h"
#include "app/start.h"
#include "base/bug.h"
#include "base/log.h"
#include "os/clock.h"
#include "pack/lookup_cache.h"

#define NS_PER_MS  1000000
#define DOUBTS_MAX 10 /* lines about packs, of one loading */
#define TOLD_MAX   20 /* rules that fail, of one loading */

/* Of all tables together. */
struct lookups {
    uint64_t asked, found, cached;
};

/* What was loaded at one time. */
struct in_force {
    struct config config;
    struct packs_conf conf;
    struct packs *packs;
    struct routing *routing;
    struct program_run *run;
    struct rule_env env;
    bool *told; /* by rule */
    unsigned n_told;
    struct lookups told_lookups;
    unsigned users; /* batches under way, and the meaning while it is the present one */
};

struct meaning {
    const struct args *args;
    struct counters *counters;
    pthread_mutex_t
        present; /* of `now`: held by others while they look, by the owner to change it */
    struct in_force *now;
    struct message_stage stage;
};

/* ---- loading */

static void let_go(struct in_force *f)
{
    if (!f || --f->users)
        return;
    program_run_free(f->run);
    routing_close(f->routing);
    packs_drop(f->packs);
    config_free(&f->config);
    xfree(f->told);
    xfree(f);
}

static void tell_doubts(const struct mistakes *m)
{
    for (unsigned i = 0; i < m->n && i < DOUBTS_MAX; i++)
        log_warn("packs", "%s", m->v[i]);
    if (m->n > DOUBTS_MAX)
        log_warn("packs", "%u more of them (wirelume pack check)", m->n - DOUBTS_MAX);
}

static err read_packs(struct in_force *f, const struct args *a, struct why *w)
{
    struct config_source source = start_source(a);
    struct why note;
    err rc = config_load(&f->config, &source, w);
    if (!rc)
        rc = packs_configure(&f->conf, &f->config, &note, w);
    if (!rc && note.text[0])
        log_warn("packs", "%s", note.text);
    if (!rc)
        rc = routing_open(&f->routing, routing_folder(&f->config), w);
    if (rc)
        return rc;
    struct mistakes doubts = { .mem = &f->config.mem };
    f->conf.known = routing_streams(f->routing, &f->conf.n_known);
    f->conf.doubts = &doubts;
    rc = packs_load_or(&f->conf, &f->packs, w);
    f->conf.doubts = NULL;
    tell_doubts(&doubts);
    return rc ? rc : routing_add_wanted(f->routing, f->packs, w);
}

static void make_ready(struct in_force *f)
{
    const struct packs *p = f->packs;
    f->run = program_run_new(p->program);
    f->told = xcalloc(program_rules(p->program) + 1, sizeof *f->told);
    f->env = packs_env(p);
    f->env.input = inputs_for_rules(&f->config, &f->env.n_inputs);
    f->env.stream = routing_streams(f->routing, &f->env.n_streams);
    for (unsigned i = 0; i < p->n; i++)
        log_info("packs", "%s %s from %s", p->pack[i].name, p->pack[i].version, p->pack[i].folder);
}

static struct in_force *load(const struct args *a, struct why *w)
{
    struct in_force *f = xcalloc(1, sizeof *f);
    f->users = 1;
    if (read_packs(f, a, w)) {
        let_go(f);
        return NULL;
    }
    make_ready(f);
    return f;
}

static struct lookups lookups_of(const struct packs *p)
{
    struct lookups sum = { 0 };
    struct lookup_cache_count cache;
    for (unsigned i = 0; i < p->n_tables; i++) {
        sum.asked += atomic_load_explicit(&p->count[i].asked, memory_order_relaxed);
        sum.found += atomic_load_explicit(&p->count[i].found, memory_order_relaxed);
        sum.cached += lookup_cache_counts(&p->table[i], &cache) ? cache.hits : 0;
    }
    return sum;
}

static void count_lookups(struct meaning *m)
{
    struct in_force *f = m->now;
    struct lookups now = lookups_of(f->packs), before = f->told_lookups;
    counter_add(m->counters, COUNTER_PACK_LOOKUPS, now.asked - before.asked);
    counter_add(m->counters, COUNTER_PACK_LOOKUPS_FOUND, now.found - before.found);
    counter_add(m->counters, COUNTER_PACK_LOOKUPS_CACHED, now.cached - before.cached);
    f->told_lookups = now;
}

void meaning_reload(struct meaning *m, const char *reason)
{
    struct why w;
    struct in_force *f = load(m->args, &w);
    if (!f) {
        counter_add(m->counters, COUNTER_PACK_RELOADS_REFUSED, 1);
        log_error("packs", "%s: not taken, the packs in force stay: %s", reason, w.text);
        return;
    }
    counter_add(m->counters, COUNTER_PACK_RELOADS, 1);
    log_info("packs", "%s: loaded anew", reason);
    count_lookups(m);
    pthread_mutex_lock(&m->present);
    let_go(m->now);
    m->now = f;
    pthread_mutex_unlock(&m->present);
}

static void use_packs(void *ctx, void (*look)(void *arg, const struct packs *p), void *arg)
{
    struct meaning *m = ctx;
    pthread_mutex_lock(&m->present);
    look(arg, m->now->packs);
    pthread_mutex_unlock(&m->present);
}

struct web_rules meaning_rules(struct meaning *m)
{
    return (struct web_rules){ m, m ? use_packs : NULL };
}

/* ---- the stage */

static void *begin(void *ctx)
{
    struct meaning *m = ctx;
    m->now->users++;
    return m->now;
}

static void process(void *ctx, void *use, struct message *msg, const struct message_sink *sink)
{
    struct meaning *m = ctx;
    struct in_force *f = use;
    uint64_t dropped = program_dropped(f->run), created = program_created(f->run);
    uint64_t stopped = pattern_stopped();
    const struct message_error *before = msg->errors;
    const struct program_sink out = { sink->take, sink->ctx };
    f->env.now_ms = clock_real_ns() / NS_PER_MS;
    routing_message(f->routing, msg);
    program_run(f->run, &f->env, msg, &out, NULL);
    counter_add(m->counters, COUNTER_PACK_MESSAGES, 1);
    counter_add(m->counters, COUNTER_PACK_DROPPED, program_dropped(f->run) - dropped);
    counter_add(m->counters, COUNTER_PACK_CREATED, program_created(f->run) - created);
    counter_add(m->counters, COUNTER_PACK_ERRORS, msg->errors != before);
    counter_add(m->counters, COUNTER_PACK_SEARCHES_STOPPED, pattern_stopped() - stopped);
}

static void end(void *ctx, void *use)
{
    (void)ctx;
    let_go(use);
}

const struct message_stage *meaning_stage(const struct meaning *m)
{
    return m ? &m->stage : NULL;
}

/* ---- now and then */

static void tell_failing(struct in_force *f)
{
    const struct program_count *count = program_counts(f->run);
    unsigned n = program_rules(f->packs->program);
    for (unsigned i = 0; i < n && f->n_told < TOLD_MAX; i++) {
        struct slice name = program_rule_name(f->packs->program, i);
        if (!count[i].failed || f->told[i])
            continue;
        f->told[i] = true;
        f->n_told++;
        log_warn("packs",
                 "rule '%.*s' fails on messages: what it did not do is missing there, and "
                 "gl2_processing_error says why%s",
                 (int)name.n, name.p,
                 f->n_told == TOLD_MAX ? " (more rules that fail are only counted: pack.errors)"
                                       : "");
    }
}

void meaning_tick(struct meaning *m)
{
    if (!m)
        return;
    if (packs_are_stale(m->now->packs, clock_mono_ns()))
        meaning_reload(m, "a lookup table's file changed");
    tell_failing(m->now);
    count_lookups(m);
}

static void print_table(const struct lookup_table *t, FILE *out)
{
    struct lookup_cache_count cache;
    unsigned long long asked = t->count->asked, found = t->count->found, failed = t->count->failed;
    if (!asked)
        return;
    fprintf(out, "table %.*s: %llu asked, %llu found, %llu failed", (int)t->name.n,
            (const char *)t->name.p, asked, found, failed);
    if (lookup_cache_counts(t, &cache))
        fprintf(out, "; cache: %llu hits, %llu misses, %llu evicted",
                (unsigned long long)cache.hits, (unsigned long long)cache.misses,
                (unsigned long long)cache.evicted);
    putc('\n', out);
}

void meaning_print(const struct meaning *m, FILE *out)
{
    const struct in_force *f = m->now;
    const struct program_count *count = program_counts(f->run);
    for (unsigned i = 0; i < program_rules(f->packs->program); i++) {
        struct slice name = program_rule_name(f->packs->program, i);
        if (count[i].evaluated)
            fprintf(out, "rule \"%.*s\": %llu asked, %llu true, %llu failed\n", (int)name.n,
                    (const char *)name.p, (unsigned long long)count[i].evaluated,
                    (unsigned long long)count[i].matched, (unsigned long long)count[i].failed);
    }
    for (unsigned i = 0; i < f->packs->n_tables; i++)
        print_table(&f->packs->table[i], out);
}

/* ---- birth and end */

err meaning_open(struct meaning **out, const struct args *a, struct counters *counters,
                 struct why *w)
{
    struct in_force *f = load(a, w);
    *out = NULL;
    if (!f)
        return ERR_CONFIG;
    struct meaning *m = xcalloc(1, sizeof *m);
    *m = (struct meaning){
        .args = a, .counters = counters, .now = f, .stage = { m, begin, process, end }
    };
    pthread_mutex_init(&m->present, NULL);
    *out = m;
    return ERR_OK;
}

void meaning_close(struct meaning *m)
{
    if (!m)
        return;
    let_go(m->now);
    xfree(m);
}
