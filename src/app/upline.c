/* The line of `wirelume up`. */
#include "app/upline.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/bug.h"
#include "codec/jsondoc.h"

#define NODES_MAX  65536
#define NOTE_BYTES 512
#define NS_PER_S   1e9
#define GIB        (1024.0 * 1024 * 1024)
#define CLEAR_LINE "\r\033[K"

struct health {
    unsigned long long stored, lost;
    double free_gib;
    bool known;
};

static unsigned long long number_at(const struct jsondoc *d, const struct jsondoc_node *of,
                                    struct slice key)
{
    const struct jsondoc_node *v = jsondoc_get(d, of, key);
    return v && v->type == JD_INT && v->i > 0 ? (unsigned long long)v->i : 0;
}

/* Whether it is new; a note that differs in its numbers alone is not. */
static bool remember(struct upline *l, struct slice note)
{
    static const struct hash_key key = { 0x6e6f7465, 0x73 };
    uint8_t text[NOTE_BYTES];
    size_t n = 0;
    for (size_t i = 0; i < note.n && n < sizeof text; i++)
        if (note.p[i] < '0' || note.p[i] > '9')
            text[n++] = note.p[i];
    uint64_t hash = hash_bytes(&key, text, n);
    for (unsigned i = 0; i < l->n_said; i++)
        if (l->said[i] == hash)
            return false;
    if (l->n_said == UPLINE_NOTES)
        return false;
    l->said[l->n_said++] = hash;
    return true;
}

static void say_notes(struct upline *l)
{
    const struct jsondoc_node *all = l->health.node;
    const struct jsondoc_node *notes = jsondoc_get(&l->health, &all[0], SLICE("notes"));
    uint32_t at = notes && notes->type == JD_ARRAY ? notes->child : 0;
    for (; at; at = all[at].next) {
        struct slice note = slice_of(all[at].s, all[at].n);
        if (all[at].type == JD_STR && remember(l, note))
            upline_say(l, "up: %.*s", (int)note.n, (const char *)note.p);
    }
}

/* The numbers; the notes are said. */
static struct health read_health(struct upline *l, struct slice text)
{
    struct health h = { 0 };
    struct jsondoc *d = &l->health;
    if (!text.n)
        return h;
    uint8_t *copy = xcalloc(1, text.n + JSONDOC_PAD);
    memcpy(copy, text.p, text.n);
    if (!d->node)
        jsondoc_init(d, NODES_MAX);
    if (jsondoc_read(d, copy, text.n, 0) == JSONDOC_OK) {
        const struct jsondoc_node *c = jsondoc_get(d, &d->node[0], SLICE("counters"));
        const struct jsondoc_node *disk = jsondoc_get(d, &d->node[0], SLICE("disk"));
        h.stored = number_at(d, c, SLICE("events.written"));
        h.lost = number_at(d, c, SLICE("intake.refused")) + number_at(d, c, SLICE("gelf.dropped")) +
                 number_at(d, c, SLICE("events.failed"));
        h.free_gib = (double)number_at(d, disk, SLICE("free_bytes")) / GIB;
        h.known = true;
        say_notes(l);
    }
    xfree(copy);
    return h;
}

static double rate(unsigned long long now, unsigned long long before, double seconds)
{
    return now > before && seconds > 0 ? (double)(now - before) / seconds : 0;
}

void upline_count(struct upline *l, unsigned long long packets, unsigned long long lost)
{
    atomic_store(&l->packets, packets);
    atomic_store(&l->lost, lost);
}

void upline_show(struct upline *l, struct slice health, int64_t now_ns)
{
    struct health h = read_health(l, health);
    unsigned long long packets = atomic_load(&l->packets);
    double seconds = l->before_ns ? (double)(now_ns - l->before_ns) / NS_PER_S : 0;
    if (l->terminal && h.known)
        fprintf(stderr, CLEAR_LINE "%.0f events/s  %.0f packets/s  %llu dropped  %.1f GiB free",
                rate(h.stored, l->before_events, seconds),
                rate(packets, l->before_packets, seconds), h.lost + atomic_load(&l->lost),
                h.free_gib);
    else if (l->terminal)
        fputs(CLEAR_LINE "the server does not answer", stderr);
    l->shown = l->terminal;
    l->before_ns = now_ns;
    l->before_packets = packets;
    l->before_events = h.known ? h.stored : l->before_events;
}

void upline_say(struct upline *l, const char *fmt, ...)
{
    va_list ap;
    if (l->shown)
        fputs(CLEAR_LINE, stderr);
    l->shown = false;
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
}

void upline_end(struct upline *l)
{
    if (l->shown)
        fputc('\n', stderr);
    l->shown = false;
    if (l->health.node)
        jsondoc_free(&l->health);
}
