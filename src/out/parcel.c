/* Parcels of J frames, stretches of them, and the queue of stretches (packetbeat-core.md 3.6). */
#include "out/parcel.h"

#include "base/bug.h"
#include "codec/lumberjack.h"

#define FIRST_BYTES ((size_t)64 * 1024)

struct parcel *parcel_new(unsigned max)
{
    BUG_ON(max == 0);
    struct parcel *p = xcalloc(1, sizeof *p);
    p->max = max;
    p->start = xcalloc((size_t)max + 1, sizeof *p->start);
    p->cap = FIRST_BYTES;
    p->p = xmalloc(p->cap);
    return p;
}

void parcel_free(struct parcel *p)
{
    if (!p)
        return;
    xfree(p->p);
    xfree(p->start);
    xfree(p);
}

void parcel_reset(struct parcel *p)
{
    BUG_ON(p->left);
    p->n = p->count = p->passed = 0;
    if (p->cap > 2 * PARCEL_BYTES) {
        p->cap = FIRST_BYTES;
        p->p = xrealloc(p->p, p->cap);
    }
}

bool parcel_is_full(const struct parcel *p)
{
    return p->count == p->max || p->n >= PARCEL_BYTES;
}

void parcel_add(struct parcel *p, struct slice json)
{
    BUG_ON(p->count == p->max);
    size_t need = p->n + LUMBERJACK_HEAD_BYTES + json.n;
    while (p->cap < need) {
        p->cap *= 2;
        p->p = xrealloc(p->p, p->cap);
    }
    struct buf b = { p->p, p->n, p->cap, false };
    lumberjack_put_json(&b, p->count + 1, json);
    p->n = b.n;
    p->start[++p->count] = b.n;
    p->left++;
}

/* ---- stretches */

unsigned stretch_count(const struct stretch *s)
{
    return s->to - s->from;
}

/* A frame begins with version, type and number. */
static void number_frame(uint8_t *frame, uint32_t n)
{
    for (unsigned i = 0; i < 4; i++)
        frame[2 + i] = (uint8_t)(n >> (24 - 8 * i));
}

struct slice stretch_frames(const struct stretch *s)
{
    struct parcel *p = s->parcel;
    for (unsigned i = s->from; i < s->to && s->from; i++)
        number_frame(p->p + p->start[i], i - s->from + 1);
    return slice_of(p->p + p->start[s->from], p->start[s->to] - p->start[s->from]);
}

bool stretch_pass(struct stretch *s, unsigned n)
{
    BUG_ON(n > stretch_count(s) || n > s->parcel->left);
    if (s->parcel->passed == s->from)
        s->parcel->passed += n;
    s->from += n;
    s->parcel->left -= n;
    return s->parcel->left == 0;
}

/* ---- the queue */

static struct stretch *new_stretch(struct stretch_queue *q)
{
    struct stretch *s = q->spare;
    if (s)
        q->spare = s->next;
    else
        s = xmalloc(sizeof *s);
    *s = (struct stretch){ 0 };
    return s;
}

static void free_list(struct stretch *s)
{
    while (s) {
        struct stretch *next = s->next;
        xfree(s);
        s = next;
    }
}

void stretch_queue_free(struct stretch_queue *q)
{
    free_list(q->first);
    free_list(q->spare);
    *q = (struct stretch_queue){ 0 };
}

void stretch_queue_add(struct stretch_queue *q, struct parcel *p)
{
    struct stretch *s = new_stretch(q);
    s->parcel = p;
    s->to = p->count;
    if (q->last)
        q->last->next = s;
    else
        q->first = s;
    q->last = s;
}

void stretch_queue_again(struct stretch_queue *q, struct stretch *s)
{
    s->next = q->first;
    q->first = s;
    if (!q->last)
        q->last = s;
}

struct stretch *stretch_queue_take(struct stretch_queue *q, unsigned max)
{
    struct stretch *s = q->first;
    BUG_ON(max == 0);
    if (!s)
        return NULL;
    if (stretch_count(s) > max) {
        struct stretch *head = new_stretch(q);
        *head = *s;
        head->to = s->from += max;
        s->failures = 0;
        s = head;
    } else {
        q->first = s->next;
        if (!q->first)
            q->last = NULL;
    }
    s->next = NULL;
    return s;
}

void stretch_done(struct stretch_queue *q, struct stretch *s)
{
    s->next = q->spare;
    q->spare = s;
}
