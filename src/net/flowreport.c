/* Flow events (packetbeat-protocols.md 2.3) and flow.id (2.2): the same fields and the same layout
 * of the id, so that what reads Packetbeat's flows reads these. */
#include "net/flowreport.h"

#include "base/buf.h"

/* Layers of flow.id, in the order of its flag bits and offset bytes. The last two are ours: they
 * have a bit, but no place among the twelve offsets; their bytes come last. */
enum id_layer {
    ID_ETH,
    ID_OUTER_VLAN,
    ID_VLAN,
    ID_OUTER_IPV4,
    ID_IPV4,
    ID_OUTER_IPV6,
    ID_IPV6,
    ID_ICMPV4,
    ID_ICMPV6,
    ID_UDP,
    ID_TCP,
    ID_CONNECTION,
    ID_OFFSETS,
    ID_TUNNEL = ID_OFFSETS,
    ID_SCTP,
};

#define FLOW_ID_MAX 256

struct id {
    uint16_t flags;
    uint8_t offset[ID_OFFSETS];
    uint8_t n_eth, n_vlan, n_ip;
    int order; /* of the first pair that differs: below 0 source first, above 0 swapped */
    struct buf key;
    uint8_t bytes[160];
};

static void id_layer(struct id *id, enum id_layer layer)
{
    id->flags |= (uint16_t)(1u << layer);
    if (layer < ID_OFFSETS)
        id->offset[layer] = (uint8_t)id->key.n;
}

/* Two ends of n bytes each, lower first as decided by the first pair that differs. */
static void id_pair(struct id *id, const void *src, const void *dst, size_t n)
{
    if (!id->order)
        id->order = memcmp(src, dst, n);
    buf_put(&id->key, id->order > 0 ? dst : src, n);
    buf_put(&id->key, id->order > 0 ? src : dst, n);
}

static void id_le(struct id *id, uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        buf_u8(&id->key, (uint8_t)(v >> 8 * i));
}

static unsigned n_vlan(const struct flow_key *k)
{
    return (k->vlan[0] != FLOW_NO_VLAN) + (k->vlan[1] != FLOW_NO_VLAN);
}

static void id_link(struct id *id, const struct flow *flow, const struct flow_key *k)
{
    if (flow->has_mac) {
        id_layer(id, ID_ETH);
        id_pair(id, flow->mac[0], flow->mac[1], sizeof flow->mac[0]);
        id->n_eth = 1;
    }
    for (unsigned i = 0, n = n_vlan(k); i < n; i++) {
        id_layer(id, i + 1 == n ? ID_VLAN : ID_OUTER_VLAN);
        id_le(id, k->vlan[i], 2);
        id->n_vlan++;
    }
}

static void id_ip(struct id *id, const struct addr *src, const struct addr *dst, uint8_t ip_ver,
                  bool is_outer)
{
    unsigned skip = ip_ver == 4 ? 12 : 0; /* IPv4 addresses are mapped */
    enum id_layer layer = ip_ver == 4 ? ID_IPV4 : ID_IPV6;
    id_layer(id, is_outer ? layer - 1 : layer);
    id_pair(id, src->b + skip, dst->b + skip, sizeof src->b - skip);
    id->n_ip++;
}

static void id_ports(struct id *id, enum id_layer layer, uint16_t sport, uint16_t dport)
{
    uint8_t src[2] = { (uint8_t)sport, (uint8_t)(sport >> 8) };
    uint8_t dst[2] = { (uint8_t)dport, (uint8_t)(dport >> 8) };
    id_layer(id, layer);
    id_pair(id, src, dst, sizeof src);
}

static uint8_t tunnel_of(const struct flow *flow)
{
    return flow->more ? flow->more->tunnel : TUNNEL_NONE;
}

/* IP in IP: what is around, or NULL. */
static const struct flow_extra *outer_of(const struct flow *flow)
{
    const struct flow_extra *extra = flow->more ? flow->more->extra : NULL;
    return extra && extra->outer_ver ? extra : NULL;
}

static void id_transport(struct id *id, const struct flow *flow, const struct flow_key *k)
{
    uint16_t sport = k->port[!flow->first_is_low], dport = k->port[flow->first_is_low];
    if (k->l4 == IPPROTO_N_UDP && (sport || dport))
        id_ports(id, ID_UDP, sport, dport);
    if (k->l4 == IPPROTO_N_TCP && (sport || dport))
        id_ports(id, ID_TCP, sport, dport);
    if (flow->has_connection) {
        id_layer(id, ID_CONNECTION);
        id_le(id, flow->more->serial, 8);
    }
    if (k->icmp_id) {
        id_layer(id, k->ip_ver == 4 ? ID_ICMPV4 : ID_ICMPV6);
        id_le(id, k->icmp_id, 2);
    }
    if (tunnel_of(flow) > TUNNEL_6IN6) {
        id_layer(id, ID_TUNNEL);
        id_le(id, k->tunnel_key, 8);
    }
    if (k->l4 == IPPROTO_N_SCTP)
        id_ports(id, ID_SCTP, sport, dport);
}

/* The flow's id as text without NUL; returns its length. */
static size_t flow_id(const struct flow *flow, const struct flow_key *k, char out[FLOW_ID_MAX])
{
    struct id id = { .offset = { 0 } };
    memset(id.offset, 0xff, sizeof id.offset);
    id.key = buf_of(id.bytes, sizeof id.bytes);
    id_link(&id, flow, k);
    const struct flow_extra *outer = outer_of(flow);
    if (outer)
        id_ip(&id, &outer->outer[0], &outer->outer[1], outer->outer_ver,
              outer->outer_ver == k->ip_ver);
    if (k->ip_ver)
        id_ip(&id, &k->addr[!flow->first_is_low], &k->addr[flow->first_is_low], k->ip_ver, false);
    id_transport(&id, flow, k);

    uint8_t raw[17 + sizeof id.bytes];
    struct buf b = buf_of(raw, sizeof raw);
    buf_u8(&b, (uint8_t)id.flags);
    buf_u8(&b, (uint8_t)(id.flags >> 8));
    buf_put(&b, id.offset, sizeof id.offset);
    buf_u8(&b, id.n_eth);
    buf_u8(&b, id.n_vlan);
    buf_u8(&b, id.n_ip);
    buf_add(&b, buf_slice(&id.key));
    struct buf text = buf_of(out, FLOW_ID_MAX);
    buf_base64(&text, buf_slice(&b), false);
    return text.n;
}

static const char *const end_names[FLOW_END_REASONS] = {
    [FLOW_END_FIN] = "closed",      [FLOW_END_RST] = "reset",
    [FLOW_END_TIMEOUT] = "timeout", [FLOW_END_REUSED] = "reused",
    [FLOW_END_EVICTED] = "evicted", [FLOW_END_CAPTURE] = "capture end",
};

const char *flow_end_name(enum flow_end_reason reason)
{
    return name_of(end_names, COUNT(end_names), reason);
}

static const char *transport_name(const struct flow_key *k)
{
    switch (k->l4) {
    case IPPROTO_N_TCP:
        return "tcp";
    case IPPROTO_N_UDP:
        return "udp";
    case IPPROTO_N_SCTP:
        return "sctp";
    case IPPROTO_N_ICMP:
        return k->ip_ver == 4 ? "icmp" : NULL;
    case IPPROTO_N_ICMPV6:
        return k->ip_ver == 6 ? "ipv6-icmp" : NULL;
    default:
        return NULL;
    }
}

static void put_macs(struct event *e, const struct flow *flow)
{
    static const enum ecs_id ids[2] = { ECS_SOURCE_MAC, ECS_DESTINATION_MAC };
    for (unsigned i = 0; i < 2; i++) {
        char text[MAC_TEXT_MAX];
        struct buf b = buf_of(text, sizeof text);
        buf_mac(&b, flow->mac[i]);
        event_str(e, &ecs[ids[i]], buf_slice(&b));
    }
}

/* IP in IP gives two addresses an end: outer, inner; of mixed families IPv4 comes first. The first
 * of each list are the ends that community_id is made of. */
static void put_ips(struct event *e, const struct flow *flow, const struct flow_key *k,
                    const char *transport)
{
    const struct addr *src = &k->addr[!flow->first_is_low], *dst = &k->addr[flow->first_is_low];
    struct addr list[2][2] = { { *src }, { *dst } };
    const struct flow_extra *outer = outer_of(flow);
    uint8_t outer_ver = outer ? outer->outer_ver : 0;
    if (outer) {
        unsigned at = outer_ver == 6 && k->ip_ver == 4 ? 1 : 0;
        for (unsigned i = 0; i < 2; i++) {
            list[i][!at] = i ? *dst : *src;
            list[i][at] = outer->outer[i];
        }
        event_ips(e, &ecs[ECS_SOURCE_IP], list[0], 2);
        event_ips(e, &ecs[ECS_DESTINATION_IP], list[1], 2);
    } else {
        event_ip(e, &ecs[ECS_SOURCE_IP], src);
        event_ip(e, &ecs[ECS_DESTINATION_IP], dst);
    }
    bool v4 = k->ip_ver == 4 || outer_ver == 4;
    event_cstr_ref(e, &ecs[ECS_NETWORK_TYPE], v4 ? "ipv4" : "ipv6");
    e->ends = (struct event_ends){ .known = transport != NULL,
                                   .ip_proto = k->l4,
                                   .src = list[0][0],
                                   .dst = list[1][0],
                                   .sport = k->port[!flow->first_is_low],
                                   .dport = k->port[flow->first_is_low] };
    if (l4_is_icmp(k->l4)) {
        e->ends.sport = flow->icmp[0];
        e->ends.dport = flow->icmp[1];
    }
}

static void put_layers(struct event *e, const struct flow *flow, const struct flow_key *k)
{
    const char *transport = transport_name(k);
    if (flow->has_mac)
        put_macs(e, flow);
    if (n_vlan(k) == 1)
        event_int(e, &ecs[ECS_FLOW_VLAN], k->vlan[0]);
    if (n_vlan(k) > 1) {
        int64_t vlans[2] = { k->vlan[0], k->vlan[1] };
        event_ints(e, &ecs[ECS_FLOW_VLAN], vlans, 2);
    }
    if (k->ip_ver)
        put_ips(e, flow, k, transport);
    event_cstr_ref(e, &ecs[ECS_NETWORK_TRANSPORT], transport);
    event_int_nz(e, &ecs[ECS_SOURCE_PORT], k->port[!flow->first_is_low]);
    event_int_nz(e, &ecs[ECS_DESTINATION_PORT], k->port[flow->first_is_low]);
    if (flow->more)
        proto_tunnel(e, flow->more->tunnel, flow->more->tunnel_id);
}

/* A direction that never sent has no counters; with delta reports one that was silent since the
 * last report has zeroes. */
static void put_counters(struct event *e, struct flow *flow, bool delta)
{
    static const enum ecs_id ids[2][2] = {
        { ECS_SOURCE_PACKETS, ECS_SOURCE_BYTES },
        { ECS_DESTINATION_PACKETS, ECS_DESTINATION_BYTES },
    };
    struct flow_extra *extra = delta && flow->more ? flow->more->extra : NULL;
    uint64_t packets = 0, bytes = 0;
    for (unsigned d = 0; d < 2; d++) {
        uint64_t n_packets = flow_packets(flow, (enum flow_dir)d),
                 n_bytes = flow_bytes(flow, (enum flow_dir)d);
        if (!n_packets)
            continue;
        if (extra) {
            uint64_t all_packets = n_packets, all_bytes = n_bytes;
            n_packets -= extra->reported[d].packets;
            n_bytes -= extra->reported[d].bytes;
            extra->reported[d].packets = all_packets;
            extra->reported[d].bytes = all_bytes;
        }
        event_int(e, &ecs[ids[d][0]], (int64_t)n_packets);
        event_int(e, &ecs[ids[d][1]], (int64_t)n_bytes);
        packets += n_packets;
        bytes += n_bytes;
    }
    event_int(e, &ecs[ECS_NETWORK_PACKETS], (int64_t)packets);
    event_int(e, &ecs[ECS_NETWORK_BYTES], (int64_t)bytes);
}

static void put_skeleton(struct event *e, const struct flow *flow, const struct flow_key *k,
                         enum flow_end_reason reason)
{
    static const struct slice category[] = { { (const uint8_t *)"network", 7 } };
    static const struct slice types[] = { { (const uint8_t *)"connection", 10 },
                                          { (const uint8_t *)"end", 3 } };
    event_cstr_ref(e, &ecs[ECS_TYPE], "flow");
    event_cstr_ref(e, &ecs[ECS_EVENT_KIND], "event");
    event_strs_ref(e, &ecs[ECS_EVENT_CATEGORY], category, 1);
    event_strs_ref(e, &ecs[ECS_EVENT_TYPE], types, reason ? 2 : 1);
    event_cstr_ref(e, &ecs[ECS_EVENT_ACTION], "network_flow");
    event_cstr_ref(e, &ecs[ECS_EVENT_DATASET], "flow");
    event_cstr_ref(e, &ecs[ECS_EVENT_REASON], flow_end_name(reason));
    event_time(e, &ecs[ECS_EVENT_START], flow_first_ns(flow));
    event_time(e, &ecs[ECS_EVENT_END], flow_end_ns(flow));
    event_int(e, &ecs[ECS_EVENT_DURATION], flow_end_ns(flow) - flow_first_ns(flow));
    char id[FLOW_ID_MAX];
    event_str(e, &ecs[ECS_FLOW_ID], slice_of(id, flow_id(flow, k, id)));
    event_bool(e, &ecs[ECS_FLOW_FINAL], reason != FLOW_ALIVE);
}

void flow_report(struct proto_env *env, const struct net_conf *conf, struct flow *flow,
                 int64_t at_ns, enum flow_end_reason reason)
{
    struct event *e = event_make(&env->batch(env->sink, at_ns)->arena, 40);
    if (!e) {
        counter_add(env->counters, COUNTER_EVENTS_NO_MEMORY, 1);
        return;
    }
    e->ts_ns = at_ns;
    e->dataset = "flow";
    e->source = EVENT_SOURCE_FLOW;
    e->keep_null = conf->keep_null;
    const struct flow_key key = flow_key(flow);
    put_skeleton(e, flow, &key, reason);
    put_layers(e, flow, &key);
    put_counters(e, flow, conf->delta_reports);
    if (e->lost) {
        counter_add(env->counters, COUNTER_EVENTS_NO_MEMORY, 1);
        return;
    }
    TRACE(TRACE_EVENT, "flow event, %s", reason ? flow_end_name(reason) : "alive");
    env->emit(env->sink, e);
}
