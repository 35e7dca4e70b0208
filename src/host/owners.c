/* Records of processes by pid, chained. Their number is bounded by that of the sockets. */
#include "host/owners.h"

#include "base/bug.h"
#include "os/clock.h"

#define KEEP_NS INT64_C(30000000000)

static struct owner **place(struct owners *o, int64_t pid)
{
    struct owner **at = &o->bucket[(uint64_t)pid % OWNERS_BUCKETS];
    while (*at && (*at)->process.pid != pid)
        at = &(*at)->next;
    return at;
}

struct owner *owners_find(const struct owners *o, int64_t pid)
{
    struct owner *at = o->bucket[(uint64_t)pid % OWNERS_BUCKETS];
    while (at && at->process.pid != pid)
        at = at->next;
    return at;
}

static size_t text_bytes(const struct process *p)
{
    size_t n = p->name.n + p->executable.n + p->cwd.n + p->container.n;
    for (unsigned i = 0; i < p->n_args; i++)
        n += p->args[i].n;
    return n;
}

static struct slice put(uint8_t **to, struct slice s)
{
    struct slice copy = slice_of(*to, s.n);
    if (s.n)
        memcpy(*to, s.p, s.n);
    *to += s.n;
    return copy;
}

/* The record, its list of arguments and all texts behind each other. */
static struct owner *pack(const struct process *p)
{
    struct owner *o = xcalloc(1, sizeof *o + p->n_args * sizeof *p->args + text_bytes(p));
    struct slice *args = (struct slice *)(o + 1);
    uint8_t *text = (uint8_t *)(args + p->n_args);
    o->process = *p;
    o->process.args = args;
    o->process.name = put(&text, p->name);
    o->process.executable = put(&text, p->executable);
    o->process.cwd = put(&text, p->cwd);
    o->process.container = put(&text, p->container);
    for (unsigned i = 0; i < p->n_args; i++)
        args[i] = put(&text, p->args[i]);
    return o;
}

void owners_put(struct owners *o, const struct process *p, int64_t now_ns)
{
    struct owner **at = place(o, p->pid), *old = *at;
    struct owner *made = pack(p);
    made->read_ns = now_ns;
    made->next = old ? old->next : NULL;
    made->used = true;
    *at = made;
    xfree(old);
}

void owners_sweep(struct owners *o)
{
    for (unsigned i = 0; i < OWNERS_BUCKETS; i++) {
        for (struct owner **at = &o->bucket[i]; *at;) {
            struct owner *one = *at;
            if (!one->used) {
                *at = one->next;
                xfree(one);
                continue;
            }
            one->used = false;
            at = &one->next;
        }
    }
}

const struct process *owners_look_up(struct owners *o, int64_t pid, const char *root,
                                     struct arena *mem)
{
    int64_t now = clock_mono_ns();
    struct process p;
    if (now - o->swept_ns >= KEEP_NS) {
        o->swept_ns = now;
        owners_sweep(o);
    }
    struct owner *known = owners_find(o, pid);
    if (!known || now - known->read_ns >= KEEP_NS) {
        arena_reset(mem);
        if (!process_read(&p, pid, mem, root))
            return NULL;
        owners_put(o, &p, now);
        known = owners_find(o, pid);
    }
    known->used = true;
    return &known->process;
}

void owners_free(struct owners *o)
{
    owners_sweep(o); /* takes the marks away */
    owners_sweep(o);
}
