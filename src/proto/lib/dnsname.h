/* Domain names on the wire (RFC 1035 sections 3.1 and 4.1.4): labels, compression, text. */
#pragma once

#include "base/buf.h"
#include "base/cursor.h"

/* A name expanded has at most 255 octets (RFC 1035 section 3.1); as text each octet may need four
 * characters. */
#define DNSNAME_WIRE_MAX 255
#define DNSNAME_TEXT_MAX (DNSNAME_WIRE_MAX * 4)

/* Each of these reads one name at c, which must be a cursor into msg (the whole message: what
 * compression pointers count from), and leaves c behind it. A malformed name marks c bad: a label
 * that runs over the end, an unknown label type, more than 255 octets, too many pointers. */

/* Only passes it. */
void dnsname_skip(struct slice msg, struct cursor *c);

/* Appends its presentation form with the dot at the end ("www.example.com.", root: "."): special
 * characters get a backslash, octets that are not printable ASCII become \DDD. */
void dnsname_text(struct slice msg, struct cursor *c, struct buf *out);

/* Appends it as octets without compression. */
void dnsname_wire(struct slice msg, struct cursor *c, struct buf *out);
