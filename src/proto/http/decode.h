/* Bodies as their senders meant them: codings undone (RFC 9110 section 8.4, RFC 9112 section 7). */
#pragma once

#include "codec/inflate.h"
#include "proto/http/report.h"

/* t's body without its content and transfer codings (chunked is undone already) in *body, which
 * lives as long as *mem: give that back with inflate_free. On failure a note is added to e; false
 * then means that there is nothing to show. */
bool http_decode(struct proto_ctx *x, struct event *e, const struct http_text *t,
                 struct inflated *mem, struct slice *body);
