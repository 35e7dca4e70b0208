/* Sockets and their processes. A look makes a new table out of what the kernel tells and of what
 * was there a moment ago (an event comes later than its packets), then the tables change places. */
#include "host/procs.h"

#include <pthread.h>

#include "base/buf.h"
#include "base/bug.h"
#include "base/hash.h"
#include "base/log.h"
#include "host/broker.h"
#include "host/fdwalk.h"
#include "host/owners.h"
#include "os/clock.h"
#include "os/thread.h"

#define SLOTS       (2 * PROCS_SOCKETS_MAX)
#define PERIOD_NS   INT64_C(50000000)    /* a connection that lives longer is seen */
#define COST_FACTOR 20                   /* a look takes at most a 20th of the time */
#define KEEP_NS     INT64_C(30000000000) /* how long a closed socket is remembered */
#define REREAD_NS   INT64_C(30000000000) /* how long a process is what it was */
#define LOOK_BYTES  ((size_t)256 * 1024) /* of one process while it is read */

struct entry {
    struct socket_row row;
    int64_t pid;     /* 0: not known */
    int64_t seen_ns; /* monotonic */
};

struct table {
    struct entry *v;
    uint32_t *slot; /* by hash: the number of an entry, plus one; 0: unused */
    unsigned n;
};

struct procs {
    struct procs_conf conf;
    pthread_mutex_t mutex; /* guards now, owners, ending */
    pthread_cond_t woken;
    struct table now, next; /* next: the looking thread's alone */
    struct owners owners;
    struct hash_key hash;
    struct counters counters;
    struct fdwalk walk; /* the looking thread's alone, as all below; without a broker */
    struct arena mem;
    struct thread thread;
    int64_t look_ns;
    unsigned strangers;
    bool ending, told, told_full, told_closed;
};

/* ---- tables */

static struct table table_new(void)
{
    return (struct table){ .v = xcalloc(PROCS_SOCKETS_MAX, sizeof(struct entry)),
                           .slot = xcalloc(SLOTS, sizeof(uint32_t)) };
}

static void table_free(struct table *t)
{
    xfree(t->v);
    xfree(t->slot);
}

static void table_clear(struct table *t)
{
    memset(t->slot, 0, SLOTS * sizeof *t->slot); /* 256 KiB */
    t->n = 0;
}

static bool same_ends(const struct socket_row *a, const struct socket_row *b)
{
    return a->ip_proto == b->ip_proto && a->local_port == b->local_port &&
           a->remote_port == b->remote_port && addr_eq(&a->local, &b->local) &&
           addr_eq(&a->remote, &b->remote);
}

/* The slot of the entry with these ends, or a free one for it. */
static uint32_t *table_slot(const struct table *t, const struct hash_key *key,
                            const struct socket_row *row)
{
    uint8_t text[5 + 2 * sizeof row->local.b];
    text[0] = row->ip_proto;
    memcpy(text + 1, &row->local_port, 2);
    memcpy(text + 3, &row->remote_port, 2);
    memcpy(text + 5, row->local.b, sizeof row->local.b);
    memcpy(text + 5 + sizeof row->local.b, row->remote.b, sizeof row->remote.b);
    size_t i = hash_bytes(key, text, sizeof text) % SLOTS;
    while (t->slot[i] && !same_ends(&t->v[t->slot[i] - 1].row, row))
        i = (i + 1) % SLOTS;
    return &t->slot[i];
}

static const struct entry *table_find(const struct table *t, const struct hash_key *key,
                                      const struct socket_row *row)
{
    uint32_t at = *table_slot(t, key, row);
    return at ? &t->v[at - 1] : NULL;
}

static void table_put(struct procs *p, const struct entry *e)
{
    uint32_t *slot = table_slot(&p->next, &p->hash, &e->row);
    if (*slot)
        return; /* several sockets share the port (SO_REUSEPORT): the first stands */
    if (p->next.n == PROCS_SOCKETS_MAX) {
        if (!p->told_full)
            log_warn("procs", "more than %d sockets: the processes of some are not known",
                     PROCS_SOCKETS_MAX);
        p->told_full = true;
        return;
    }
    p->next.v[p->next.n++] = *e;
    *slot = p->next.n;
}

/* ---- a look */

/* A socket that was there before keeps its process; a new one is a stranger until the walk. */
static void take_socket(void *ctx, const struct socket_row *row)
{
    struct procs *p = ctx;
    const struct entry *before = table_find(&p->now, &p->hash, row);
    struct entry e = { .row = *row, .pid = -1, .seen_ns = p->look_ns };
    if (before && before->row.inode == row->inode)
        e.pid = before->pid;
    p->strangers += e.pid < 0;
    table_put(p, &e);
}

static void keep_closed_ones(struct procs *p)
{
    for (unsigned i = 0; i < p->now.n; i++) {
        const struct entry *e = &p->now.v[i];
        if (e->pid > 0 && p->look_ns - e->seen_ns < KEEP_NS)
            table_put(p, e);
    }
}

static void tell_hidden(struct procs *p, unsigned hidden)
{
    if (hidden && !p->told_closed)
        log_warn("procs",
                 "the descriptors of %u processes may not be read: their sockets stay without a "
                 "process (mend: run as root, or give the program cap_sys_ptrace)",
                 hidden);
    p->told_closed |= hidden > 0;
}

static void walk(struct procs *p)
{
    fdwalk_run(&p->walk);
    for (unsigned i = 0; i < p->next.n; i++) {
        struct entry *e = &p->next.v[i];
        if (e->pid < 0)
            e->pid = fdwalk_pid(&p->walk, e->row.inode);
    }
    tell_hidden(p, p->walk.closed);
}

/* Strangers from *at on, as many as a question takes. */
static unsigned gather(const struct procs *p, unsigned *at, unsigned which[BROKER_ROWS],
                       struct socket_row rows[BROKER_ROWS])
{
    unsigned n = 0;
    for (; *at < p->next.n && n < BROKER_ROWS; ++*at) {
        if (p->next.v[*at].pid >= 0)
            continue;
        which[n] = *at;
        rows[n++] = p->next.v[*at].row;
    }
    return n;
}

/* Those that it does not answer for are asked for again at the next look. */
static err ask_broker(struct procs *p, struct why *w)
{
    struct socket_row rows[BROKER_ROWS];
    int64_t pids[BROKER_ROWS];
    unsigned which[BROKER_ROWS], hidden, n, at = 0;
    err e = broker_look(p->conf.broker, &hidden, w);
    if (!e)
        tell_hidden(p, hidden);
    while (!e && (n = gather(p, &at, which, rows))) {
        e = broker_owners(p->conf.broker, rows, n, pids, w);
        for (unsigned i = 0; i < n && !e; i++)
            p->next.v[which[i]].pid = pids[i];
    }
    return e;
}

static err find_strangers(struct procs *p, struct why *w)
{
    if (!p->strangers)
        return ERR_OK;
    if (p->conf.broker)
        return ask_broker(p, w);
    walk(p);
    return ERR_OK;
}

static bool args_hold(const struct process *p, const char *grep, struct arena *a)
{
    size_t n = 0;
    for (unsigned i = 0; i < p->n_args; i++)
        n += p->args[i].n + 1;
    struct buf b = buf_of(arena_alloc(a, n), n);
    for (unsigned i = 0; b.p && i < p->n_args; i++) {
        if (i)
            buf_u8(&b, ' ');
        buf_add(&b, p->args[i]);
    }
    return b.p && slice_search(buf_slice(&b), slice_cstr(grep)) >= 0;
}

static void give_name(const struct procs *p, struct process *process, struct arena *a)
{
    for (unsigned i = 0; i < p->conf.n_names; i++)
        if (args_hold(process, p->conf.names[i].grep, a)) {
            process->name = slice_cstr(p->conf.names[i].name);
            return;
        }
}

static bool read_process(struct procs *p, const struct entry *e, struct process *out)
{
    arena_reset(&p->mem);
    return p->conf.broker ? broker_process(p->conf.broker, &e->row, out, &p->mem)
                          : process_read(out, e->pid, &p->mem, "");
}

/* Reads a process that is new or was read long ago. */
static void learn(struct procs *p, const struct entry *e)
{
    int64_t pid = e->pid;
    struct owner *known = owners_find(&p->owners, pid); /* only this thread changes owners */
    struct process process;
    if (known && (known->used || p->look_ns - known->read_ns < REREAD_NS)) {
        pthread_mutex_lock(&p->mutex);
        known->used = true;
        pthread_mutex_unlock(&p->mutex);
        return;
    }
    bool there = read_process(p, e, &process) && process.pid == pid;
    if (there)
        give_name(p, &process, &p->mem);
    pthread_mutex_lock(&p->mutex);
    if (there)
        owners_put(&p->owners, &process, p->look_ns);
    else if (known) /* it has ended; what it was stands */
        known->used = true;
    pthread_mutex_unlock(&p->mutex);
}

static void learn_all(struct procs *p)
{
    for (unsigned i = 0; i < p->next.n; i++)
        if (p->next.v[i].pid > 0)
            learn(p, &p->next.v[i]);
}

static void change_places(struct procs *p)
{
    pthread_mutex_lock(&p->mutex);
    struct table old = p->now;
    p->now = p->next;
    p->next = old;
    owners_sweep(&p->owners);
    pthread_mutex_unlock(&p->mutex);
}

err procs_look(struct procs *p, struct why *w)
{
    p->look_ns = clock_mono_ns();
    p->strangers = 0;
    table_clear(&p->next);
    err e = sockdiag_each(take_socket, p, w);
    if (e)
        return e;
    e = find_strangers(p, w);
    keep_closed_ones(p);
    learn_all(p);
    change_places(p);
    return e;
}

/* ---- the thread */

/* Until the time, or the end. True: it goes on. */
static bool wait_until(struct procs *p, int64_t t_ns)
{
    struct timespec t = { .tv_sec = t_ns / 1000000000, .tv_nsec = t_ns % 1000000000 };
    pthread_mutex_lock(&p->mutex);
    while (!p->ending && pthread_cond_timedwait(&p->woken, &p->mutex, &t) == 0)
        ;
    bool goes_on = !p->ending;
    pthread_mutex_unlock(&p->mutex);
    return goes_on;
}

static void run(void *ctx)
{
    struct procs *p = ctx;
    int64_t pause = PERIOD_NS;
    while (wait_until(p, clock_mono_ns() + pause)) {
        struct why w;
        err e = procs_look(p, &w);
        if (e && !p->told)
            log_warn("procs", "%s; processes are those known before", w.text);
        p->told = e != ERR_OK;
        int64_t cost = (clock_mono_ns() - p->look_ns) * COST_FACTOR;
        pause = cost > PERIOD_NS ? cost : PERIOD_NS;
    }
}

struct procs *procs_new(const struct procs_conf *conf)
{
    struct procs *p = xcalloc(1, sizeof *p);
    pthread_condattr_t attr;
    p->conf = *conf;
    p->now = table_new();
    p->next = table_new();
    p->hash = hash_key_random();
    arena_init(&p->mem, NULL, LOOK_BYTES);
    if (p->conf.broker)
        broker_count(p->conf.broker, &p->counters);
    pthread_mutex_init(&p->mutex, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&p->woken, &attr);
    pthread_condattr_destroy(&attr);
    return p;
}

err procs_open(const struct procs_conf *conf, struct procs **out, struct why *w)
{
    struct procs *p = *out = procs_new(conf);
    err e = procs_look(p, w);
    if (!e && thread_start(&p->thread, "procs", run, p))
        e = why_set(w, ERR_LIMIT, "packetbeat.procs: cannot start a thread");
    if (!e)
        return ERR_OK;
    procs_close(p);
    *out = NULL;
    return e;
}

void procs_close(struct procs *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->mutex);
    p->ending = true;
    pthread_cond_signal(&p->woken);
    pthread_mutex_unlock(&p->mutex);
    thread_join(&p->thread);
    pthread_cond_destroy(&p->woken);
    pthread_mutex_destroy(&p->mutex);
    table_free(&p->now);
    table_free(&p->next);
    owners_free(&p->owners);
    fdwalk_free(&p->walk);
    arena_free(&p->mem);
    xfree(p);
}

/* ---- asking */

static const struct owner *owner_of(const struct procs *p, const struct socket_row *row)
{
    const struct entry *e = table_find(&p->now, &p->hash, row);
    return e && e->pid > 0 ? owners_find(&p->owners, e->pid) : NULL;
}

static const struct owner *find(const struct procs *p, const struct socket_row *row)
{
    static const uint8_t none4[4];
    static const struct addr none6;
    struct socket_row listening = *row;
    const struct owner *o = owner_of(p, row);
    const struct addr any[] = { row->local, addr_v4(none4), none6 };
    listening.remote_port = 0;
    for (size_t i = 0; i < COUNT(any) && !o; i++) {
        listening.local = any[i];
        listening.remote = addr_v4(none4);
        o = owner_of(p, &listening);
        listening.remote = none6; /* of an IPv6 socket, which takes IPv4 too */
        o = o ? o : owner_of(p, &listening);
    }
    return o;
}

bool procs_find(struct procs *p, const struct socket_row *row, struct arena *a, struct process *out)
{
    pthread_mutex_lock(&p->mutex);
    const struct owner *o = find(p, row);
    bool found = o && process_copy(out, &o->process, a);
    pthread_mutex_unlock(&p->mutex);
    return found;
}

const struct counters *procs_counters(const struct procs *p)
{
    return &p->counters;
}
