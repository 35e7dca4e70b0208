/* A record of the store's journal: which indices a message belongs to, its time, its text. Names of
 * indices, so that it can be read without the state. Pure. */
#pragma once

#include "base/buf.h"
#include "base/cursor.h"

#define RECORD_TARGETS_MAX 255

struct record {
    struct cursor names; /* of `targets` indices: record_name */
    unsigned targets;
    int64_t ts_ms;
    struct slice text;
};

/* The head of a record: then record_put_name for each target, then the text is appended. */
void record_put_head(struct buf *b, unsigned targets, int64_t ts_ms);
void record_put_name(struct buf *b, struct slice name);

/* False: it is none; r borrows from bytes. */
bool record_read(struct slice bytes, struct record *r);

/* The next of r->targets names. */
struct slice record_name(struct record *r);
