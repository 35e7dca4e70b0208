/* A message as the JSON document that goes to an index, a file or the console. */
#pragma once

#include "base/buf.h"
#include "model/message.h"

struct message_form {
    int64_t now_ms;          /* for messages without a usable time */
    struct slice message_id; /* gl2_message_id (a ULID); empty: left out */
    struct slice node_id;    /* gl2_source_node; empty: left out */
    struct slice id;         /* how texts of errors name the message */
};

/* Appends {...} without a line end: dots in names become underscores (a name that is there in that
 * form already wins), times as "2024-02-14 21:18:29.782", gl2_accounted_message_size, streams, and
 * what m->origin knows. False when out is full or m's arena (for a few names) is (m->lost): out has
 * what fitted then. */
bool message_json(struct message *m, const struct message_form *form, struct buf *out);

/* A JSON string with its quotes; lone surrogates, which messages hold as three bytes, as \ud83d. */
void message_json_text(struct buf *out, struct slice s);

/* 26 characters: 48 bits of time and 80 bits that must differ (Crockford's base 32). */
void message_ulid(uint8_t out[26], int64_t ms, const uint8_t random[10]);
