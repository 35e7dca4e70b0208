/* Frames in lists: by age, and by the datagram that they are of. When a datagram turns out to be
 * inside another one's payload, the outer one's frames become frames of the inner. */
#include "in/hold.h"

#include "base/bug.h"

struct held {
    struct list age, group;
    uint32_t number; /* of the datagram */
    uint64_t given;  /* workers that have had it */
    struct packet p;
    uint8_t bytes[];
};

static struct list *bucket_of(struct hold *h, uint32_t number)
{
    return &h->bucket[number % HOLD_BUCKETS];
}

void hold_init(struct hold *h, size_t max_bytes,
               void (*give)(void *ctx, const struct packet *p, uint64_t mask, bool counted),
               void *ctx)
{
    *h = (struct hold){ .max_bytes = max_bytes, .give = give, .ctx = ctx };
    list_init(&h->age);
    for (unsigned i = 0; i < HOLD_BUCKETS; i++)
        list_init(&h->bucket[i]);
}

static void drop(struct hold *h, struct held *f)
{
    list_remove(&f->age);
    list_remove(&f->group);
    h->bytes -= sizeof *f + f->p.frame.n;
    xfree(f);
}

static void give_to(struct hold *h, struct held *f, uint64_t mask)
{
    mask &= ~f->given;
    if (mask)
        h->give(h->ctx, &f->p, mask, f->given != 0);
    f->given |= mask;
}

/* Each frame of the datagram, in order: given to the mask, dropped, or made one of another. */
static void each_of(struct hold *h, uint32_t number, uint64_t mask, bool is_over, uint32_t becomes)
{
    struct list *head = bucket_of(h, number), *next;
    for (struct list *it = head->next; it != head; it = next) {
        struct held *f = container_of(it, struct held, group);
        next = it->next;
        if (f->number != number)
            continue;
        give_to(h, f, mask);
        if (is_over) {
            drop(h, f);
        } else if (becomes != number) {
            f->number = becomes;
            list_remove(&f->group);
            list_append(bucket_of(h, becomes), &f->group);
        }
    }
}

static void release_oldest(struct hold *h)
{
    struct held *f = container_of(list_first(&h->age), struct held, age);
    if (!f->given)
        give_to(h, f, 1);
    drop(h, f);
}

static void keep(struct hold *h, const struct packet *p, uint32_t number, uint64_t given)
{
    struct held *f = xmalloc(sizeof *f + p->frame.n);
    packet_capture_copy(&f->p, p);
    if (p->frame.n)
        memcpy(f->bytes, p->frame.p, p->frame.n);
    f->p.frame = slice_of(f->bytes, p->frame.n);
    f->number = number;
    f->given = given;
    list_append(&h->age, &f->age);
    list_append(bucket_of(h, number), &f->group);
    h->bytes += sizeof *f + p->frame.n;
    while (h->bytes > h->max_bytes) {
        counter_add(h->counters, COUNTER_DEFRAG_EVICTED, 1);
        release_oldest(h);
    }
}

void hold_frame(struct hold *h, const struct packet *p, uint64_t mask, const struct touched *t)
{
    uint32_t last = t->n ? t->number[t->n - 1] : 0;
    if (!mask && !(t->n && t->is_open))
        mask = 1; /* nobody's flow: one worker counts it */
    for (unsigned i = 0; i + 1 < t->n; i++)
        each_of(h, t->number[i], 0, false, last);
    if (t->n)
        each_of(h, last, mask, !t->is_open, last);
    if (mask)
        h->give(h->ctx, p, mask, false);
    if (t->n && t->is_open)
        keep(h, p, last, mask);
}

void hold_expire(struct hold *h, int64_t now_ns)
{
    while (list_first(&h->age)) {
        const struct held *f = container_of(list_first(&h->age), struct held, age);
        if (now_ns - f->p.ts_ns < DEFRAG_TIMEOUT_V6_NS)
            break;
        release_oldest(h);
    }
}

void hold_flush(struct hold *h)
{
    while (list_first(&h->age))
        release_oldest(h);
}

void hold_free(struct hold *h)
{
    while (list_first(&h->age))
        drop(h, container_of(list_first(&h->age), struct held, age));
}
