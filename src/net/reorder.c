/* Out-of-order segments: a list in order of sequence numbers, without overlaps. Serial number
 * arithmetic as RFC 9293 section 3.4. */
#include "net/reorder.h"

#include "base/bug.h"

static int32_t ahead(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

void segment_trim(struct segment *s, uint32_t n)
{
    uint32_t there = (uint32_t)s->bytes.n;
    s->bytes = slice_after(s->bytes, n);
    if (n > there)
        s->cut -= n - there;
    s->seq += n;
}

/* The first n bytes of s, without its FIN. */
static struct segment segment_head(const struct segment *s, uint32_t n)
{
    struct segment head = *s;
    head.bytes = slice_first(s->bytes, n);
    head.cut = n - (uint32_t)head.bytes.n;
    head.fin = false;
    return head;
}

/* Puts a copy behind `after` (NULL: in front). */
static bool put(struct slab *slab, struct stream_half *half, struct held *after,
                const struct segment *s)
{
    struct held *held = slab_alloc(slab, sizeof *held + s->bytes.n);
    if (!held)
        return false;
    held->slab_bytes = sizeof *held + s->bytes.n;
    held->s = *s;
    held->s.bytes = slice_of(held->data, s->bytes.n);
    if (s->bytes.n)
        memcpy(held->data, s->bytes.p, s->bytes.n);
    held->next = after ? after->next : half->first;
    if (after)
        after->next = held;
    else
        half->first = held;
    if (half->last == after)
        half->last = held;
    half->n_held++;
    half->held_bytes += (uint32_t)slab_class_bytes(held->slab_bytes);
    return true;
}

static bool has_room(const struct stream_half *half, const struct segment *s, size_t max_bytes)
{
    size_t bytes = slab_class_bytes(sizeof(struct held) + s->bytes.n);
    return half->n_held < REORDER_SEGMENTS && half->held_bytes + bytes <= max_bytes;
}

static uint32_t end_of(const struct held *held)
{
    return held->s.seq + segment_wire_bytes(&held->s);
}

bool reorder_add(struct slab *slab, struct stream_half *half, const struct segment *s,
                 size_t max_bytes)
{
    struct segment rest = *s;
    struct held *before = NULL, *it = half->first;
    if (half->last && ahead(rest.seq, end_of(half->last)) >= 0) {
        before = half->last; /* nearly always: behind all others */
        it = NULL;
    }
    for (; it && segment_wire_bytes(&rest); before = it, it = it->next) {
        int32_t free_bytes = ahead(it->s.seq, rest.seq);
        if (free_bytes >= (int32_t)segment_wire_bytes(&rest))
            break;
        if (free_bytes > 0) {
            struct segment part = segment_head(&rest, (uint32_t)free_bytes);
            if (!has_room(half, &part, max_bytes) || !put(slab, half, before, &part))
                return false;
        }
        int32_t covered = ahead(end_of(it), rest.seq);
        if (covered > 0) {
            uint32_t n = segment_wire_bytes(&rest);
            segment_trim(&rest, (uint32_t)covered < n ? (uint32_t)covered : n);
        }
    }
    if (!segment_wire_bytes(&rest) && !rest.fin)
        return true;
    while (it && rest.fin && !segment_wire_bytes(&rest) && ahead(it->s.seq, rest.seq) <= 0) {
        before = it; /* a bare FIN stands behind what it ends */
        it = it->next;
    }
    bool bare = !segment_wire_bytes(&rest);
    if (bare && before && (before->s.fin || ahead(rest.seq, end_of(before)) < 0))
        return true; /* known, or an end before bytes that came earlier: those stand */
    return has_room(half, &rest, max_bytes) && put(slab, half, before, &rest);
}

struct held *reorder_take(struct stream_half *half)
{
    struct held *held = half->first;
    if (!held)
        return NULL;
    half->first = held->next;
    if (!half->first)
        half->last = NULL;
    half->n_held--;
    half->held_bytes -= (uint32_t)slab_class_bytes(held->slab_bytes);
    return held;
}

void reorder_free(struct slab *slab, struct held *held)
{
    slab_free(slab, held, held->slab_bytes);
}

void reorder_clear(struct slab *slab, struct stream_half *half)
{
    struct held *held;
    while ((held = reorder_take(half)))
        reorder_free(slab, held);
}
