/* Frames are copied into blocks, one row of blocks a worker, which go round over two rings. */
#include "in/spread.h"

#include <assert.h>
#include <poll.h>
#include <stdatomic.h>

#include "base/bug.h"
#include "base/ring.h"
#include "in/fileclock.h"
#include "in/hold.h"
#include "net/decode.h"
#include "net/share.h"
#include "os/bell.h"

#define BLOCKS        8 /* of one worker */
#define BLOCK_PACKETS 256
#define BLOCK_BYTES   ((size_t)512 * 1024) /* of their frames: the largest frame fits */
#define READ_PACKETS  64
#define WAIT_MS       100

struct block {
    unsigned n, pass;
    int64_t passed_ns;
    size_t used;
    struct packet packet[BLOCK_PACKETS];
    uint8_t bytes[BLOCK_BYTES];
};

static_assert(BLOCKS * sizeof(struct block) <= SPREAD_PART_BYTES, "what the header says");

struct part {
    struct capture base;
    struct spread *spread;
    struct block *block[BLOCKS];
    struct ring ready, back; /* to the worker; from it */
    struct bell ready_bell;  /* what the worker sleeps on */
    struct block *open;      /* the reader's: being filled */
    struct block *given;     /* the worker's: packets from `next` on are not read yet */
    unsigned next;
    uint64_t packets;
};

struct spread {
    struct capture *from;
    const struct net_conf *conf;
    struct decoder *decoder;
    struct counters counters, decoded; /* decoded: what the workers count too */
    struct hold hold;
    uint64_t mask; /* of the workers that the frame in work is for */
    struct file_clock clock;
    int64_t passed_ns;
    unsigned pass;
    struct bell back_bell;   /* what the reader sleeps on */
    atomic_bool stop, ended; /* shared: set by any thread; set by the reader */
    struct packet packet[READ_PACKETS];
    unsigned n;
    struct part part[];
};

/* ---- blocks */

static void block_begin(struct spread *s, struct block *b)
{
    b->n = 0;
    b->used = 0;
    b->pass = s->pass;
    b->passed_ns = s->passed_ns;
}

/* Waits for the worker to give one back. NULL: it is to end. */
static struct block *wait_for_block(struct spread *s, struct part *part)
{
    struct pollfd ready = { .fd = s->back_bell.fd, .events = POLLIN };
    while (!atomic_load_explicit(&s->stop, memory_order_relaxed)) {
        bell_sleep_soon(&s->back_bell);
        struct block *b = ring_pop(&part->back);
        if (b)
            return b;
        poll(&ready, 1, WAIT_MS);
    }
    return NULL;
}

static void seal(struct part *part)
{
    if (!part->open || part->open->n == 0)
        return;
    BUG_ON(!ring_push(&part->ready, part->open));
    part->open = NULL;
    bell_ring(&part->ready_bell);
}

static void seal_all(struct spread *s)
{
    for (unsigned i = 0; i < s->n; i++)
        seal(&s->part[i]);
}

/* The block for a frame of n bytes; NULL: it is to end. */
static struct block *block_for(struct spread *s, struct part *part, size_t n)
{
    struct block *b = part->open;
    BUG_ON(n > BLOCK_BYTES);
    if (b && (b->n == BLOCK_PACKETS || BLOCK_BYTES - b->used < n || b->pass != s->pass))
        seal(part);
    if (!part->open) {
        b = ring_pop(&part->back);
        part->open = b ? b : wait_for_block(s, part);
        if (part->open)
            block_begin(s, part->open);
    }
    return part->open;
}

static void put(struct spread *s, struct part *part, const struct packet *p, bool is_copy)
{
    struct block *b = block_for(s, part, p->frame.n);
    if (!b)
        return;
    struct packet *to = &b->packet[b->n++];
    uint8_t *at = b->bytes + b->used;
    packet_capture_copy(to, p);
    if (p->frame.n)
        memcpy(at, p->frame.p, p->frame.n);
    to->frame = slice_of(at, p->frame.n);
    to->is_copy = is_copy;
    to->clock_ns = s->clock.now_ns;
    b->used += p->frame.n;
}

/* hold_give: to all workers of the mask; `counted`: one has counted it before. */
static void give(void *ctx, const struct packet *p, uint64_t mask, bool counted)
{
    struct spread *s = ctx;
    for (; mask; mask &= mask - 1) {
        put(s, &s->part[__builtin_ctzll(mask)], p, counted);
        counted = true;
    }
}

/* ---- frames */

static void visit(void *ctx, struct packet *p)
{
    struct spread *s = ctx;
    s->mask |= UINT64_C(1) << share_of(p, &s->conf->key, s->n);
}

static void take(struct spread *s, struct packet *p)
{
    file_clock_set(&s->clock, p, &s->counters);
    s->mask = 0;
    decode_packet(s->decoder, p, visit, s);
    hold_expire(&s->hold, s->clock.now_ns);
    hold_frame(&s->hold, p, s->mask, decoder_datagrams(s->decoder));
}

/* -l: what waits is of the repetition before. */
static void begin_pass(struct spread *s)
{
    if (s->from->pass == s->pass)
        return;
    hold_flush(&s->hold);
    seal_all(s);
    s->pass = s->from->pass;
    s->passed_ns = s->clock.now_ns;
    s->clock = (struct file_clock){ 0 };
}

static err read_all(struct spread *s, struct why *w)
{
    struct packet *p = s->packet;
    while (!atomic_load_explicit(&s->stop, memory_order_relaxed)) {
        int n = s->from->ops->read(s->from, p, READ_PACKETS, w);
        if (n == CAPTURE_FAILED)
            return ERR_IO;
        if (n == CAPTURE_END)
            break;
        begin_pass(s);
        for (int i = 0; i < n; i++)
            take(s, &p[i]);
        if (n == 0 || s->from->realtime)
            seal_all(s);
    }
    return ERR_OK;
}

err spread_run(struct spread *s, struct why *w)
{
    err e = read_all(s, w);
    hold_flush(&s->hold);
    seal_all(s);
    s->passed_ns = s->clock.now_ns;
    atomic_store_explicit(&s->ended, true, memory_order_release);
    for (unsigned i = 0; i < s->n; i++)
        bell_ring_always(&s->part[i].ready_bell);
    return e;
}

void spread_stop(struct spread *s)
{
    atomic_store_explicit(&s->stop, true, memory_order_relaxed);
    bell_ring_always(&s->back_bell);
}

/* ---- a worker's side */

static struct block *next_block(struct part *part)
{
    struct block *b = ring_pop(&part->ready);
    if (b)
        return b;
    bell_sleep_soon(&part->ready_bell);
    return ring_pop(&part->ready);
}

/* Nothing is there and nothing will come. */
static bool is_over(struct part *part)
{
    if (!atomic_load_explicit(&part->spread->ended, memory_order_acquire) ||
        ring_count(&part->ready))
        return false;
    part->base.passed_ns = part->spread->passed_ns;
    return true;
}

static bool have_block(struct part *part)
{
    struct pollfd ready = { .fd = part->base.fd, .events = POLLIN };
    if (part->given && part->next == part->given->n) {
        BUG_ON(!ring_push(&part->back, part->given));
        bell_ring(&part->spread->back_bell);
        part->given = NULL;
    }
    if (part->given)
        return true;
    part->next = 0;
    part->given = next_block(part);
    if (part->given || part->base.no_wait ||
        atomic_load_explicit(&part->spread->ended, memory_order_acquire))
        return part->given;
    poll(&ready, 1, WAIT_MS);
    part->given = next_block(part);
    return part->given;
}

static int part_read(struct capture *c, struct packet *p, unsigned max, struct why *w)
{
    struct part *part = container_of(c, struct part, base);
    unsigned n = 0;
    (void)w;
    if (!have_block(part))
        return is_over(part) ? CAPTURE_END : CAPTURE_IDLE;
    c->pass = part->given->pass;
    c->passed_ns = part->given->passed_ns;
    for (; n < max && part->next < part->given->n; n++)
        packet_capture_copy(&p[n], &part->given->packet[part->next++]);
    part->packets += n;
    return (int)n;
}

static void part_stats(struct capture *c, struct capture_stats *out)
{
    *out = (struct capture_stats){ .packets = container_of(c, struct part, base)->packets };
}

static void part_close(struct capture *c)
{
    (void)c;
}

static const struct capture_ops part_ops = {
    .read = part_read,
    .stats = part_stats,
    .close = part_close,
};

/* ---- birth and end */

static void part_init(struct spread *s, struct part *part)
{
    *part = (struct part){ .spread = s };
    bell_init(&part->ready_bell);
    part->base = (struct capture){ .ops = &part_ops,
                                   .realtime = s->from->realtime,
                                   .fd = part->ready_bell.fd };
    ring_init(&part->ready, BLOCKS);
    ring_init(&part->back, BLOCKS);
    for (unsigned i = 0; i < BLOCKS; i++) {
        part->block[i] = xmalloc(sizeof *part->block[i]);
        BUG_ON(!ring_push(&part->back, part->block[i]));
    }
}

static void part_free(struct part *part)
{
    for (unsigned i = 0; i < BLOCKS; i++)
        xfree(part->block[i]);
    ring_free(&part->ready);
    ring_free(&part->back);
    bell_close(&part->ready_bell);
}

struct spread *spread_new(struct capture *from, unsigned n, const struct net_conf *conf)
{
    BUG_ON(n == 0 || n > SPREAD_MAX);
    struct spread *s = xcalloc(1, sizeof *s + n * sizeof s->part[0]);
    s->from = from;
    s->conf = conf;
    s->n = n;
    s->decoder = decoder_new(conf, &s->decoded);
    hold_init(&s->hold, (size_t)conf->defrag_bytes, give, s);
    s->hold.counters = &s->counters;
    bell_init(&s->back_bell);
    for (unsigned i = 0; i < n; i++)
        part_init(s, &s->part[i]);
    return s;
}

struct capture *spread_part(struct spread *s, unsigned i)
{
    BUG_ON(i >= s->n);
    return &s->part[i].base;
}

const struct counters *spread_counters(const struct spread *s)
{
    return &s->counters;
}

void spread_free(struct spread *s)
{
    if (!s)
        return;
    for (unsigned i = 0; i < s->n; i++)
        part_free(&s->part[i]);
    hold_free(&s->hold);
    decoder_free(s->decoder);
    bell_close(&s->back_bell);
    xfree(s);
}
