/* Header fields in events: the headers objects and the raw head. */
#pragma once

#include "proto/http/report.h"

/* Sets f to the object of t's header fields: content-length and content-type always, others as the
 * configuration wants. */
void http_headers_object(struct proto_ctx *x, struct event *e, const struct field *f,
                         const struct http_text *t);

/* True when the field of that name (lower case) is stored in the object. */
bool http_header_stored(const struct http_conf *conf, struct slice name);

/* A value with its folds (RFC 9112 section 5.2) made one space each; from mem when it had some. */
struct slice http_unfolded(struct slice value, struct arena *mem);

/* The head as it may be shown: with redact_authorization, what follows the name of an authorization
 * field is stars. Works in place, on a copy. */
void http_mask_authorization(uint8_t *head, size_t n);
