/* Heads of answers, with what browsers are told to refuse. Pure. */
#pragma once

#include "web/exchange.h"

#define REPLY_HEAD_BYTES 4096

/* The body of the answer; one that did not fit becomes an error. */
struct slice reply_finish(struct exchange *x);

/* Status line and headers. */
void reply_head(struct buf *b, const struct exchange *x, size_t body_bytes, bool keep_alive);
