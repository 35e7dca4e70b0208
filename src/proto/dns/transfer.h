/* Zone transfers over TCP: one query, many responses (RFC 5936, RFC 1995). */
#pragma once

#include "proto/dns/message.h"

/* What has come of a transfer. */
struct dns_transfer {
    uint64_t bytes;     /* of all responses, length prefixes included */
    int64_t end_ns;     /* time of the last one */
    uint32_t n_answers; /* records in them */
    uint32_t serial;    /* of the zone, from the first SOA record */
    uint8_t n_soa;      /* SOA records with that serial so far */
    uint8_t n_soa_end;  /* the transfer is over when so many have come; 0: not begun */
};

/* True when m asks for a zone transfer. */
bool dns_transfer_asked(const struct dns_message *query);

/* Takes one more response into account; true when the transfer is over (or never was one: an error,
 * or no change). */
bool dns_transfer_add(struct dns_transfer *t, const struct dns_message *query,
                      const struct dns_message *response);
