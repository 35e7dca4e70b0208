/* Heads of answers, with what browsers are told to refuse. Pure. */
#pragma once

#include "web/exchange.h"

#define REPLY_HEAD_BYTES 4096

/* The body of the answer; one that did not fit becomes an error. */
struct slice reply_finish(struct exchange *x);

/* On the pool: packs an answer with gzip, where that is worth it and the client takes it. Answers
 * that hold secrets beside what a client chose are not made on the pool (session.c): their length
 * would tell of them. */
void reply_pack(struct exchange *x);

/* Status line and headers. */
void reply_head(struct buf *b, const struct exchange *x, size_t body_bytes, bool keep_alive);
