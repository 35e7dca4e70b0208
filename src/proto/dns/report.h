/* From messages to events. */
#pragma once

#include "proto/dns/message.h"
#include "proto/proto.h"

struct dns_conf {
    struct proto_conf common;
    bool include_authorities, include_additionals;
};

/* A query, its response, or both. */
struct dns_exchange {
    const struct dns_message *query, *response; /* NULL: not seen */
    int64_t query_ns, response_ns;
    uint64_t query_bytes, response_bytes; /* as on the wire, with the length prefix of TCP */
    unsigned n_answers;                   /* of a zone transfer in several messages; else 0 */
    enum dir from;                        /* whose address is the event's source */
    bool stands_alone;                    /* multicast: nothing is missing without the other half */
    const char *note;                     /* what was wrong, or NULL */
};

/* Makes and emits the event. Memory for texts comes from the scratch arena. */
void dns_report(struct proto_ctx *x, const struct dns_exchange *t);
