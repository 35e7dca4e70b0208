/* A message: what the receiver makes of an event that came over the wire, and what rules work on.
 * Names come from the sender, so they are text; each is hashed once. Lives in its batch's arena. */
#pragma once

#include "base/arena.h"
#include "model/event.h"

enum message_value_flag {
    VF_INT32 = 2, /* VT_INT that was read as a 32-bit integer: Graylog's rules tell them apart */
    VF_FLOAT = 4, /* VT_DOUBLE with the form of a float */
};

struct message_field {
    struct slice name; /* arena or static */
    uint32_t hash;     /* message_hash(name) */
    struct value v;    /* lists are VT_LIST-like: VT_STRS when all are strings, else VT_VALUES */
};

/* A list of mixed values: value.p points to n struct values. Only in messages. */
enum { VT_VALUES = 32 };

/* Where it came from, for gl2_remote_ip and its like. */
struct message_origin {
    struct addr ip;
    uint16_t port;
    const char *input; /* id of the input; static */
};

struct message {
    struct arena *mem;
    int64_t ts_ns;        /* the message's timestamp; 0: not set (then it is incomplete) */
    int64_t receive_ns;   /* when the input had it whole */
    struct slice source;  /* may be empty; see has_source */
    struct slice message; /* the field of that name */
    bool has_source, has_message;
    bool lost; /* something did not fit into the arena */
    struct message_origin origin;
    struct message_field *f; /* all other fields, in order of their first setting */
    uint16_t *index;         /* open addressing over f, by hash; 0: free, else position + 1 */
    unsigned n, cap, index_mask;
    uint32_t refused; /* fields that were not accepted (names, reserved words) */
};

/* FNV-1a of the name, never 0. */
uint32_t message_hash(struct slice name);

/* A new message with room for `cap` fields (it grows); NULL when mem is out of budget. */
struct message *message_new(struct arena *mem, unsigned cap);

/* Sets a field, or replaces its value; name and value are kept as they are (not copied). The names
 * "message", "source" and "timestamp" set the members above under Graylog's rules (graylog.md 1.3).
 * False when the name is refused (counted in m->refused) or memory is out (m->lost). */
bool message_set(struct message *m, struct slice name, const struct value *v);

/* The value, or NULL. */
const struct value *message_get(const struct message *m, struct slice name);
bool message_remove(struct message *m, struct slice name);

/* True when a name may be stored: only letters, digits, _ . - @ and none of the reserved words
 * (graylog.md 1.3 (9)). */
bool message_name_ok(struct slice name);

/* Has message, source and timestamp, and the message is not blank (graylog.md 1.3). */
bool message_is_complete(const struct message *m);

/* gl2_accounted_message_size (graylog.md 1.3). */
int64_t message_size(const struct message *m);
