/* A segment is delivered when two things hold: all bytes before it in its own direction have been
 * delivered, and so have all bytes of the other direction that its sender had seen (its ACK). The
 * second keeps an answer behind its request even where the capture swapped packets, or lost some.
 * What cannot be delivered waits (net/reorder.c). A hole is given up when
 *   - the window is full (conf->reorder_bytes, or REORDER_SEGMENTS),
 *   - the other side has acknowledged the missing bytes, so that the capture lost them, and nothing
 *     came for REORDER_PACKETS packets of the flow or for LOST_NS,
 *   - nothing came for HOLE_NS, or the connection ended.
 * Of bytes that come twice the first stand. */
#include "net/tcp.h"

#include "model/stream.h"
#include "net/deliver.h"
#include "net/reorder.h"

#define REORDER_PACKETS 16
#define LOST_NS         ((int64_t)1000000000)
#define HOLE_NS         ((int64_t)10000000000)
#define ACK_AHEAD_MAX   (1 << 24) /* a larger jump is not believed */
#define LATE_SYN_BYTES  65536     /* a SYN this far before the first packet seen opened it */
#define RESET_BEHIND    65536
#define RESET_AHEAD     (1 << 22)

#define OLDEST_LOOKS 4 /* streams that tcp_oldest passes over at most */

static int32_t ahead(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

void tcp_note(struct flow *flow, const struct packet *p, enum flow_dir dir)
{
    bool syn = p->tcp_flags & TCP_SYN;
    if (syn || !flow->tcp_flags[dir])
        flow->more->first_seq[dir] = p->seq + syn;
    flow->tcp_flags[dir] |= p->tcp_flags;
    if (!syn || flow->client_is_known)
        return;
    bool answers = p->tcp_flags & TCP_ACK;
    flow->client_is_known = 1;
    flow->client_is_back = (dir == FLOW_BACK) != answers;
    TRACE(TRACE_TCP, "client by SYN: %s", flow->client_is_back ? "the other side" : "first sender");
}

bool tcp_is_reuse(const struct flow *flow, const struct packet *p, enum flow_dir dir)
{
    if ((p->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) != TCP_SYN)
        return false;
    if (!flow->tcp_flags[dir])
        return flow->closing != FLOW_ALIVE;
    int32_t from_first = ahead(p->seq + 1, flow->more->first_seq[dir]);
    return from_first > 0 || from_first < -LATE_SYN_BYTES;
}

bool tcp_is_late(const struct flow *flow, const struct packet *p, enum flow_dir dir, uint64_t bytes)
{
    int64_t from_first = ahead(p->seq, flow->more->first_seq[dir]);
    return flow->tcp_flags[dir] && from_first >= -1 &&
           from_first <= (int64_t)bytes + LATE_SYN_BYTES;
}

bool tcp_is_stray_reset(const struct flow *flow, const struct packet *p, enum flow_dir dir)
{
    const struct tcp_stream *s = flow->more->tcp;
    if (!s || !s->half[dir].is_synced)
        return false;
    int32_t from_next = ahead(p->seq, s->half[dir].next);
    return from_next < -RESET_BEHIND || from_next > RESET_AHEAD;
}

static struct tcp_stream *stream_begin(struct dispatch *d, struct flow *flow)
{
    struct tcp_stream *s = slab_alloc(d->env->slab, sizeof *s);
    if (!s) {
        counter_add(d->env->counters, COUNTER_TCP_BUFFER_REFUSED, 1);
        return NULL;
    }
    for (unsigned i = 0; i < 2; i++) {
        if (flow->tcp_flags[i] & TCP_SYN) {
            s->half[i].next = flow->more->first_seq[i];
            s->half[i].is_synced = true;
        }
    }
    s->flow = flow;
    list_append(&d->streams, &s->age);
    flow->more->tcp = s;
    return s;
}

static void stream_free(struct dispatch *d, struct flow *flow)
{
    struct slab *slab = d->env->slab;
    for (unsigned i = 0; i < 2; i++) {
        struct stream_half *half = &flow->more->tcp->half[i];
        reorder_clear(slab, half);
        slab_free(slab, half->buffer.p, half->buffer.cap);
        slab_free(slab, half->kept.p, half->kept.cap);
    }
    list_remove(&flow->more->tcp->age);
    slab_free(slab, flow->more->tcp, sizeof *flow->more->tcp);
    flow->more->tcp = NULL;
}

/* What follows is about one flow and one moment. */
struct work {
    struct dispatch *d;
    struct flow *flow;
    struct tcp_stream *s;
    int64_t now_ns;
};

static struct delivery delivery_of(const struct work *w, enum flow_dir dir, int64_t ts_ns)
{
    struct stream_half *half = &w->s->half[dir];
    half->last_ns = ts_ns > half->last_ns ? ts_ns : half->last_ns;
    return (struct delivery){ .d = w->d, .flow = w->flow, .dir = dir, .now_ns = half->last_ns };
}

/* True when the other direction has delivered all that the sender of seg had seen. */
static bool is_after_its_cause(const struct work *w, enum flow_dir dir, const struct segment *seg)
{
    const struct stream_half *other = &w->s->half[!dir];
    if (!seg->has_ack || !other->is_synced || other->is_ended)
        return true;
    int32_t unseen = ahead(seg->ack, other->next);
    return unseen <= 0 || unseen > ACK_AHEAD_MAX;
}

static void end_half(const struct work *w, enum flow_dir dir, enum flow_end_reason reason)
{
    struct stream_half *half = &w->s->half[dir];
    struct delivery to = delivery_of(w, dir, half->last_ns ? half->last_ns : w->now_ns);
    deliver_end(&to, reason);
    reorder_clear(w->d->env->slab, half);
}

/* seg begins at half->next. */
static void deliver_segment(const struct work *w, enum flow_dir dir, const struct segment *seg)
{
    struct stream_half *half = &w->s->half[dir];
    struct delivery to = delivery_of(w, dir, seg->ts_ns);
    half->next = seg->seq + segment_wire_bytes(seg);
    if (seg->bytes.n)
        deliver_bytes(&to, seg->bytes);
    if (seg->cut && !w->s->is_over)
        deliver_gap(&to, seg->cut);
    if (seg->fin && !w->s->is_over) {
        half->next++;
        end_half(w, dir, FLOW_END_FIN);
    }
}

/* Delivers the first waiting segment if it may be. */
static bool deliver_held(const struct work *w, enum flow_dir dir)
{
    struct stream_half *half = &w->s->half[dir];
    if (!half->first || w->s->is_over || ahead(half->first->s.seq, half->next) > 0 ||
        !is_after_its_cause(w, dir, &half->first->s))
        return false;
    struct held *held = reorder_take(half);
    int32_t old = ahead(half->next, held->s.seq);
    uint32_t n = segment_wire_bytes(&held->s);
    segment_trim(&held->s, (uint32_t)old < n ? (uint32_t)old : n);
    if (segment_wire_bytes(&held->s) || held->s.fin)
        deliver_segment(w, dir, &held->s);
    reorder_free(w->d->env->slab, held);
    return true;
}

/* Delivers all that may be; true when something was. */
static bool settle(const struct work *w)
{
    bool any = false;
    while (deliver_held(w, FLOW_FIRST) || deliver_held(w, FLOW_BACK))
        any = true;
    return any;
}

/* The bytes up to sequence number `to` will not come. */
static void give_up_to(const struct work *w, enum flow_dir dir, uint32_t to_seq, int64_t ts_ns)
{
    struct stream_half *half = &w->s->half[dir];
    uint32_t missing = to_seq - half->next;
    TRACE(TRACE_TCP, "hole of %u bytes given up, direction %u", missing, dir);
    struct delivery to = delivery_of(w, dir, ts_ns);
    half->next = to_seq;
    deliver_gap(&to, missing);
}

/* Gives up the hole before the first waiting segment, or what that segment waits for. */
static void give_up_first(const struct work *w, enum flow_dir dir)
{
    struct stream_half *half = &w->s->half[dir];
    const struct segment *seg = &half->first->s;
    if (!is_after_its_cause(w, dir, seg)) {
        struct stream_half *other = &w->s->half[!dir];
        uint32_t to = seg->ack;
        if (other->first && ahead(other->first->s.seq, to) < 0)
            to = other->first->s.seq;
        if (ahead(to, other->next) > 0)
            give_up_to(w, (enum flow_dir) !dir, to, seg->ts_ns);
        else /* both wait for each other: such ACKs are not of one connection */
            other->first->s.has_ack = half->first->s.has_ack = false;
    }
    if (!w->s->is_over && half->first && ahead(half->first->s.seq, half->next) > 0 &&
        is_after_its_cause(w, dir, &half->first->s))
        give_up_to(w, dir, half->first->s.seq, half->first->s.ts_ns);
}

/* Gives up everything that is missing, and delivers the rest. */
static void force(const struct work *w)
{
    while (!w->s->is_over) {
        settle(w);
        struct held *a = w->s->half[FLOW_FIRST].first, *b = w->s->half[FLOW_BACK].first;
        if (!a && !b)
            return;
        bool back = !a || (b && b->s.ts_ns < a->s.ts_ns);
        give_up_first(w, back ? FLOW_BACK : FLOW_FIRST);
    }
}

/* True when the other side has acknowledged bytes of dir that were not seen. */
static bool is_lost(const struct tcp_stream *s, enum flow_dir dir)
{
    const struct stream_half *half = &s->half[dir];
    return half->is_synced && half->has_ack && !half->is_ended &&
           ahead(half->acked, half->next) > 0;
}

/* Gives up, for as long as it helps, what `dir` waits for: bytes that the capture has lost; with
 * all_holes also those that may still come. */
static void relieve(const struct work *w, enum flow_dir dir, bool all_holes)
{
    struct stream_half *half = &w->s->half[dir];
    while (!w->s->is_over && half->first) {
        bool own_hole = ahead(half->first->s.seq, half->next) > 0;
        if (own_hole && !all_holes && !is_lost(w->s, dir))
            return;
        give_up_first(w, dir);
        settle(w);
    }
}

static void note_ack(struct tcp_stream *s, const struct packet *p, enum flow_dir dir)
{
    struct stream_half *half = &s->half[!dir];
    if (!(p->tcp_flags & TCP_ACK) || !half->is_synced)
        return;
    if (ahead(p->ack, half->next) > ACK_AHEAD_MAX)
        return;
    if (!half->has_ack || ahead(p->ack, half->acked) > 0)
        half->acked = p->ack;
    half->has_ack = true;
}

/* Cuts off what was seen before; false when nothing is left of it. */
static bool trim_seen(const struct work *w, enum flow_dir dir, struct segment *seg)
{
    struct stream_half *half = &w->s->half[dir];
    struct counters *counters = w->d->env->counters;
    uint32_t n = segment_wire_bytes(seg);
    int32_t old = ahead(half->next, seg->seq);
    if (old <= 0)
        return n || seg->fin;
    bool all = old >= (int32_t)n;
    TRACE(TRACE_TCP, "%s seen before", all ? "segment" : "part of a segment");
    counter_add(counters, all ? COUNTER_TCP_RETRANSMITTED : COUNTER_TCP_OVERLAP, 1);
    segment_trim(seg, all ? n : (uint32_t)old);
    return !all || (seg->fin && old == (int32_t)n); /* else it is a FIN of an older time */
}

/* Keeps seg until it may be delivered; makes room by giving up the oldest holes. */
static void hold(const struct work *w, enum flow_dir dir, struct segment *seg)
{
    struct stream_half *half = &w->s->half[dir];
    struct slab *slab = w->d->env->slab;
    counter_add(w->d->env->counters, COUNTER_TCP_OUT_OF_ORDER, 1);
    TRACE(TRACE_TCP, "segment of %u bytes waits, %d ahead", segment_wire_bytes(seg),
          ahead(seg->seq, half->next));
    while (!reorder_add(slab, half, seg, (size_t)w->d->conf->reorder_bytes)) {
        if (!half->first) { /* alone, and no room: nothing can be waited for */
            if (ahead(seg->seq, half->next) > 0)
                give_up_to(w, dir, seg->seq, seg->ts_ns);
            if (!w->s->is_over)
                deliver_segment(w, dir, seg);
            return;
        }
        TRACE(TRACE_TCP, "reorder window is full");
        give_up_first(w, dir);
        settle(w);
        if (w->s->is_over || half->is_ended || !trim_seen(w, dir, seg))
            return;
    }
}

static void take(const struct work *w, enum flow_dir dir, struct segment *seg)
{
    struct stream_half *half = &w->s->half[dir];
    if (half->is_ended)
        return;
    if (!half->is_synced) {
        half->next = seg->seq;
        half->is_synced = true;
        TRACE(TRACE_TCP, "direction %u joined in mid-stream", dir);
    }
    if (!trim_seen(w, dir, seg))
        return;
    uint32_t end = seg->seq + segment_wire_bytes(seg) + seg->fin;
    bool clear = !half->first || ahead(end, half->first->s.seq) <= 0;
    if (seg->seq == half->next && clear && is_after_its_cause(w, dir, seg))
        deliver_segment(w, dir, seg);
    else
        hold(w, dir, seg);
}

/* After each packet: how long has this direction been waiting? */
static void check_stuck(const struct work *w, enum flow_dir dir, bool progress)
{
    struct stream_half *half = &w->s->half[dir];
    if (!half->first) {
        half->stuck_ns = 0;
    } else if (progress || !half->stuck_ns) {
        half->stuck_ns = w->now_ns;
        half->stuck_packets = 0;
    } else {
        if (half->stuck_packets < REORDER_PACKETS)
            half->stuck_packets++;
        int64_t waited_ns = w->now_ns - half->stuck_ns;
        if (half->stuck_packets >= REORDER_PACKETS || waited_ns >= LOST_NS)
            relieve(w, dir, waited_ns >= HOLE_NS);
        half->stuck_ns = half->first ? half->stuck_ns : 0;
    }
}

/* The segment in its turn, then what it made deliverable. */
static void advance(const struct work *w, enum flow_dir dir, struct segment *seg)
{
    uint32_t next[2] = { w->s->half[0].next, w->s->half[1].next };
    if (segment_wire_bytes(seg) || seg->fin)
        take(w, dir, seg);
    settle(w);
    for (unsigned i = 0; i < 2 && !w->s->is_over; i++)
        check_stuck(w, (enum flow_dir)i, next[i] != w->s->half[i].next);
}

static bool is_waiting(const struct tcp_stream *s)
{
    return s->half[0].first || s->half[1].first;
}

/* Both directions have ended, or nothing more is wanted. */
static void finish_if_over(const struct work *w, enum flow_end_reason reason)
{
    bool ended = w->s->half[0].is_ended && w->s->half[1].is_ended;
    if (!ended && !w->s->is_over)
        return;
    dispatch_detach(w->d, w->flow, reason, w->now_ns);
    stream_free(w->d, w->flow);
}

/* Payload, or a FIN behind payload that has not come yet. */
static bool is_worth_a_stream(const struct flow *flow, const struct packet *p, enum flow_dir dir)
{
    if (p->tcp_flags & TCP_RST)
        return false;
    bool early_fin = p->tcp_flags & TCP_FIN && flow->tcp_flags[dir] & TCP_SYN &&
                     p->seq != flow->more->first_seq[dir];
    return p->payload.n || p->cut || early_fin;
}

void tcp_packet(struct dispatch *d, struct flow *flow, const struct packet *p, enum flow_dir dir,
                int64_t now_ns)
{
    bool rst = p->tcp_flags & TCP_RST; /* its payload is a message to humans, RFC 9293 3.5.3 */
    bool empty = rst || (!p->payload.n && !p->cut);
    if (flow->proto_id == FLOW_PROTO_NONE || p->is_fragment)
        return;
    if (!flow->more->tcp && !(is_worth_a_stream(flow, p, dir) && stream_begin(d, flow)))
        return;
    struct work w = { .d = d, .flow = flow, .s = flow->more->tcp, .now_ns = now_ns };
    struct segment seg = { .ts_ns = p->ts_ns,
                           .bytes = empty ? slice_of(NULL, 0) : p->payload,
                           .seq = p->seq + ((p->tcp_flags & TCP_SYN) != 0),
                           .cut = empty ? 0 : p->cut,
                           .ack = p->ack,
                           .has_ack = p->tcp_flags & TCP_ACK,
                           .fin = !rst && p->tcp_flags & TCP_FIN };
    note_ack(w.s, p, dir);
    advance(&w, dir, &seg);
    if (rst && !w.s->is_over && !is_waiting(w.s) && p->seq == w.s->half[dir].next &&
        is_after_its_cause(&w, dir, &seg))
        tcp_end(d, flow, FLOW_END_RST, now_ns);
    else
        finish_if_over(&w, FLOW_END_FIN);
}

int64_t tcp_due_ns(const struct flow *flow)
{
    const struct tcp_stream *s = flow->more ? flow->more->tcp : NULL;
    int64_t due_ns = INT64_MAX;
    for (unsigned i = 0; i < 2 && s; i++) {
        const struct stream_half *half = &s->half[i];
        if (!half->first || !half->stuck_ns)
            continue;
        bool own_hole = ahead(half->first->s.seq, half->next) > 0;
        bool lost = !own_hole || is_lost(s, (enum flow_dir)i);
        int64_t mine_ns = half->stuck_ns + (lost ? LOST_NS : HOLE_NS);
        due_ns = mine_ns < due_ns ? mine_ns : due_ns;
    }
    return due_ns;
}

void tcp_tick(struct dispatch *d, struct flow *flow, int64_t now_ns)
{
    if (tcp_due_ns(flow) > now_ns)
        return;
    struct work w = { .d = d, .flow = flow, .s = flow->more->tcp, .now_ns = now_ns };
    for (unsigned i = 0; i < 2 && !w.s->is_over; i++) {
        struct stream_half *half = &w.s->half[i];
        if (half->first && now_ns - half->stuck_ns >= LOST_NS)
            relieve(&w, (enum flow_dir)i, now_ns - half->stuck_ns >= HOLE_NS);
        half->stuck_ns = half->first ? half->stuck_ns : 0;
    }
    finish_if_over(&w, FLOW_END_FIN);
}

/* Bytes at the end that were acknowledged but not seen. One may be an unseen FIN. */
static void give_up_tail(const struct work *w, enum flow_dir dir)
{
    const struct stream_half *half = &w->s->half[dir];
    if (!w->s->is_over && is_lost(w->s, dir) && ahead(half->acked, half->next) > 1)
        give_up_to(w, dir, half->acked, half->last_ns);
}

void tcp_end(struct dispatch *d, struct flow *flow, enum flow_end_reason reason, int64_t now_ns)
{
    if (!flow->more)
        return;
    if (flow->more->tcp) {
        struct work w = { .d = d, .flow = flow, .s = flow->more->tcp, .now_ns = now_ns };
        force(&w);
        enum flow_dir client = flow->client_is_back ? FLOW_BACK : FLOW_FIRST;
        for (unsigned i = 0; i < 2; i++) {
            enum flow_dir dir = i ? (enum flow_dir) !client : client;
            give_up_tail(&w, dir);
            end_half(&w, dir, reason);
        }
        stream_free(d, flow);
    }
    dispatch_detach(d, flow, reason, now_ns);
}

struct flow *tcp_oldest(struct dispatch *d, bool (*is_spared)(const struct flow *flow))
{
    for (unsigned i = 0; i < OLDEST_LOOKS && !list_is_empty(&d->streams); i++) {
        struct list *oldest = list_first(&d->streams);
        struct flow *flow = container_of(oldest, struct tcp_stream, age)->flow;
        if (!is_spared(flow))
            return flow;
        list_remove(oldest);
        list_append(&d->streams, oldest);
    }
    return NULL;
}
