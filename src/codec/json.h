/* JSON text in and out (RFC 8259), in the form Packetbeat's codec writes it. */
#pragma once

#include "base/buf.h"
#include "codec/tree.h"

/* A JSON string with its quotes: short escapes, \u00xx, U+2028/9 escaped, each invalid UTF-8 byte
 * as \ufffd; with escape_html also & < > as \u0026 \u003c \u003e (packetbeat-protocols.md 0.1). */
void json_string(struct buf *out, struct slice s, bool escape_html);

/* The same for ASCII text that needs no escape, which most is. False: it is none, and nothing was
 * written. */
bool json_plain_string(struct buf *out, struct slice s, bool escape_html);

/* The shortest decimal form that reads back as d, without forced point; NaN and infinities: null.
 */
void json_double(struct buf *out, double d);

/* Reads one value into nodes owned by a: depth up to 64, duplicate keys kept. On failure w says
 * name:line:column. */
MUST_CHECK err json_read(struct arena *a, struct slice text, const char *name, struct node **root,
                         struct why *w);
