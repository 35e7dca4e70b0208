/* What every parser does alike: beginning an event, ending it, times and sizes
 * (packetbeat-protocols.md 0.3). */
#include "proto/proto.h"

static const char *transport_name(uint8_t l4, uint8_t ip_ver)
{
    if (l4 == L4_TCP)
        return "tcp";
    if (l4 == L4_UDP)
        return "udp";
    return ip_ver == 6 ? "ipv6-icmp" : "icmp";
}

static uint8_t ip_proto_number(uint8_t l4, uint8_t ip_ver)
{
    if (l4 == L4_TCP)
        return IPPROTO_N_TCP;
    if (l4 == L4_UDP)
        return IPPROTO_N_UDP;
    return ip_ver == 6 ? IPPROTO_N_ICMPV6 : IPPROTO_N_ICMP;
}

const char *const tunnel_names[TUNNEL_TYPES] = {
    [TUNNEL_IPIP] = "ipip",     [TUNNEL_6IN4] = "6in4",     [TUNNEL_4IN6] = "4in6",
    [TUNNEL_6IN6] = "6in6",     [TUNNEL_GRE] = "gre",       [TUNNEL_NVGRE] = "nvgre",
    [TUNNEL_ERSPAN] = "erspan", [TUNNEL_VXLAN] = "vxlan",   [TUNNEL_GENEVE] = "geneve",
    [TUNNEL_GTPU] = "gtpu",     [TUNNEL_TEREDO] = "teredo",
};

/* True for tunnels whose inner traffic is reported as flows of its own: IP in IP is not. */
static bool tunnel_is_shown(uint8_t type)
{
    return type > TUNNEL_6IN6;
}

void proto_tunnel(struct event *e, uint8_t type, uint32_t id)
{
    if (!tunnel_is_shown(type))
        return;
    event_cstr_ref(e, &ecs[ECS_TUNNEL_TYPE], name_of(tunnel_names, COUNT(tunnel_names), type));
    event_int_nz(e, &ecs[ECS_TUNNEL_ID], id);
}

void proto_ctx_of_flow(struct proto_ctx *x, struct proto_env *env, struct flow *flow, unsigned id)
{
    BUG_ON(id >= PROTO_COUNT || !env->conf[id]);
    *x = (struct proto_ctx){ .proto = protos[id],
                             .id = (uint8_t)id,
                             .conf = env->conf[id],
                             .state = flow->more->state,
                             .l4 = flow->l4 == IPPROTO_N_TCP   ? L4_TCP
                                   : flow->l4 == IPPROTO_N_UDP ? L4_UDP
                                                               : L4_ICMP,
                             .ip_ver = flow_ip_ver(flow),
                             .icmp_id = flow_icmp_id(flow),
                             .tunnel = flow->more->tunnel,
                             .tunnel_id = flow->more->tunnel_id,
                             .flow = flow,
                             .tcp = flow->more->tcp,
                             .env = env };
    if (x->l4 == L4_ICMP) {
        x->icmp_type = flow->icmp[0];
        x->icmp_code = flow->icmp[1];
    }
    unsigned client = flow->first_is_low ? 0 : 1;
    if (flow->client_is_back)
        client = !client;
    for (unsigned d = 0; d < 2; d++) {
        unsigned low = d == DIR_CLIENT ? client : !client;
        x->end[d] = (struct proto_end){ flow_addr(flow, low), flow_port(flow, low) };
    }
}

static void set_ends(struct proto_ctx *x, struct event *e, enum dir from)
{
    const struct proto_end *src = &x->end[from], *dst = &x->end[!from];
    bool icmp = x->l4 == L4_ICMP;
    event_ip(e, &ecs[ECS_SOURCE_IP], &src->ip);
    event_ip(e, &ecs[ECS_DESTINATION_IP], &dst->ip);
    if (!icmp) {
        event_int_nz(e, &ecs[ECS_SOURCE_PORT], src->port);
        event_int_nz(e, &ecs[ECS_DESTINATION_PORT], dst->port);
    }
    e->ends = (struct event_ends){ .known = true,
                                   .ip_proto = ip_proto_number(x->l4, x->ip_ver),
                                   .src = src->ip,
                                   .dst = dst->ip,
                                   .sport = icmp ? x->icmp_type : src->port,
                                   .dport = icmp ? x->icmp_code : dst->port };
}

struct event *proto_event(struct proto_ctx *x, enum dir from, int64_t ts_ns)
{
    struct batch *b = x->env->batch(x->env->sink, x->now_ns);
    struct event *e = event_make(&b->arena, 64);
    if (!e) {
        counter_proto(x->env->counters, x->id, PC_NO_MEMORY);
        return NULL;
    }
    const struct proto_conf *conf = x->conf;
    e->ts_ns = ts_ns;
    e->dataset = x->proto->name;
    e->source = x->id;
    e->keep_null = conf->keep_null;
    event_cstr_ref(e, &ecs[ECS_TYPE], x->proto->name);
    event_cstr_ref(e, &ecs[ECS_EVENT_DATASET], x->proto->name);
    if (x->l4 != L4_ICMP)
        event_cstr_ref(e, &ecs[ECS_NETWORK_PROTOCOL], x->proto->name);
    event_cstr_ref(e, &ecs[ECS_NETWORK_TRANSPORT], transport_name(x->l4, x->ip_ver));
    event_cstr_ref(e, &ecs[ECS_NETWORK_TYPE], addr_is_v4(&x->end[from].ip) ? "ipv4" : "ipv6");
    set_ends(x, e, from);
    proto_tunnel(e, x->tunnel, x->tunnel_id);
    return e;
}

void proto_emit(struct proto_ctx *x, struct event *e)
{
    if (e->lost) {
        counter_proto(x->env->counters, x->id, PC_NO_MEMORY);
        return;
    }
    if (UNLIKELY(x->had_loss))
        event_note(e, "Packets were lost while capturing");
    counter_proto(x->env->counters, x->id, PC_EVENTS);
    TRACE(TRACE_EVENT, "%s event, %u values", x->proto->name, e->n);
    x->env->emit(x->env->sink, e);
}

void proto_times(struct event *e, int64_t start_ns, int64_t end_ns)
{
    event_time(e, &ecs[ECS_EVENT_START], start_ns);
    event_time(e, &ecs[ECS_EVENT_END], end_ns);
    if (start_ns && end_ns && end_ns >= start_ns)
        event_int(e, &ecs[ECS_EVENT_DURATION], end_ns - start_ns);
}

void proto_bytes(struct event *e, uint64_t source, uint64_t destination)
{
    event_int_nz(e, &ecs[ECS_SOURCE_BYTES], (int64_t)source);
    event_int_nz(e, &ecs[ECS_DESTINATION_BYTES], (int64_t)destination);
}
