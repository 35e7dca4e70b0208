/* A message: what the receiver makes of an event that came over the wire, and what rules work on.
 * Names come from the sender, so they are text; each is hashed once. Lives in its batch's arena. */
#pragma once

#include "base/arena.h"
#include "model/event.h"
#include "model/message_names.h"

enum message_value_flag {
    VF_INT32 = 2, /* VT_INT that was read as a 32-bit integer: Graylog's rules tell them apart */
    VF_FLOAT = 4, /* VT_DOUBLE with the form of a float */
    VF_JSON = 8,  /* any type: a tree of JSON that a rule has parsed */
};

struct message_field {
    struct slice name; /* arena or static */
    uint32_t hash;     /* message_hash(name) */
    uint16_t id;       /* of the name while the message is attached; before, its codec's; 0: none */
    struct value v;    /* lists: VT_STRS when all are strings, else VT_VALUES */
};

/* Where it came from, for gl2_remote_ip and its like. */
struct message_origin {
    struct addr ip;
    uint16_t port;
    const char *input; /* id of the input; static */
};

/* What went wrong while the message was made ready; becomes gl2_processing_error. */
struct message_error {
    struct message_error *next;
    struct slice text, details;
};

struct message {
    struct arena *mem;
    int64_t ts_ms;        /* its time since 1970 UTC; valid when has_ts */
    struct slice ts_text; /* a time that was given as text and not read yet; else empty */
    int64_t receive_ns;   /* when the input had it whole */
    struct slice source;  /* may be empty; see has_source */
    struct slice message; /* the field of that name */
    bool has_ts, has_source, has_message;
    bool lost; /* something did not fit into the arena */
    struct message_origin origin;
    struct message_field *f; /* all other fields, in no order that means anything */
    /* Open addressing over f, by hash; 0: free, else position + 1 and above it the upper half of
     * the hash, so that f is looked at for a match only. Without the fields whose names have ids.
     * NULL: not made, since nobody has asked by name yet. */
    uint32_t *index;
    unsigned n, cap, index_mask;
    uint64_t codec; /* message_codec: whose numbers the fields have; 0: they have none */
    const struct message_names *names; /* message_attach; else NULL */
    uint16_t *place;  /* then by id: position + 1 of that field; 0: there is none */
    bool dropped;     /* it goes no further */
    uint16_t clones;  /* how many generations of clones lie before it */
    uint32_t refused; /* fields that were not accepted (names, reserved words, too many) */
    struct message_error *errors;
    struct slice *streams; /* ids of the streams it is in, no id twice */
    unsigned n_streams, cap_streams;
};

#define MESSAGE_FIELDS_MAX 16384

/* 32 bits over the name, never 0; the same on every run. */
uint32_t message_hash(struct slice name);

/* A new message with room for `cap` fields (it grows); NULL when mem is out of budget. */
struct message *message_new(struct arena *mem, unsigned cap);

/* A message with the same fields and streams in the same memory (texts are shared); errors are not
 * taken over. NULL when mem is out of budget. */
struct message *message_clone(const struct message *from);

/* s without bytes up to U+0020 at its ends: how Graylog trims names and values. */
struct slice message_trim(struct slice s);

/* Sets a field, or replaces its value; name and value are kept as they are (not copied). The name
 * and texts are trimmed; null and empty texts change nothing. The names "message", "source" and
 * "timestamp" set the members above under Graylog's rules (graylog.md 1.3). False when nothing was
 * set: the name is refused (counted in m->refused) or memory is out (m->lost). */
bool message_set(struct message *m, struct slice name, const struct value *v);

/* The same for a name that is known to be acceptable and none of the three above, and a value that
 * is already trimmed: what a codec does for each field. hash is message_hash(name). */
bool message_put(struct message *m, struct slice name, uint32_t hash, const struct value *v);

/* The value, or NULL; not for the three names that are members. */
const struct value *message_get(const struct message *m, struct slice name);

/* The same as message_get where message_hash(name) is known. */
const struct value *message_get_hashed(const struct message *m, struct slice name, uint32_t hash);

/* A value made in registers: written member by member and then copied whole, it would have to wait
 * for its own way through memory. */
static inline struct value message_value_of(unsigned type, unsigned flags, uint32_t n, int64_t i)
{
    struct value v = { .i = i };
    uint64_t head = 0xffff | (uint64_t)type << 16 | (uint64_t)flags << 24 | (uint64_t)n << 32;
    if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
        return (struct value){
            .field = 0xffff, .type = (uint8_t)type, .flags = (uint8_t)flags, .n = n, .i = i
        };
    MOVE_BYTES(&v, &head, sizeof head);
    return v;
}
static inline struct value message_text_of(struct slice s)
{
    return message_value_of(VT_STR, 0, (uint32_t)s.n, (int64_t)(uintptr_t)s.p);
}

/* The same as message_put for a field that is not there yet, as its caller knows. id: its codec's
 * number for the name; 0: none. */
bool message_append_slowly(struct message *m, struct slice name, uint32_t hash, unsigned id,
                           struct value v);
static inline bool message_append(struct message *m, struct slice name, uint32_t hash, unsigned id,
                                  struct value v)
{
    if (UNLIKELY(m->names || m->index || m->n == m->cap))
        return message_append_slowly(m, name, hash, id, v);
    struct message_field *f = &m->f[m->n++];
    f->name = name;
    f->hash = hash;
    f->id = (uint16_t)id;
    f->v = v;
    return true;
}

/* A codec that numbers its names sets m->codec to this, of its own: of one codec a number below
 * MESSAGE_NUMBERS_MAX means one name for ever, and 0 none. Any thread. */
uint64_t message_codec(void);

/* Gives the field `from` the name `to`, which must be acceptable, trimmed and none of the three
 * that are members; a field of that name is replaced. False when there is no such field, when it
 * may not be removed, or when both are one. The hashes are message_hash of the names. */
bool message_rename(struct message *m, struct slice from, uint32_t from_hash, struct slice to,
                    uint32_t to_hash);

/* The same for a field that may be removed: no reserved word, none of the server's. */
bool message_move(struct message *m, struct slice from, uint32_t from_hash, struct slice to,
                  uint32_t to_hash);

/* Takes a field out, and the last one takes its place; the name is not trimmed. False when it was
 * not there or may not be removed (reserved words, gl2_ fields of the server, the three members).
 */
bool message_remove(struct message *m, struct slice name);

/* ---- fields by number: for whoever asks a message for many names that are known beforehand */

/* From here to message_detach the message has names, and its fields are found by their ids too; all
 * other functions do as before. One message at a time uses the places. */
void message_attach(struct message *m, struct message_places *p);
void message_detach(struct message *m);

/* The value under a name of this id (not 0), or NULL; the message is attached. */
static inline const struct value *message_value(const struct message *m, unsigned id)
{
    unsigned position = m->place[id];
    return position ? &m->f[position - 1].v : NULL;
}

/* message_put and message_move (of what is there, to another name) by id. */
bool message_put_id_slowly(struct message *m, unsigned id, struct value v);
static inline bool message_put_id(struct message *m, unsigned id, struct value v)
{
    unsigned position = m->place[id];
    if (!position && m->n == m->cap)
        return message_put_id_slowly(m, id, v);
    struct message_field *f = &m->f[position ? position - 1 : m->n];
    if (!position) {
        f->name = m->names->v[id].name;
        f->hash = m->names->v[id].hash;
        f->id = (uint16_t)id;
        m->place[id] = (uint16_t)++m->n;
    }
    f->v = v;
    return true;
}
void message_move_id(struct message *m, unsigned from, unsigned to);

/* ---- what else is asked of messages */

/* True when a name may be stored: only letters, digits, _ . - @ and none of the reserved words
 * (graylog.md 1.3 (9)). */
bool message_name_ok(struct slice name);

/* True for each byte that a name may have. */
extern const bool message_name_byte[256];

/* The name with every other character as '_', in mem; empty (mem->full) without memory. */
struct slice message_name_clean(struct slice name, struct arena *mem);

/* "message", "source" and "timestamp": what is a member of the struct and no field. */
bool message_is_member(struct slice name);

/* Names that the server keeps for itself; settable: those of them that may be set. Static, sorted;
 * NULL ends. */
const char *const *message_reserved(bool settable);

/* Its time, read from text if need be. What cannot be read, and no time at all, becomes now_ms
 * with an error as Graylog words it; id is how that text names the message. */
int64_t message_time(struct message *m, int64_t now_ms, struct slice id);

/* Appends an error; the slices are not copied. */
void message_add_error(struct message *m, struct slice text, struct slice details);

/* Puts it into a stream, or takes it out; the id is not copied. False when nothing changed. */
bool message_stream(struct message *m, struct slice id);
bool message_unstream(struct message *m, struct slice id);

/* Has a message that is not blank: what the server asks of a decoded message. */
bool message_is_complete(const struct message *m);

/* gl2_accounted_message_size (graylog.md 1.3). */
int64_t message_size(const struct message *m);
