/* Ports first, as users configure them; then content, where a protocol's `detect` is on. Content
 * wins over a port only when the port's protocol is sure of no and another is sure of yes; a TCP
 * stream is waited for until that is clear. The server's port counts more than the client's, which
 * may be any. */
#include "net/dispatch.h"

#define PORTS          65536
#define SCORE_CERTAIN  90
#define SCORE_LIKELY   50
#define UDP_PROBES_MAX 4 /* datagrams looked at before a flow is left alone */

static void add_ports(struct dispatch *d, unsigned l4, unsigned id, const struct ports *ports)
{
    for (unsigned i = 0; i < ports->n; i++) {
        uint8_t *at = &d->port[l4][ports->v[i]];
        if (*at == FLOW_PROTO_OPEN) /* a port that two protocols have is the first one's */
            *at = (uint8_t)id;
    }
}

static void add_proto(struct dispatch *d, unsigned id)
{
    static const unsigned bits[DISPATCH_L4S] = { [DISPATCH_TCP] = L4_TCP, [DISPATCH_UDP] = L4_UDP };
    const struct proto *proto = protos[id];
    const struct proto_conf *conf = d->env->conf[id];
    if (!conf || !conf->enabled)
        return;
    if (proto->l4 & L4_ICMP)
        d->icmp = id;
    for (unsigned l4 = 0; l4 < DISPATCH_L4S; l4++) {
        if (!(proto->l4 & bits[l4]))
            continue;
        add_ports(d, l4, id, &conf->ports);
        if (conf->detect && proto->probe)
            d->detect[l4][d->n_detect[l4]++] = (uint8_t)id;
    }
}

void dispatch_init(struct dispatch *d, const struct net_conf *conf, struct proto_env *env)
{
    *d = (struct dispatch){ .conf = conf, .env = env, .icmp = FLOW_PROTO_NONE };
    list_init(&d->streams);
    for (unsigned l4 = 0; l4 < DISPATCH_L4S; l4++) {
        d->port[l4] = xmalloc(PORTS);
        memset(d->port[l4], FLOW_PROTO_OPEN, PORTS);
    }
    for (unsigned id = 0; id < PROTO_COUNT; id++)
        add_proto(d, id);
}

void dispatch_free(struct dispatch *d)
{
    for (unsigned l4 = 0; l4 < DISPATCH_L4S; l4++)
        xfree(d->port[l4]);
}

/* DISPATCH_L4S: a transport that no protocol is looked for in. */
static unsigned l4_of(const struct flow *flow)
{
    switch (flow->l4) {
    case IPPROTO_N_TCP:
        return DISPATCH_TCP;
    case IPPROTO_N_UDP:
        return DISPATCH_UDP;
    default:
        return DISPATCH_L4S;
    }
}

static uint16_t port_of(const struct flow *flow, enum flow_dir sender)
{
    bool is_low = (sender == FLOW_FIRST) == flow->first_is_low;
    return flow_port(flow, !is_low);
}

/* What the ports say. */
struct claim {
    unsigned id;    /* of the better port, or FLOW_PROTO_OPEN */
    unsigned rival; /* of the other port, when that is another protocol's; else FLOW_PROTO_OPEN */
    bool is_weak;   /* only the client's port is in a list, or both are and who asks is not known */
};

static struct claim claim_of(const struct dispatch *d, const struct flow *flow)
{
    struct claim c = { FLOW_PROTO_OPEN, FLOW_PROTO_OPEN, false };
    unsigned l4 = l4_of(flow);
    if (l4 == DISPATCH_L4S)
        return c;
    bool from_client = flow->client_is_known && !flow->client_is_back;
    c.id = d->port[l4][port_of(flow, from_client ? FLOW_BACK : FLOW_FIRST)];
    c.rival = d->port[l4][port_of(flow, from_client ? FLOW_FIRST : FLOW_BACK)];
    if (c.id == FLOW_PROTO_OPEN) {
        c.id = c.rival;
        c.rival = FLOW_PROTO_OPEN;
        c.is_weak = flow->client_is_known;
    } else if (c.rival == c.id || flow->client_is_known) {
        c.rival = FLOW_PROTO_OPEN;
    }
    c.is_weak |= c.rival != FLOW_PROTO_OPEN;
    return c;
}

unsigned dispatch_port(const struct dispatch *d, const struct flow *flow)
{
    return claim_of(d, flow).id;
}

static bool is_icmp(const struct flow *flow)
{
    return (flow->l4 == IPPROTO_N_ICMP && flow_ip_ver(flow) == 4) ||
           (flow->l4 == IPPROTO_N_ICMPV6 && flow_ip_ver(flow) == 6);
}

bool dispatch_wants(const struct dispatch *d, const struct flow *flow)
{
    unsigned l4 = l4_of(flow);
    if (l4 == DISPATCH_L4S)
        return d->icmp != FLOW_PROTO_NONE && is_icmp(flow);
    return d->n_detect[l4] || dispatch_port(d, flow) != FLOW_PROTO_OPEN;
}

static bool ports_have(const struct ports *ports, uint16_t port)
{
    for (unsigned i = 0; i < ports->n; i++)
        if (ports->v[i] == port)
            return true;
    return false;
}

static void set_client(struct flow *flow, enum flow_dir client)
{
    flow->client_is_back = client == FLOW_BACK;
    flow->client_is_known = 1;
}

/* The end whose port is one of the protocol's is the server, when the other's is not. */
static void guess_by_port(const struct dispatch *d, struct flow *flow, unsigned id)
{
    const struct proto_conf *conf = d->env->conf[id];
    bool first = ports_have(&conf->ports, port_of(flow, FLOW_FIRST));
    bool back = ports_have(&conf->ports, port_of(flow, FLOW_BACK));
    if (flow->client_is_known || first == back)
        return;
    set_client(flow, first ? FLOW_BACK : FLOW_FIRST);
    TRACE(TRACE_PROTO, "client by port: %s", first ? "the other side" : "the first sender");
}

/* What a probe says of the bytes: the better of both roles when it is open who the client is. */
struct opinion {
    int score;
    bool needs_more;
    int by_role[2]; /* by enum dir of the sender; PROBE_MORE counts as 0 */
};

static struct opinion ask(const struct flow *flow, unsigned id, struct slice first,
                          enum flow_dir dir)
{
    struct opinion o = { .score = 0 };
    const struct proto *proto = protos[id];
    for (unsigned role = 0; role < 2 && proto->probe; role++) {
        if (flow->client_is_known && role != dispatch_dir(flow, dir))
            continue;
        int score = proto->probe(first, (enum dir)role);
        o.needs_more |= score == PROBE_MORE;
        o.by_role[role] = score == PROBE_MORE ? 0 : score;
        o.score = o.by_role[role] > o.score ? o.by_role[role] : o.score;
    }
    TRACE(TRACE_PROTO, "probe %s: %d%s", proto->name, o.score, o.needs_more ? ", or more" : "");
    return o;
}

static enum choice attach(struct dispatch *d, struct flow *flow, unsigned id, enum flow_dir dir,
                          const struct opinion *o)
{
    const struct proto *proto = protos[id];
    guess_by_port(d, flow, id);
    if (!flow->client_is_known && o->by_role[DIR_CLIENT] != o->by_role[DIR_SERVER]) {
        bool sender_is_client = o->by_role[DIR_CLIENT] > o->by_role[DIR_SERVER];
        set_client(flow, sender_is_client ? dir : (enum flow_dir) !dir);
        TRACE(TRACE_PROTO, "client by content: %s", sender_is_client ? "sender" : "receiver");
    }
    if (proto->state_size) {
        flow->more->state = slab_alloc(d->env->slab, proto->state_size);
        if (!flow->more->state) {
            counter_proto(d->env->counters, id, PC_NO_MEMORY);
            return CHOICE_NONE;
        }
    }
    flow->proto_id = (uint8_t)id;
    flow->was_followed = flow->l4 == IPPROTO_N_TCP;
    TRACE(TRACE_PROTO, "flow is %s", proto->name);
    return CHOICE_MADE;
}

/* The surest of those that are recognised by content, except one; its id, or FLOW_PROTO_OPEN. */
static unsigned surest(const struct dispatch *d, const struct flow *flow, struct slice first,
                       enum flow_dir dir, struct opinion *best)
{
    unsigned l4 = l4_of(flow), best_id = FLOW_PROTO_OPEN;
    *best = (struct opinion){ .score = 0 };
    bool needs_more = false;
    for (unsigned i = 0; i < d->n_detect[l4]; i++) {
        struct opinion o = ask(flow, d->detect[l4][i], first, dir);
        needs_more |= o.needs_more;
        if (o.score > best->score) {
            *best = o;
            best_id = d->detect[l4][i];
        }
    }
    best->needs_more = needs_more;
    return best_id;
}

/* A port's protocol: it has the flow, unless its probe is sure of no and another's of yes. */
static enum choice choose_claimed(struct dispatch *d, struct flow *flow, struct slice first,
                                  enum flow_dir dir, bool may_wait)
{
    struct claim c = claim_of(d, flow);
    if (!c.is_weak)
        guess_by_port(d, flow, c.id);
    struct opinion own = ask(flow, c.id, first, dir), best;
    bool wait = c.is_weak && own.needs_more;
    if (c.rival != FLOW_PROTO_OPEN) {
        best = ask(flow, c.rival, first, dir);
        wait |= best.needs_more;
        if (best.score > own.score) {
            c.id = c.rival;
            own = best;
        }
    }
    if (protos[c.id]->probe && !own.score && !own.needs_more) {
        unsigned other = surest(d, flow, first, dir, &best);
        if (other != FLOW_PROTO_OPEN && best.score >= SCORE_CERTAIN)
            return attach(d, flow, other, dir, &best);
        wait |= best.needs_more;
    }
    if (wait && may_wait && own.score < SCORE_CERTAIN)
        return CHOICE_MORE;
    return attach(d, flow, c.id, dir, &own);
}

enum choice dispatch_choose(struct dispatch *d, struct flow *flow, struct slice first,
                            enum flow_dir dir, bool may_wait)
{
    struct opinion best;
    if (dispatch_port(d, flow) != FLOW_PROTO_OPEN)
        return choose_claimed(d, flow, first, dir, may_wait);
    unsigned id = surest(d, flow, first, dir, &best);
    int enough = flow->l4 == IPPROTO_N_UDP ? SCORE_CERTAIN : SCORE_LIKELY; /* all is there */
    if (best.score >= SCORE_CERTAIN || (best.score >= enough && !best.needs_more))
        return attach(d, flow, id, dir, &best);
    if (best.needs_more && may_wait)
        return CHOICE_MORE;
    return best.score >= enough ? attach(d, flow, id, dir, &best) : CHOICE_NONE;
}

static bool is_open_to_datagram(struct dispatch *d, struct flow *flow, const struct packet *p,
                                enum flow_dir dir)
{
    if (is_icmp(flow)) {
        struct opinion none = { .score = 0 };
        return attach(d, flow, d->icmp, dir, &none) == CHOICE_MADE;
    }
    if (dispatch_choose(d, flow, p->payload, dir, false) == CHOICE_MADE)
        return true;
    if (++flow->probes >= UDP_PROBES_MAX) {
        flow->proto_id = FLOW_PROTO_NONE;
        TRACE(TRACE_PROTO, "no protocol knows this flow");
    }
    return false;
}

static void parse_datagram(struct dispatch *d, struct flow *flow, const struct packet *p,
                           enum flow_dir dir)
{
    struct proto_ctx x;
    proto_ctx_of_flow(&x, d->env, flow, flow->proto_id);
    x.now_ns = x.start_ns = p->ts_ns;
    x.cut = p->cut;
    if (x.l4 == L4_ICMP) {
        x.icmp_type = (uint8_t)p->sport;
        x.icmp_code = (uint8_t)p->dport;
        x.icmp_seq = p->icmp_seq;
    }
    struct cursor c = cur_of(p->payload);
    enum verdict verdict = x.proto->parse(&x, &c, dispatch_dir(flow, dir));
    switch (verdict) {
    case PARSE_OK:
        counter_proto(d->env->counters, x.id, PC_MESSAGES);
        break;
    case PARSE_MORE:
    case PARSE_BAD:
        counter_proto(d->env->counters, x.id, PC_BAD);
        break;
    case PARSE_DONE:
        dispatch_detach(d, flow, FLOW_END_FIN, p->ts_ns);
        break;
    }
    TRACE(TRACE_PROTO, "%s datagram, %zu bytes: verdict %u", x.proto->name, p->payload.n, verdict);
}

void dispatch_datagram(struct dispatch *d, struct flow *flow, const struct packet *p,
                       enum flow_dir dir)
{
    if (LIKELY(flow->proto_id == FLOW_PROTO_NONE))
        return;
    bool icmp = is_icmp(flow);
    if (p->is_fragment || p->is_short || (!icmp && !p->payload.n))
        return;
    if (flow->proto_id != FLOW_PROTO_OPEN || is_open_to_datagram(d, flow, p, dir))
        parse_datagram(d, flow, p, dir);
}

static unsigned orphan_reason_of(enum flow_end_reason reason)
{
    switch (reason) {
    case FLOW_END_TIMEOUT:
        return ORPHAN_TIMEOUT;
    case FLOW_END_CAPTURE:
        return ORPHAN_CAPTURE;
    case FLOW_END_EVICTED:
        return ORPHAN_EVICTED;
    case FLOW_ALIVE:
    case FLOW_END_FIN:
    case FLOW_END_RST:
    case FLOW_END_REUSED:
    case FLOW_END_REASONS:
        break;
    }
    return ORPHAN_CLOSED;
}

void dispatch_detach(struct dispatch *d, struct flow *flow, enum flow_end_reason reason,
                     int64_t now_ns)
{
    if (pair_flow_waits(flow))
        pair_flow_end(d->env->pairs, flow, orphan_reason_of(reason), now_ns);
    if (flow->more->state) {
        slab_free(d->env->slab, flow->more->state, protos[flow->proto_id]->state_size);
        flow->more->state = NULL;
    }
    flow->proto_id = FLOW_PROTO_NONE;
}

int64_t dispatch_timeout_ns(const struct dispatch *d, const struct flow *flow)
{
    if (flow->proto_id >= FLOW_PROTO_NONE)
        return 0;
    const struct proto_conf *conf = d->env->conf[flow->proto_id];
    return conf->transaction_timeout_ns;
}
