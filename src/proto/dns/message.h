/* A DNS message as it stands on the wire (RFC 1035 section 4): header, questions, records. */
#pragma once

#include "base/arena.h"
#include "base/cursor.h"

/* Header flags (RFC 1035 section 4.1.1, RFC 4035 section 3.2), as their bits stand. */
enum dns_flag {
    DNS_QR = 0x8000, /* response */
    DNS_AA = 0x0400,
    DNS_TC = 0x0200,
    DNS_RD = 0x0100,
    DNS_RA = 0x0080,
    DNS_AD = 0x0020,
    DNS_CD = 0x0010,
};

#define DNS_HEADER_BYTES 12

struct dns_question {
    struct slice name; /* as it stands in the message, maybe compressed */
    uint16_t type, class;
};

struct dns_record {
    struct slice name, rdata; /* as they stand in the message: names may point elsewhere */
    uint32_t ttl;
    uint16_t type, class;
};

enum dns_section { DNS_ANSWER, DNS_AUTHORITY, DNS_ADDITIONAL, DNS_SECTIONS };

/* Views into `bytes`; records in the arena given to dns_message_parse. */
struct dns_message {
    struct slice bytes;
    uint16_t id, flags;
    bool partial; /* bytes were cut by the capture: the records are not all */
    unsigned n_questions;
    struct dns_question *question;
    struct {
        struct dns_record *record;
        unsigned n;
    } section[DNS_SECTIONS];
    const struct dns_record *opt; /* EDNS: the first OPT record of the additional section */
};

/* Parses the whole message and checks every record. Counts that promise more than there is are
 * taken as what is there when the message ends between two records; trailing bytes are ignored.
 * With `cut` (the capture lost the end) a record that is not whole ends the message too. False:
 * not a DNS message, or out of scratch. A bare header is a message only as a response that says
 * what was wrong (RFC 2136 section 3.8 lets servers answer so). */
bool dns_message_parse(struct slice bytes, bool cut, struct arena *scratch, struct dns_message *m);

/* Reads the header only: counts in n_questions and section[].n are as promised. False when short.
 */
bool dns_message_header(struct cursor *c, struct dns_message *m);

/* Reads a question at c; c is bad when it is malformed. */
struct dns_question dns_message_question(struct slice bytes, struct cursor *c);

/* Reads a record at c and checks its data; c is bad when it is malformed. */
struct dns_record dns_message_record(struct slice bytes, struct cursor *c);

static inline bool dns_is_response(const struct dns_message *m)
{
    return m->flags & DNS_QR;
}

static inline unsigned dns_opcode(const struct dns_message *m)
{
    return m->flags >> 11 & 15;
}

/* The 12 bits of header and EDNS together (RFC 6891 section 6.1.3). */
static inline unsigned dns_rcode(const struct dns_message *m)
{
    return (m->opt ? m->opt->ttl >> 24 << 4 : 0) | (m->flags & 15);
}
