/* A parser without a network: gives bytes to one protocol as net would and keeps what it emits. */
#pragma once

#include "proto/proto.h"

#define PARSER_EVENTS 64

/* One flow of one protocol, from 10.0.0.1:40000 (the client) to 10.0.0.2 and the protocol's port.
 */
struct parser {
    struct proto_env env;
    struct slab slab;
    struct arena boot, scratch;
    struct batch batch;
    struct counters counters;
    struct flow flow;
    struct flow_more more; /* of flow */
    struct flow_key wide;  /* of flow, when it is not plain */
    const struct proto *proto;
    unsigned id; /* enum proto_id */
    uint8_t l4;  /* enum proto_l4 bit of the flow */
    void *conf;  /* the protocol's; defaults until the test changes it */
    uint8_t icmp_type, icmp_code;
    uint16_t icmp_seq;
    uint32_t cut;
    struct {
        uint8_t bytes[1 << 17];
        size_t n, skip;
        int64_t start_ns;
    } half[2]; /* TCP: by enum dir, what is not consumed yet */
    struct event *event[PARSER_EVENTS];
    unsigned n; /* events emitted; those over PARSER_EVENTS are only counted */
};

/* Fails the test when something is wrong with the protocol's tables. */
void parser_open(struct parser *p, const char *proto, enum proto_l4 l4);
void parser_close(struct parser *p);

/* The flow's key is another one: IPv6, another group. */
void parser_set_key(struct parser *p, const struct flow_key *key);

/* A datagram, or a piece of a stream, sent by d at ts_ns. */
enum verdict parser_feed(struct parser *p, enum dir d, int64_t ts_ns, struct slice bytes);

/* TCP: a hole of `missing` bytes; the end of direction d. */
enum verdict parser_gap(struct parser *p, enum dir d, size_t missing);
void parser_end(struct parser *p, enum dir d);

/* Time passes; the flow ends. */
void parser_expire(struct parser *p, int64_t now_ns);
void parser_flow_end(struct parser *p, enum orphan_reason why);

/* A field of an event as text ("" when it is not there), or the whole event as JSON. Lives until
 * the next call but three. */
const char *parser_text(struct parser *p, unsigned event, const char *field);
const char *parser_json(struct parser *p, unsigned event);
