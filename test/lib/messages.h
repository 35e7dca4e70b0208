/* Messages as the Packetbeat pack makes them, with varied values: from a seed always the same.
 * Kinds as on a real network: flows, DNS, HTTP, TLS, ICMP; addresses and names are skewed. */
#pragma once

#include "base/buf.h"

struct messages {
    uint64_t seed;
    int64_t from_ms, span_ms; /* timestamps: even steps over the span, out of order by seconds */
    uint64_t n;               /* how many will be made, for the steps */
    unsigned odd;             /* of 1000: with values of unusual types, lists and gaps */
    const char *stream;       /* 24 hex digits */
};

/* Appends the i-th message, one JSON object without a line end. Templates come from
 * test/lib/messages.ndjson. False: out is full or the file is missing. */
bool messages_make(const struct messages *m, uint64_t i, struct buf *out);
