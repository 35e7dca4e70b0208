/* The table of protocols, made from protocols.def, and what all of them share at boot. */
#include "proto/proto.h"

#define PROTO(name) extern const struct proto proto_##name;
#include "proto/protocols.def"
#undef PROTO

const struct proto *const protos[PROTO_COUNT] = {
#define PROTO(name) [PROTO_##name] = &proto_##name,
#include "proto/protocols.def"
#undef PROTO
};
_Static_assert(PROTO_COUNT <= COUNTER_PROTOS, "counters have a row for each protocol");

/* clang-format off */
const struct option proto_common_options[] = {
    OPT(proto_conf, enabled,                BOOL,     "enabled",             "true",  0, 0, 0, "Whether the protocol is followed at all."),
    OPT(proto_conf, ports,                  PORTS,    "ports",               NULL,    0, 0, 0, "Ports that carry the protocol."),
    OPT(proto_conf, detect,                 BOOL,     "detect",              NULL,    0, 0, 0, "Recognise the protocol on every port by its content."),
    OPT(proto_conf, send_request,           BOOL,     "send_request",        "false", 0, 0, 0, "Add the request as text to the event."),
    OPT(proto_conf, send_response,          BOOL,     "send_response",       "false", 0, 0, 0, "Add the response as text to the event."),
    OPT(proto_conf, transaction_timeout_ns, DURATION, "transaction_timeout","10s", 1000000, 86400000000000, 0, "How long a request waits for its answer, in packet time."),
    OPT(proto_conf, keep_null,              BOOL,     "keep_null",           "false", 0, 0, 0, "Write fields without a value as null."),
    OPT(proto_conf, index,                  TEXT,     "index",               NULL,    0, 0, 0, "Sets @metadata.raw_index of the protocol's events."),
    OPT(proto_conf, interface,              TEXT,     "interface",           NULL,    0, 0, 0, "Only packets of this device are looked at."),
    { 0 }
};
/* clang-format on */

const struct proto *proto_find(const char *name, unsigned *id)
{
    for (unsigned i = 0; i < PROTO_COUNT; i++) {
        if (strcmp(protos[i]->name, name) == 0) {
            *id = i;
            return protos[i];
        }
    }
    *id = PROTO_COUNT;
    return NULL;
}

void proto_add_fields(void)
{
    for (unsigned i = 0; i < PROTO_COUNT; i++)
        schema_add(protos[i]->fields, protos[i]->n_fields);
}

err proto_load(const struct proto *p, const struct node *section, const struct loading *l,
               void **conf)
{
    BUG_ON(p->conf_size < sizeof(struct proto_conf));
    struct proto_conf *c = arena_zalloc(l->mem, p->conf_size);
    if (!c)
        return why_set(l->why, ERR_LIMIT, "%s: the configuration is too large", l->prefix);
    c->detect = p->detect;
    err e = option_load(proto_common_options, section, c, l);
    if (!e && p->options)
        e = option_load(p->options, section, c, l);
    if (!e && p->prepare)
        e = p->prepare(c, l);
    *conf = c;
    return e;
}
