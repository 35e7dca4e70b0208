/* The fields that are computed from what a protocol has set: one look at all values, then the
 * missing ones are added. */
#include "pipe/common.h"

#include "base/bug.h"
#include "codec/community_id.h"
#include "model/packet.h"

/* clang-format off */
enum slot {
    S_OTHER,
    S_SOURCE_IP, S_SOURCE_PORT, S_SOURCE_BYTES, S_SOURCE_DOMAIN,
    S_DESTINATION_IP, S_DESTINATION_PORT, S_DESTINATION_BYTES, S_DESTINATION_DOMAIN,
    S_CLIENT, S_SERVER, /* any of client.*, server.* */
    S_NETWORK_BYTES, S_NETWORK_PROTOCOL, S_COMMUNITY_ID, S_RELATED_IP,
    S_KIND, S_CATEGORY, S_TYPES, S_DATASET, S_TYPE,
    SLOTS
};
static const struct { enum ecs_id field; enum slot slot; } slots[] = {
    { ECS_SOURCE_IP, S_SOURCE_IP }, { ECS_SOURCE_PORT, S_SOURCE_PORT },
    { ECS_SOURCE_BYTES, S_SOURCE_BYTES }, { ECS_SOURCE_DOMAIN, S_SOURCE_DOMAIN },
    { ECS_DESTINATION_IP, S_DESTINATION_IP }, { ECS_DESTINATION_PORT, S_DESTINATION_PORT },
    { ECS_DESTINATION_BYTES, S_DESTINATION_BYTES },
    { ECS_DESTINATION_DOMAIN, S_DESTINATION_DOMAIN },
    { ECS_CLIENT_IP, S_CLIENT }, { ECS_CLIENT_PORT, S_CLIENT }, { ECS_CLIENT_BYTES, S_CLIENT },
    { ECS_CLIENT_DOMAIN, S_CLIENT },
    { ECS_SERVER_IP, S_SERVER }, { ECS_SERVER_PORT, S_SERVER }, { ECS_SERVER_BYTES, S_SERVER },
    { ECS_SERVER_DOMAIN, S_SERVER },
    { ECS_NETWORK_BYTES, S_NETWORK_BYTES }, { ECS_NETWORK_PROTOCOL, S_NETWORK_PROTOCOL },
    { ECS_NETWORK_COMMUNITY_ID, S_COMMUNITY_ID }, { ECS_RELATED_IP, S_RELATED_IP },
    { ECS_EVENT_KIND, S_KIND }, { ECS_EVENT_CATEGORY, S_CATEGORY }, { ECS_EVENT_TYPE, S_TYPES },
    { ECS_EVENT_DATASET, S_DATASET }, { ECS_TYPE, S_TYPE },
};
/* What is copied, in the order of the slots from S_SOURCE_IP and S_DESTINATION_IP on. */
static const enum ecs_id client_fields[] = { ECS_CLIENT_IP, ECS_CLIENT_PORT, ECS_CLIENT_BYTES,
                                             ECS_CLIENT_DOMAIN };
static const enum ecs_id server_fields[] = { ECS_SERVER_IP, ECS_SERVER_PORT, ECS_SERVER_BYTES,
                                             ECS_SERVER_DOMAIN };

/* clang-format on */

/* Copies of the values that matter; type VT_NULL where there is none. */
struct seen {
    struct value v[SLOTS];
};

#define KNOWN_IDS 1024 /* one place each; a power of two */

/* A connection has many events: their id is computed once while others do not take its place. */
struct known_id {
    struct event_ends ends; /* not known: an unused place */
    uint8_t n;
    char id[COMMUNITY_ID_MAX];
};

void common_free(struct common *c)
{
    xfree(c->slot);
    xfree(c->known);
}

void common_bind(struct common *c)
{
    c->known = xcalloc(KNOWN_IDS, sizeof *c->known);
    c->slot = xcalloc(schema_count(), 1);
    for (size_t i = 0; i < COUNT(slots); i++)
        c->slot[ecs[slots[i].field].id] = (uint8_t)slots[i].slot;
}

static void look(const struct common *c, const struct event *e, struct seen *seen)
{
    for (unsigned i = 0; i < SLOTS; i++)
        seen->v[i].type = VT_NULL;
    for (unsigned i = 0; i < e->n; i++) {
        uint8_t slot = c->slot[e->v[i].field];
        if (slot != S_OTHER)
            seen->v[slot] = e->v[i];
    }
}

static bool has(const struct seen *seen, enum slot s)
{
    return seen->v[s].type != VT_NULL;
}

static void copy_end(struct event *e, const struct seen *seen, enum slot first,
                     const enum ecs_id fields[4])
{
    for (unsigned i = 0; i < 4; i++)
        if (has(seen, first + i))
            event_put(e, &ecs[fields[i]], &seen->v[first + i]);
}

static int64_t number(const struct seen *seen, enum slot s)
{
    return seen->v[s].type == VT_INT ? seen->v[s].i : 0;
}

static void set_bytes(struct event *e, const struct seen *seen)
{
    int64_t sides = number(seen, S_SOURCE_BYTES) + number(seen, S_DESTINATION_BYTES);
    if (sides)
        event_int(e, &ecs[ECS_NETWORK_BYTES], number(seen, S_NETWORK_BYTES) + sides);
}

static bool has_community_id(uint8_t ip_proto)
{
    return ip_proto == IPPROTO_N_TCP || ip_proto == IPPROTO_N_UDP || ip_proto == IPPROTO_N_ICMP ||
           ip_proto == IPPROTO_N_ICMPV6;
}

static bool same_ends(const struct event_ends *a, const struct event_ends *b)
{
    return a->known && addr_eq(&a->src, &b->src) && addr_eq(&a->dst, &b->dst) &&
           a->sport == b->sport && a->dport == b->dport && a->ip_proto == b->ip_proto;
}

/* Only spreads over the places; ends are compared whole. */
static unsigned place_of(const struct event_ends *ends)
{
    uint64_t w[4], h;
    memcpy(w, &ends->src, sizeof ends->src);
    memcpy(w + 2, &ends->dst, sizeof ends->dst);
    h = (w[0] ^ w[2]) * 3 + (w[1] ^ w[3] << 7) + ((uint64_t)ends->sport << 16 | ends->dport);
    return (unsigned)(h * 0x9e3779b97f4a7c15 >> 48) % KNOWN_IDS;
}

static void compute_id(struct known_id *to, const struct event_ends *from)
{
    struct community_ends ends = { .src = from->src,
                                   .dst = from->dst,
                                   .sport = from->sport,
                                   .dport = from->dport,
                                   .ip_proto = from->ip_proto };
    to->n = (uint8_t)community_id(to->id, 0, &ends);
    to->ends = *from;
}

static void set_community_id(const struct common *c, struct event *e, const struct seen *seen)
{
    if (!e->ends.known || !has_community_id(e->ends.ip_proto) || has(seen, S_COMMUNITY_ID))
        return;
    struct known_id *known = &c->known[place_of(&e->ends)];
    if (!same_ends(&known->ends, &e->ends))
        compute_id(known, &e->ends);
    event_str(e, &ecs[ECS_NETWORK_COMMUNITY_ID], slice_of(known->id, known->n));
}

static bool is_ours(const struct common *c, const struct addr *a)
{
    return addr_is_loopback(a) || addr_is_link_local_unicast(a) ||
           addr_is_link_local_multicast(a) || interfaces_has(c->interfaces, a);
}

/* Seen from this machine, else from the border of the named networks. */
static const char *direction(const struct common *c, const struct event_ends *ends)
{
    if (!ends->known)
        return "unknown";
    if (is_ours(c, &ends->dst))
        return "ingress";
    if (is_ours(c, &ends->src))
        return "egress";
    if (!c->internal.n)
        return "unknown";
    bool src = networks_has(&c->internal, &ends->src);
    bool dst = networks_has(&c->internal, &ends->dst);
    return src && dst ? "internal" : src ? "outbound" : dst ? "inbound" : "external";
}

static bool holds(const struct addr *list, unsigned n, const struct addr *a)
{
    for (unsigned i = 0; i < n; i++)
        if (addr_eq(&list[i], a))
            return true;
    return false;
}

/* Source, destination, then what the protocol named; each once. */
static void set_related_ip(struct event *e, const struct seen *seen)
{
    const struct value *own = &seen->v[S_RELATED_IP];
    unsigned more = own->type == VT_IPS ? own->n : 0, n = 0;
    if (!e->ends.known || (has(seen, S_RELATED_IP) && own->type != VT_IPS))
        return;
    struct addr *list = arena_alloc(e->mem, (more + 2) * sizeof *list);
    if (!list) {
        e->lost = true;
        return;
    }
    list[n++] = e->ends.src;
    for (unsigned i = 0; i <= more; i++) {
        const struct addr *a = i ? (const struct addr *)own->p + i - 1 : &e->ends.dst;
        if (!holds(list, n, a))
            list[n++] = *a;
    }
    struct value v = { .type = VT_IPS, .n = n, .p = list };
    event_put(e, &ecs[ECS_RELATED_IP], &v);
}

static void set_list(struct event *e, enum ecs_id field, const struct slice *items, unsigned n)
{
    struct value v = { .type = VT_STRS, .n = n, .p = items };
    event_put_const(e, &ecs[field], &v);
}

static void set_event_defaults(struct event *e, const struct seen *seen)
{
    static const struct slice category[] = { { (const uint8_t *)"network", 7 } };
    static const struct slice types[] = { { (const uint8_t *)"connection", 10 },
                                          { (const uint8_t *)"protocol", 8 } };
    bool icmp = e->ends.ip_proto == IPPROTO_N_ICMP || e->ends.ip_proto == IPPROTO_N_ICMPV6;
    if (!has(seen, S_KIND))
        event_cstr_ref(e, &ecs[ECS_EVENT_KIND], "event");
    if (!has(seen, S_CATEGORY))
        set_list(e, ECS_EVENT_CATEGORY, category, 1);
    if (!has(seen, S_TYPES))
        set_list(e, ECS_EVENT_TYPE, types, icmp ? 1 : 2);
    if (!has(seen, S_DATASET) && has(seen, S_NETWORK_PROTOCOL))
        event_put(e, &ecs[ECS_EVENT_DATASET], &seen->v[S_NETWORK_PROTOCOL]);
}

enum common_verdict common_fill(const struct common *c, struct event *e)
{
    struct seen seen;
    look(c, e, &seen);
    if (e->ts_ns == 0 || seen.v[S_TYPE].type != VT_STR)
        return COMMON_INVALID;
    if (e->source == EVENT_SOURCE_SENSOR)
        return COMMON_OK;
    set_community_id(c, e, &seen);
    if (e->source == EVENT_SOURCE_FLOW)
        return COMMON_OK;
    if (!has(&seen, S_CLIENT))
        copy_end(e, &seen, S_SOURCE_IP, client_fields);
    if (!has(&seen, S_SERVER))
        copy_end(e, &seen, S_DESTINATION_IP, server_fields);
    set_bytes(e, &seen);
    set_related_ip(e, &seen);
    set_event_defaults(e, &seen);
    const char *way = direction(c, &e->ends);
    event_cstr_ref(e, &ecs[ECS_NETWORK_DIRECTION], way);
    return strcmp(way, "egress") == 0 ? COMMON_OUTGOING : COMMON_OK;
}
