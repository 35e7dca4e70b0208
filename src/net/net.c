/* One worker's packet path: the decoder's packets are counted in flows, given to protocols, and
 * flows end by timers. All time is packet time: the largest that was seen. */
#include "net/net.h"

#include "net/decode.h"
#include "net/dispatch.h"
#include "net/flowreport.h"
#include "net/flowtable.h"
#include "net/plain.h"
#include "net/share.h"
#include "net/tcp.h"
#include "net/wheel.h"

/* Idle times after FIN or RST: for trailing segments to be counted; for late copies to be known. */
#define LINGER_NS       ((int64_t)5000000000)
#define REMEMBER_NS     ((int64_t)60000000000)
#define TIME_MAX_NS     ((int64_t)1 << 61)
#define EVICTIONS_MAX   4  /* flows ended to make room for one */
#define ROOM_EVICTIONS  32 /* before a packet, when memory is short */
#define PAIRS_MAX       ((size_t)1 << 20)
#define SCRATCH_BYTES   ((size_t)64 * 1024 * 1024)
#define SLAB_PARTS      16 /* of memory_bytes, */
#define SLAB_PARTS_USED 15 /* so many are handed out */
#define SLAB_LEAST      ((size_t)1024 * 1024)

/* Keys of packets to come, in the order of net_prefetch. A key serves three times: at once to fetch
 * the bucket, FETCH_FLOW calls later, when the bucket is there, to fetch the flow, and in the
 * packet's turn, so that nothing is hashed twice. */
#define AHEAD      (2 * NET_AHEAD)
#define FETCH_FLOW (NET_AHEAD / 2)

struct net {
    const struct net_conf *conf;
    struct counters *counters;
    int64_t now_ns; /* the largest packet time */
    int64_t timeout_ns, period_ns;
    unsigned share, n_shares; /* n_shares 0: all flows are ours */
    struct plain_key ahead[AHEAD];
    unsigned n_ahead, n_packets; /* calls of net_prefetch and net_packet */
    struct flowtable table;
    struct wheel wheel;
    struct dispatch dispatch;
    struct decoder *decoder;
    struct proto_env env;
    struct slab slab;
    struct chunk_pool scratch_chunks;
    struct arena scratch;
};

static int64_t bounded(int64_t ns)
{
    return ns < TIME_MAX_NS ? ns : TIME_MAX_NS;
}

/* Without packets for this long the flow is reported as ended. */
static int64_t idle_ns(const struct net *net, const struct flow *flow)
{
    return flow->closing ? LINGER_NS : net->timeout_ns;
}

/* Without packets for this long it is forgotten: not before its protocol's requests are. */
static int64_t keep_ns(const struct net *net, const struct flow *flow)
{
    int64_t idle = idle_ns(net, flow);
    if (flow->was_followed && (flow->closing || flow->proto_id == FLOW_PROTO_NONE))
        return idle > REMEMBER_NS ? idle : REMEMBER_NS;
    if (flow->closing || !flow->more || (!flow->more->tcp && !pair_flow_waits(flow)))
        return idle;
    int64_t wait = dispatch_timeout_ns(&net->dispatch, flow);
    return wait > idle ? bounded(wait) : idle;
}

static bool has_periods(const struct net *net, const struct flow *flow)
{
    return net->period_ns > 0 && !flow->end_reason;
}

/* When the next periodic report is due. */
static int64_t report_ns(const struct net *net, const struct flow *flow)
{
    return flow->begin_ns + flow->report_no * net->period_ns;
}

/* When the next thing will have to be done. */
static int64_t next_ns(const struct net *net, const struct flow *flow)
{
    int64_t due_ns = flow->last_ns + (flow->end_reason ? keep_ns(net, flow) : idle_ns(net, flow));
    if (has_periods(net, flow) && report_ns(net, flow) < due_ns)
        due_ns = report_ns(net, flow);
    int64_t tcp_ns = tcp_due_ns(flow);
    return tcp_ns < due_ns ? tcp_ns : due_ns;
}

static bool is_due(const struct net *net, const struct flow *flow)
{
    return UNLIKELY(wheel_is_near(flow, net->now_ns)) && net->now_ns >= next_ns(net, flow);
}

/* Sets the timer. */
static void arm(struct net *net, struct flow *flow)
{
    wheel_remove(&net->wheel, flow);
    wheel_add(&net->wheel, flow, next_ns(net, flow));
}

static void report(struct net *net, struct flow *flow, int64_t at_ns, enum flow_end_reason reason)
{
    if (net->conf->flows_enabled)
        flow_report(&net->env, net->conf, flow, at_ns, reason);
}

/* The final report: whatever made us end the flow, a closed connection was closed. */
static void report_end(struct net *net, struct flow *flow, int64_t at_ns,
                       enum flow_end_reason reason)
{
    if (flow->end_reason)
        return;
    flow->end_reason = (flow->closing ? flow->closing : reason) & 7;
    TRACE(TRACE_FLOW, "flow %08x ended: %s", flow->hash, flow_end_name(flow->end_reason));
    if (reason != FLOW_END_EVICTED)
        counter_add(net->counters, COUNTER_FLOW_ENDED, 1);
    report(net, flow, at_ns, flow->end_reason);
}

static void free_flow(struct net *net, struct flow *flow)
{
    if (flow->more) {
        slab_free(&net->slab, flow->more->extra, sizeof *flow->more->extra);
        slab_free(&net->slab, flow->more, sizeof *flow->more);
    }
    if (flow->is_wide)
        slab_free(&net->slab, flow->wide, sizeof *flow->wide);
    slab_free(&net->slab, flow, sizeof *flow);
}

static void forget(struct net *net, struct flow *flow, int64_t at_ns, enum flow_end_reason reason)
{
    enum flow_end_reason why = flow->closing ? (enum flow_end_reason)flow->closing : reason;
    tcp_end(&net->dispatch, flow, why, at_ns);
    report_end(net, flow, at_ns, reason);
    wheel_remove(&net->wheel, flow);
    flowtable_remove(&net->table, flow);
    free_flow(net, flow);
}

static void report_periods(struct net *net, struct flow *flow, int64_t until_ns)
{
    while (has_periods(net, flow) && report_ns(net, flow) <= until_ns) {
        report(net, flow, report_ns(net, flow), FLOW_ALIVE);
        flow->report_no++;
    }
}

/* Does what is due for the flow; false when it is gone. */
static bool look_at(struct net *net, struct flow *flow)
{
    int64_t now_ns = net->now_ns;
    int64_t idle_end_ns = flow->last_ns + idle_ns(net, flow);
    bool is_idle = idle_end_ns <= now_ns;
    tcp_tick(&net->dispatch, flow, now_ns);
    report_periods(net, flow, is_idle ? idle_end_ns - 1 : now_ns);
    if (flow->last_ns + keep_ns(net, flow) <= now_ns) {
        forget(net, flow, idle_end_ns, FLOW_END_TIMEOUT);
        return false;
    }
    if (is_idle) {
        if (flow->closing)
            tcp_end(&net->dispatch, flow, (enum flow_end_reason)flow->closing, idle_end_ns);
        report_end(net, flow, idle_end_ns, FLOW_END_TIMEOUT);
    }
    arm(net, flow);
    return true;
}

static void run_timers(struct net *net)
{
    if (!wheel_is_due(&net->wheel, net->now_ns))
        return;
    pair_expire(net->env.pairs, net->now_ns);
    struct flow *flow;
    while ((flow = wheel_take(&net->wheel, net->now_ns)))
        look_at(net, flow);
}

static bool end_early(struct net *net, struct flow *victim)
{
    if (!victim)
        return false;
    if (!victim->end_reason)
        counter_add(net->counters, COUNTER_FLOW_EVICTED, 1);
    forget(net, victim, net->now_ns, FLOW_END_EVICTED);
    return true;
}

static bool evict(struct net *net)
{
    return end_early(net, flowtable_victim(&net->table));
}

/* Connections that had no answer and hold a stream give what is asked for: memory of flows alone
 * serves only flows, until whole blocks of it are free. */
static bool evict_for_memory(struct net *net)
{
    struct flow *flow = tcp_oldest(&net->dispatch, flow_is_proven);
    return flow ? end_early(net, flow) : evict(net);
}

/* Slab memory, for which old flows make room. */
static void *alloc(struct net *net, size_t n)
{
    void *p = slab_alloc(&net->slab, n);
    for (unsigned i = 0; !p && i < EVICTIONS_MAX && evict(net); i++)
        p = slab_alloc(&net->slab, n);
    return p;
}

static bool is_icmp(const struct packet *p)
{
    return (p->l4 == IPPROTO_N_ICMP && p->ip_ver == 4) ||
           (p->l4 == IPPROTO_N_ICMPV6 && p->ip_ver == 6);
}

/* An answer that comes first was sent by the server (RFC 792, 950, 4443). */
static bool icmp_is_answer(const struct packet *p)
{
    uint16_t type = p->sport;
    return p->ip_ver == 6 ? type == 129 : type == 0 || type == 14 || type == 16 || type == 18;
}

/* What only some flows have; false without memory. */
static bool add_more(struct net *net, struct flow *flow, const struct packet *p)
{
    bool has_extra = p->outer_ver || net->conf->delta_reports;
    if (flow->l4 != IPPROTO_N_TCP && !has_extra && !p->tunnel &&
        !dispatch_wants(&net->dispatch, flow))
        return true;
    struct flow_more *more = flow->more = alloc(net, sizeof *more);
    if (!more)
        return false;
    list_init(&more->pairs);
    more->tunnel = p->tunnel;
    more->tunnel_id = p->tunnel_id;
    more->extra = has_extra ? alloc(net, sizeof *more->extra) : NULL;
    if (more->extra && p->outer_ver) {
        more->extra->outer_ver = p->outer_ver;
        more->extra->outer[0] = p->outer[0];
        more->extra->outer[1] = p->outer[1];
    }
    return more->extra || !has_extra;
}

/* What a flow takes from its first packet. */
static void describe(struct net *net, struct flow *flow, const struct packet *p)
{
    flow->has_mac = p->has_mac;
    memcpy(flow->mac, p->mac, sizeof flow->mac);
    if (is_icmp(p)) {
        flow->client_is_known = 1;
        flow->client_is_back = icmp_is_answer(p);
    }
    bool is_wanted = flow->more && dispatch_wants(&net->dispatch, flow);
    flow->proto_id = is_wanted ? FLOW_PROTO_OPEN : FLOW_PROTO_NONE;
    flow->has_connection =
        flow->l4 == IPPROTO_N_TCP && dispatch_port(&net->dispatch, flow) < FLOW_PROTO_NONE;
}

/* Tells connections on the same ports apart. It depends on the connection alone, so that flow.id is
 * the same however many workers share a capture. */
static uint32_t connection_number(const struct packet *p)
{
    uint64_t x = ((uint64_t)p->ts_ns ^ (uint64_t)p->seq << 32) * 0x9e3779b97f4a7c15;
    return (uint32_t)(x >> 32);
}

/* The flow's times and counters begin: for a new one, or one that was reported as ended. */
static void begin(struct net *net, struct flow *flow, const struct packet *p)
{
    if (flow->has_connection)
        flow->more->serial = connection_number(p);
    flow->begin_ns = flow->last_ns = net->now_ns;
    flow->is_behind = flow->begins_behind = 0;
    flow->report_no = 1;
    flow->end_reason = flow->closing = FLOW_ALIVE;
    memset(flow->packets, 0, sizeof flow->packets);
    memset(flow->counted, 0, sizeof flow->counted);
    if (flow->more && flow->more->extra)
        memset(flow->more->extra->reported, 0, sizeof flow->more->extra->reported);
    counter_add(net->counters, COUNTER_FLOW_CREATED, 1);
    arm(net, flow);
    TRACE(TRACE_FLOW, "flow %08x begins: IP version %u, protocol %u, ports %u %u", flow->hash,
          flow_ip_ver(flow), flow->l4, flow_port(flow, 0), flow_port(flow, 1));
}

/* A flow of this key, not yet in the table; NULL without memory. */
static struct flow *make(struct net *net, const struct flow_key *key, const struct packet *p)
{
    struct flow *flow = alloc(net, sizeof *flow);
    if (!flow)
        return NULL;
    struct flow_key *wide = flow_key_is_plain(key) ? NULL : alloc(net, sizeof *wide);
    if (!wide && !flow_key_is_plain(key)) {
        slab_free(&net->slab, flow, sizeof *flow);
        return NULL;
    }
    flow_set_key(flow, key, wide);
    if (!add_more(net, flow, p)) {
        free_flow(net, flow);
        return NULL;
    }
    return flow;
}

static struct flow *create(struct net *net, const struct flow_key *key, const struct packet *p,
                           bool src_is_low)
{
    if (flowtable_is_full(&net->table))
        evict(net);
    struct flow *flow = make(net, key, p);
    if (!flow) {
        counter_add(net->counters, COUNTER_FLOW_REFUSED, 1);
        return NULL;
    }
    flow->first_is_low = src_is_low;
    describe(net, flow, p);
    flowtable_add(&net->table, flow, key);
    begin(net, flow, p);
    return flow;
}

static enum flow_dir dir_of(const struct flow *flow, bool src_is_low)
{
    return src_is_low == flow->first_is_low ? FLOW_FIRST : FLOW_BACK;
}

/* The plain key of p, made ahead when what was read then is what was decoded; false when p has
 * none. */
static bool plain_of(struct net *net, const struct packet *p, struct plain_key *k, bool *src_is_low)
{
    if (p->ip_ver != 4 || p->n_vlan || p->outer_ver || p->tunnel_key || !p->has_ports ||
        (p->l4 != IPPROTO_N_UDP && p->l4 != IPPROTO_N_TCP) || addr_is_none(&p->src))
        return false;
    const struct plain_key *ahead = &net->ahead[(net->n_packets - 1) % AHEAD];
    struct plain_ends ends = plain_ends_of(p->src.b + 12, p->dst.b + 12, p->sport, p->dport);
    *src_is_low = plain_order(&ends, k, p->l4);
    if (LIKELY(ahead->ip4_pair == k->ip4_pair && ahead->port_pair == k->port_pair &&
               ahead->l4 == k->l4))
        k->hash = ahead->hash;
    else
        k->hash = plain_hash(k, &net->table.hash_key);
    return true;
}

/* The flow that protocols see for this one: the oldest of those that differ in their VLAN only. */
static struct flow *home_of(const struct net *net, struct flow *flow)
{
    if (LIKELY(!flow->has_siblings))
        return flow;
    struct flow *home = flow, *it = flow;
    const struct flow_key key = flow_key(flow);
    while ((it = flowtable_sibling(&net->table, &key, it)))
        home = it;
    return home;
}

/* Bytes of frames that were counted of one direction of a connection, on whatever VLANs. */
static uint64_t bytes_of(const struct net *net, const struct flow *home, enum flow_dir dir)
{
    if (!home->has_siblings)
        return flow_bytes(home, dir);
    uint64_t bytes = 0;
    const struct flow_key key = flow_key(home);
    struct flow *it = NULL;
    while ((it = flowtable_sibling(&net->table, &key, it)))
        bytes += flow_bytes(it, dir ^ (it->first_is_low != home->first_is_low));
    return bytes;
}

/* TCP: p does not belong to the connection that the flow has been so far. */
static bool is_other_connection(const struct net *net, const struct flow *home,
                                const struct packet *p, enum flow_dir dir)
{
    if (p->tcp_flags & TCP_SYN)
        return tcp_is_reuse(home, p, dir);
    return home->end_reason && home->was_followed &&
           !tcp_is_late(home, p, dir, bytes_of(net, home, dir));
}

/* The flow with its siblings, of which `but` is spared. */
static void forget_connection(struct net *net, struct flow *flow, const struct flow *but)
{
    if (!flow->has_siblings) {
        forget(net, flow, net->now_ns, FLOW_END_REUSED);
        return;
    }
    const struct flow_key key = flow_key(flow);
    struct flow *it = flowtable_sibling(&net->table, &key, NULL);
    while (it) {
        struct flow *next = flowtable_sibling(&net->table, &key, it);
        if (it != but)
            forget(net, it, net->now_ns, FLOW_END_REUSED);
        it = next;
    }
}

/* A VLAN's first packet, of a conversation that is known on others. TCP: when it opens another
 * connection while the known one lives, the VLANs are of different networks; when the known one is
 * over, only this one goes on. */
static void join_siblings(struct net *net, struct flow *flow, const struct packet *p,
                          bool src_is_low)
{
    struct flow *home = home_of(net, flow);
    if (p->l4 != IPPROTO_N_TCP || home == flow)
        return;
    if (!is_other_connection(net, home, p, dir_of(home, src_is_low))) {
        flow->closing = home->closing;
        arm(net, flow);
    } else if (home->closing || home->end_reason) {
        forget_connection(net, home, flow);
    } else {
        flow->is_alone = 1;
        flow->has_siblings = 0;
    }
}

/* The flow of p's key, after what was due for it; NULL: none, and *key is what a new one has. */
static struct flow *find(struct net *net, const struct packet *p, struct flow_key *key,
                         bool *src_is_low)
{
    struct plain_key plain;
    struct flow *flow;
    if (LIKELY(plain_of(net, p, &plain, src_is_low))) {
        flow = flowtable_find_plain(&net->table, &plain);
        if (LIKELY(flow && !is_due(net, flow)))
            return flow;
        *key = flow_key_of_plain(&plain);
    } else {
        *src_is_low = flow_key_of(key, p, &net->table.hash_key);
        flow = flowtable_find(&net->table, key);
    }
    return flow && is_due(net, flow) && !look_at(net, flow) ? NULL : flow;
}

/* The flow that p counts in: alive, and its own connection; NULL when there is no memory. */
static struct flow *flow_of(struct net *net, const struct packet *p, enum flow_dir *dir)
{
    struct flow_key key;
    bool src_is_low;
    struct flow *flow = find(net, p, &key, &src_is_low);
    if (flow && p->l4 == IPPROTO_N_TCP) {
        struct flow *home = home_of(net, flow);
        if (is_other_connection(net, home, p, dir_of(home, src_is_low))) {
            src_is_low = flow_key_of(&key, p, &net->table.hash_key);
            forget_connection(net, flow, NULL);
            flow = NULL;
        }
    }
    if (!flow) {
        flow = create(net, &key, p, src_is_low);
        if (flow && UNLIKELY(flow->has_siblings))
            join_siblings(net, flow, p, src_is_low);
    } else if (flow->end_reason) {
        begin(net, flow, p);
    }
    if (flow)
        *dir = dir_of(flow, src_is_low);
    return flow;
}

/* The capture's time went back, by a little (packets swapped) or for good (captures joined in the
 * wrong order, played again): timers go on with the largest time seen, reports tell the packets'.
 * Without memory for that the packet has the largest time. */
static void count_behind(struct net *net, struct flow *flow, int64_t ts_ns)
{
    bool is_first = flow_packets(flow, FLOW_FIRST) + flow_packets(flow, FLOW_BACK) == 0;
    int64_t end_ns = is_first ? ts_ns : flow_end_ns(flow);
    flow->last_ns = net->now_ns;
    if (!flow->more) {
        flow->more = slab_alloc(&net->slab, sizeof *flow->more);
        if (!flow->more)
            return;
        list_init(&flow->more->pairs);
    }
    if (ts_ns < flow_first_ns(flow)) {
        flow->more->first_ns = ts_ns;
        flow->begins_behind = 1;
    }
    flow->more->end_ns = ts_ns > end_ns ? ts_ns : end_ns;
    flow->is_behind = 1;
}

static void count(struct net *net, struct flow *flow, const struct packet *p, enum flow_dir dir)
{
    if (LIKELY(p->ts_ns >= net->now_ns)) {
        flow->last_ns = p->ts_ns;
        flow->is_behind = 0;
    } else {
        count_behind(net, flow, p->ts_ns);
    }
    flow_count(flow, dir, 1 + p->frag_packets, (uint64_t)p->wire_len + p->frag_bytes);
    flow->is_recent = 1;
}

static void close_one(struct net *net, struct flow *flow, enum flow_end_reason reason)
{
    flow->closing = reason & 7;
    arm(net, flow);
}

/* The connection closes: it will be reported soon. */
static void close_soon(struct net *net, struct flow *home, enum flow_end_reason reason)
{
    TRACE(TRACE_TCP, "connection is %s", flow_end_name(reason));
    close_one(net, home, reason);
    const struct flow_key key = flow_key(home);
    struct flow *it = NULL;
    while (home->has_siblings && (it = flowtable_sibling(&net->table, &key, it)))
        if (it != home && !it->closing && !it->end_reason)
            close_one(net, it, reason);
}

static void visit_tcp(struct net *net, struct flow *flow, const struct packet *p, enum flow_dir dir)
{
    bool stray = (p->tcp_flags & TCP_RST) && tcp_is_stray_reset(flow, p, dir);
    if (stray)
        return;
    tcp_note(flow, p, dir);
    tcp_packet(&net->dispatch, flow, p, dir, net->now_ns);
    if (p->tcp_flags & TCP_RST && flow->closing == FLOW_ALIVE)
        close_soon(net, flow, FLOW_END_RST);
    else if ((flow->tcp_flags[0] & flow->tcp_flags[1] & TCP_FIN) && flow->closing == FLOW_ALIVE)
        close_soon(net, flow, FLOW_END_FIN);
    else if (tcp_due_ns(flow) >> WHEEL_TICK_LOG < wheel_tick_of(&net->wheel, flow))
        arm(net, flow);
}

/* The home, after what was due for it; it may have ended with that, so that another one is home. */
static struct flow *live_home_of(struct net *net, struct flow *flow)
{
    struct flow *home = home_of(net, flow);
    while (home != flow && is_due(net, home) && !look_at(net, home))
        home = home_of(net, flow);
    return home;
}

/* The direction in the home of a packet that was counted in a sibling; it keeps the home. */
static enum flow_dir home_dir(struct flow *home, const struct flow *flow, enum flow_dir dir)
{
    home->is_recent = 1;
    return home->first_is_low == flow->first_is_low ? dir : (enum flow_dir) !dir;
}

static void visit(void *ctx, struct packet *p)
{
    struct net *net = ctx;
    enum flow_dir dir;
    if (net->n_shares && share_of(p, &net->conf->key, net->n_shares) != net->share)
        return;
    struct flow *flow = flow_of(net, p, &dir);
    if (!flow)
        return;
    count(net, flow, p, dir);
    if (is_icmp(p) && dir == FLOW_FIRST && (p->sport || p->dport)) {
        flow->icmp[0] = (uint8_t)p->sport;
        flow->icmp[1] = (uint8_t)p->dport;
    }
    struct flow *home = live_home_of(net, flow);
    if (home != flow)
        dir = home_dir(home, flow, dir);
    if (p->l4 != IPPROTO_N_TCP)
        dispatch_datagram(&net->dispatch, home, p, dir);
    else if (p->has_ports)
        visit_tcp(net, home, p, dir);
}

/* What was refused is counted here once for all: an event may be missing, or lack a value. */
static void scratch_reset(struct net *net)
{
    if (UNLIKELY(net->scratch.full))
        counter_add(net->counters, COUNTER_SCRATCH_FULL, 1);
    arena_reset(&net->scratch);
}

static void set_time(struct net *net, int64_t ts_ns)
{
    if (ts_ns > net->now_ns)
        net->now_ns = net->env.now_ns = ts_ns;
    run_timers(net);
}

/* Streams, requests and states cannot end flows to make room for themselves: it is made between
 * packets, when no event is being built. */
static void make_room(struct net *net)
{
    for (unsigned i = 0; i < ROOM_EVICTIONS && slab_is_short(&net->slab) && evict_for_memory(net);
         i++)
        ;
}

void net_packet(struct net *net, struct packet *p)
{
    net->n_packets++;
    if (net->n_ahead < net->n_packets) /* not asked for ahead */
        net->n_ahead = net->n_packets;
    p->ts_ns = p->ts_ns < 0 ? 0 : bounded(p->ts_ns);
    set_time(net, p->clock_ns > p->ts_ns ? bounded(p->clock_ns) : p->ts_ns);
    make_room(net);
    decode_packet(net->decoder, p, visit, net);
    scratch_reset(net);
}

#define PEEK_BYTES (PLAIN_BYTES + 4) /* and the ports */

/* Reads as much of a plain Ethernet frame as the flow's key needs; false for all others, which are
 * found without help. */
static bool peek(const struct net *net, const struct packet *p, struct plain_key *key)
{
    struct cursor c = cur_of(p->frame);
    struct slice head = cur_bytes(&c, PEEK_BYTES);
    if (!cur_ok(&c) || p->link_type != LINK_ETHERNET || p->vlan_valid)
        return false;
    uint8_t h[PEEK_BYTES];
    memcpy(h, head.p, sizeof h);
    uint8_t l4 = plain_l4(h);
    if (!l4)
        return false;
    struct plain_ends ends = plain_ends_of(h + 26, h + 30, (uint16_t)(h[34] << 8 | h[35]),
                                           (uint16_t)(h[36] << 8 | h[37]));
    plain_order(&ends, key, l4);
    key->hash = plain_hash(key, &net->table.hash_key);
    return true;
}

void net_prefetch(struct net *net, const struct packet *p)
{
    unsigned n = net->n_ahead++;
    const struct plain_key *older = &net->ahead[(n - FETCH_FLOW) % AHEAD];
    if (older->l4) {
        uint32_t ref = *flowtable_bucket(&net->table, older->hash);
        const uint8_t *flow = (const void *)flowtable_at(&net->table, ref);
        if (flow) {
            __builtin_prefetch(flow);
            __builtin_prefetch(flow + 63); /* most lie on two lines */
        }
    }
    struct plain_key *key = &net->ahead[n % AHEAD];
    key->l4 = 0;
    if (peek(net, p, key))
        __builtin_prefetch(flowtable_bucket(&net->table, key->hash));
}

void net_tick(struct net *net, int64_t now_ns)
{
    set_time(net, bounded(now_ns));
    decoder_tick(net->decoder, net->now_ns);
    scratch_reset(net);
}

void net_note_loss(struct net *net)
{
    net->env.loss_ns = net->now_ns;
}

void net_finish(struct net *net)
{
    struct flow *oldest;
    while ((oldest = flowtable_at(&net->table, net->table.age.first))) {
        flowtable_fetch_old(&net->table);
        if (look_at(net, oldest))
            forget(net, oldest, net->now_ns, FLOW_END_CAPTURE);
    }
    scratch_reset(net);
}

void net_restart(struct net *net)
{
    net_finish(net);
    decoder_tick(net->decoder, INT64_MAX);
    wheel_init(&net->wheel, 0, net->slab.space);
    net->now_ns = net->env.now_ns = 0;
}

static void env_init(struct net *net, const struct net_sink *sink)
{
    const struct net_conf *conf = net->conf;
    net->env = (struct proto_env){ .slab = &net->slab,
                                   .scratch = &net->scratch,
                                   .counters = net->counters,
                                   .batch = sink->batch,
                                   .emit = sink->emit,
                                   .sink = sink->ctx };
    memcpy(net->env.conf, conf->proto_conf, sizeof net->env.conf);
    size_t pairs = (size_t)conf->max_flows < PAIRS_MAX ? (size_t)conf->max_flows : PAIRS_MAX;
    net->env.pairs = pair_table_new(&net->env, &conf->key, pairs);
}

struct net *net_new(const struct net_conf *conf, const struct net_sink *sink,
                    struct counters *counters)
{
    struct net *net = xcalloc(1, sizeof *net);
    net->conf = conf;
    net->counters = counters;
    net->timeout_ns = bounded(conf->timeout_ns);
    net->period_ns = conf->flows_enabled && conf->period_ns > 0 ? bounded(conf->period_ns) : 0;
    /* pieces of one size do not serve another: what is handed out stays below what is taken */
    slab_init(&net->slab, (size_t)conf->memory_bytes / SLAB_PARTS * SLAB_PARTS_USED);
    net->slab.max_taken_bytes = (size_t)conf->memory_bytes;
    if (net->slab.max_taken_bytes < SLAB_LEAST)
        net->slab.max_taken_bytes = SLAB_LEAST; /* blocks are taken several at a time */
    slab_reserve(&net->slab);
    net->scratch_chunks.max_bytes =
        conf->scratch_bytes ? (size_t)conf->scratch_bytes : SCRATCH_BYTES;
    arena_init(&net->scratch, &net->scratch_chunks, 0);
    flowtable_init(&net->table, &conf->key, (size_t)conf->max_flows, net->slab.space);
    wheel_init(&net->wheel, 0, net->slab.space);
    env_init(net, sink);
    dispatch_init(&net->dispatch, conf, &net->env);
    net->decoder = decoder_new(conf, counters);
    return net;
}

void net_take_share(struct net *net, unsigned index, unsigned n)
{
    net->share = index;
    net->n_shares = n > 1 ? n : 0;
    if (net->n_shares && index > 0)
        decoder_leave_overdue(net->decoder);
}

void net_free(struct net *net)
{
    if (!net)
        return;
    decoder_free(net->decoder);
    dispatch_free(&net->dispatch);
    pair_table_free(net->env.pairs);
    flowtable_free(&net->table);
    arena_free(&net->scratch);
    chunk_pool_free(&net->scratch_chunks);
    slab_destroy(&net->slab);
    xfree(net);
}

struct net_stock net_stock(const struct net *net)
{
    return (struct net_stock){ .flows = net->table.n, .bytes = net->slab.taken_bytes };
}

size_t net_flow_bytes(void)
{
    return slab_class_bytes(sizeof(struct flow)) + 2 * sizeof(uint32_t);
}
