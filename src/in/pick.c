/* Frames are looked at where they lie, and passed over. */
#include "in/pick.h"

#include "base/bug.h"
#include "in/fileclock.h"
#include "net/share.h"

#define FETCH_AHEAD   16
#define HEADERS_BYTES 40 /* their end may lie on a line that reading the file did not touch */

#define READS_MAX 64 /* without a frame of ours, before the worker may look at other things */

struct pick {
    struct capture base;
    struct capture *from;
    const struct hash_key *key;
    unsigned index, n;
    uint64_t number, packets; /* of the next frame; of those that count here */
    struct file_clock clock;
    struct counters counters;
};

/* Frames whose share cannot be told go to all; each of them counts at one. */
static bool is_wanted(struct pick *s, struct packet *p)
{
    uint64_t number = s->number++;
    int share = share_of_frame(p, s->key, s->n);
    file_clock_set(&s->clock, p, s->index == 0 ? &s->counters : NULL);
    p->clock_ns = s->clock.now_ns;
    p->is_copy = share < 0 && number % s->n != s->index;
    s->packets += (share < 0 || share == (int)s->index) && !p->is_copy;
    return share < 0 || share == (int)s->index;
}

/* -l: the next repetition. */
static void begin_pass(struct pick *s)
{
    if (s->from->pass == s->base.pass)
        return;
    s->base.pass = s->from->pass;
    s->base.passed_ns = s->clock.now_ns;
    s->clock = (struct file_clock){ 0 };
}

static int keep_wanted(struct pick *s, struct packet *p, int n)
{
    int kept = 0;
    for (int i = 0; i < n; i++) {
        if (i + FETCH_AHEAD < n)
            __builtin_prefetch(p[i + FETCH_AHEAD].frame.p + HEADERS_BYTES);
        if (!is_wanted(s, &p[i]))
            continue;
        if (kept != i)
            packet_capture_copy(&p[kept], &p[i]);
        kept++;
    }
    return kept;
}

static int pick_read(struct capture *c, struct packet *p, unsigned max, struct why *w)
{
    struct pick *s = container_of(c, struct pick, base);
    int kept = 0;
    s->from->no_wait = c->no_wait;
    for (unsigned i = 0; i < READS_MAX && !kept; i++) {
        int n = s->from->ops->read(s->from, p, max, w);
        if (n == CAPTURE_END)
            c->passed_ns = s->clock.now_ns;
        if (n <= 0)
            return n;
        begin_pass(s);
        kept = keep_wanted(s, p, n);
    }
    return kept;
}

static void pick_stats(struct capture *c, struct capture_stats *out)
{
    *out = (struct capture_stats){ .packets = container_of(c, struct pick, base)->packets };
}

static void pick_close(struct capture *c)
{
    xfree(container_of(c, struct pick, base));
}

static const struct capture_ops pick_ops = {
    .read = pick_read,
    .stats = pick_stats,
    .close = pick_close,
};

struct capture *pick_new(struct capture *from, unsigned index, unsigned n,
                         const struct net_conf *conf)
{
    struct pick *s = xcalloc(1, sizeof *s);
    BUG_ON(index >= n || from->live);
    s->base = (struct capture){ .ops = &pick_ops, .realtime = from->realtime, .fd = -1 };
    s->from = from;
    s->key = &conf->key;
    s->index = index;
    s->n = n;
    return &s->base;
}

const struct counters *pick_counters(const struct capture *pick)
{
    return &container_of(pick, struct pick, base)->counters;
}
