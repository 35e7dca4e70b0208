/* What stands in a record beyond name, type, class and TTL: by one table, type by type. */
#pragma once

#include "base/buf.h"
#include "proto/dns/message.h"

#define DNS_EXTRAS_MAX 8

/* One value of a record beside its data: a number or text. */
struct dns_extra {
    struct slice key; /* static */
    bool is_number;
    int64_t number;
    struct slice text;
};

struct dns_rdata {
    struct slice data; /* the main value as text */
    bool has_address;  /* A or AAAA: `address` is what data shows */
    struct addr address;
    unsigned n;
    struct dns_extra extra[DNS_EXTRAS_MAX];
};

/* True when the record's data is well formed for its type. Empty data is (RFC 2136 section 2.4). */
bool dns_rdata_check(struct slice bytes, const struct dns_record *r);

/* Reads a checked record. Texts are appended to `text` and live there; what does not fit is cut. */
void dns_rdata_read(struct slice bytes, const struct dns_record *r, struct buf *text,
                    struct dns_rdata *out);

/* Appends a name of the message as text, without the dot at the end unless it is the root. */
void dns_put_name(struct buf *out, struct slice bytes, struct slice name);

/* Memory that every text of one record of a message fits into, save for huge NSEC bitmaps. */
size_t dns_text_room(size_t message_bytes);
