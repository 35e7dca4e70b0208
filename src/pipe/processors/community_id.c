/* community_id: from fields of the event, where it has none yet. */
#include "codec/community_id.h"
#include "model/packet.h"
#include "pipe/processor.h"

struct community_id {
    const char *source_ip, *source_port, *destination_ip, *destination_port, *iana, *transport;
    const char *icmp_type, *icmp_code, *target;
    int64_t seed;
    struct ref sip, sport, dip, dport, number, name, type, code, to;
};

/* clang-format off */
static const struct option options[] = {
    OPT(community_id, source_ip,        TEXT, "fields.source_ip",        "source.ip",            0, 0, 0, "Field with the address of the source."),
    OPT(community_id, source_port,      TEXT, "fields.source_port",      "source.port",          0, 0, 0, "Field with its port."),
    OPT(community_id, destination_ip,   TEXT, "fields.destination_ip",   "destination.ip",       0, 0, 0, "Field with the address of the destination."),
    OPT(community_id, destination_port, TEXT, "fields.destination_port", "destination.port",     0, 0, 0, "Field with its port."),
    OPT(community_id, iana,             TEXT, "fields.iana_number",      "network.iana_number",  0, 0, 0, "Field with the number of the IP protocol."),
    OPT(community_id, transport,        TEXT, "fields.transport",        "network.transport",    0, 0, 0, "Field with its name, where there is no number."),
    OPT(community_id, icmp_type,        TEXT, "fields.icmp_type",        "icmp.type",            0, 0, 0, "Field with the type of an ICMP message."),
    OPT(community_id, icmp_code,        TEXT, "fields.icmp_code",        "icmp.code",            0, 0, 0, "Field with its code."),
    OPT(community_id, target,           TEXT, "target",                  "network.community_id", 0, 0, 0, "Where the id goes."),
    OPT(community_id, seed,             INT,  "seed",                    "0", 0, 65535,                0, "Makes ids differ from those of others."),
    { 0 }
};
/* clang-format on */

static err prepare(void *conf, const struct loading *l)
{
    (void)l;
    struct community_id *c = conf;
    c->sip = ref_of(c->source_ip);
    c->sport = ref_of(c->source_port);
    c->dip = ref_of(c->destination_ip);
    c->dport = ref_of(c->destination_port);
    c->number = ref_of(c->iana);
    c->name = ref_of(c->transport);
    c->type = ref_of(c->icmp_type);
    c->code = ref_of(c->icmp_code);
    c->to = ref_for_writing(c->target);
    return ERR_OK;
}

static bool number_of(struct ref *r, const struct event *e, uint64_t max, uint64_t *out)
{
    struct value v;
    if (!ref_get(r, e, &v))
        return false;
    if (v.type == VT_INT && v.i >= 0)
        *out = (uint64_t)v.i;
    else if (v.type != VT_STR || !slice_to_u64(slice_of(v.p, v.n), out))
        return false;
    return *out <= max;
}

static bool address_of(struct ref *r, const struct event *e, struct addr *out)
{
    char room[VALUE_ROOM];
    struct slice text;
    return ref_str(r, e, room, &text) == REF_FOUND && addr_parse(text, out);
}

static bool protocol_of(struct community_id *c, const struct event *e, uint8_t *out)
{
    static const struct {
        const char *name;
        uint8_t number;
    } names[] = { { "icmp", 1 },  { "igmp", 2 },       { "tcp", 6 },     { "udp", 17 },
                  { "gre", 47 },  { "ipv6-icmp", 58 }, { "icmpv6", 58 }, { "eigrp", 88 },
                  { "ospf", 89 }, { "pim", 103 },      { "sctp", 132 } };
    struct ref *from = ref_is_there(&c->number, e) ? &c->number : &c->name;
    char room[VALUE_ROOM];
    struct slice text;
    uint64_t number;
    if (ref_str(from, e, room, &text) == REF_FOUND)
        for (size_t i = 0; i < COUNT(names); i++)
            if (slice_eq_nocase(text, slice_cstr(names[i].name))) {
                *out = names[i].number;
                return true;
            }
    bool found = number_of(from, e, 255, &number);
    *out = found ? (uint8_t)number : 0;
    return found;
}

/* Ports, or type and code; false when the ports of a protocol that has some are missing. */
static bool set_ports(struct community_id *c, const struct event *e, struct community_ends *ends)
{
    uint64_t source, destination;
    if (ends->ip_proto == IPPROTO_N_ICMP || ends->ip_proto == IPPROTO_N_ICMPV6) {
        bool told =
            number_of(&c->type, e, 255, &source) && number_of(&c->code, e, 255, &destination);
        ends->sport = told ? (uint16_t)source : 0;
        ends->dport = told ? (uint16_t)destination : 0;
        return true;
    }
    if (ends->ip_proto != IPPROTO_N_TCP && ends->ip_proto != IPPROTO_N_UDP && ends->ip_proto != 132)
        return true;
    if (!number_of(&c->sport, e, 65535, &source) || !number_of(&c->dport, e, 65535, &destination))
        return false;
    ends->sport = (uint16_t)source;
    ends->dport = (uint16_t)destination;
    return true;
}

/* What is missing is no failure. */
static enum step run(void *conf, struct event *e)
{
    struct community_id *c = conf;
    struct community_ends ends = { 0 };
    if (ref_is_there(&c->to, e) || !address_of(&c->sip, e, &ends.src) ||
        !address_of(&c->dip, e, &ends.dst) || !protocol_of(c, e, &ends.ip_proto) ||
        !set_ports(c, e, &ends))
        return STEP_OK;
    char text[COMMUNITY_ID_MAX];
    struct slice id = slice_of(text, community_id(text, (uint16_t)c->seed, &ends));
    struct slice kept = arena_dup(e->mem, id);
    return kept.n && ref_set_str(&c->to, e, kept) ? STEP_OK : STEP_FAILED;
}

const struct processor processor_community_id = {
    .name = "community_id",
    .doc = "Computes the Community ID of a flow.",
    .options = options,
    .conf_size = sizeof(struct community_id),
    .prepare = prepare,
    .run = run,
};
