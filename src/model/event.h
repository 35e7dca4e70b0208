/* One event: a time, who talked to whom, and values by field. Built in a batch's arena. */
#pragma once

#include "base/addr.h"
#include "base/arena.h"
#include "model/field.h"

enum value_type {
    VT_NULL,
    VT_INT,
    VT_DOUBLE,
    VT_BOOL,
    VT_STR,     /* n bytes at p */
    VT_TIME,    /* i: ns since 1970 UTC */
    VT_IP,      /* p: struct addr */
    VT_STRS,    /* p: struct slice[n] */
    VT_INTS,    /* p: int64_t[n] */
    VT_IPS,     /* p: struct addr[n] */
    VT_OBJECT,  /* p: struct object */
    VT_OBJECTS, /* p: struct object[n] */
    VT_VALUES,  /* p: struct value[n]: a list of mixed values */
};

enum value_flag {
    VF_DOTTED = 1, /* written as one key with dots at the top level ("user.name") */
    VF_ROOT = 2,   /* an object whose members are written at the top level: of EVENT_ROOT */
    VF_CONST = 4,  /* one of few values, in memory that outlives every encoder (event_plan.h) */
};

struct value {
    uint16_t field; /* id of the schema; 0xffff inside objects */
    uint8_t type;   /* enum value_type */
    uint8_t flags;  /* enum value_flag */
    uint32_t n;
    union {
        int64_t i;
        double d;
        const void *p;
    };
};

/* The object field whose members stand at the root of the event: keys that no configuration knew.
 * In the schema only when somebody asked for it (schema_object_field). */
#define EVENT_ROOT "@root"

/* Keys that come from the traffic or that only one kind of record has. Order is kept. */
struct member {
    struct slice key;
    struct value v;
};
struct object {
    struct member *m;
    uint32_t n, cap;
};

/* Where the event was made: decides which tags, fields and processors of the configuration apply.
 */
enum { EVENT_SOURCE_FLOW = 0xff, EVENT_SOURCE_SENSOR = 0xfe }; /* else the enum proto_id */

/* Both ends as numbers, for community id, direction and related.ip: no value has to be read back.
 */
struct event_ends {
    bool known;
    uint8_t ip_proto; /* 6, 17, 1, 58, 132 */
    struct addr src, dst;
    uint16_t sport, dport; /* ICMP: type and code of the request */
};

struct event {
    int64_t ts_ns; /* @timestamp; 0 is not a time: such an event is dropped and counted */
    const char *dataset;
    struct arena *mem;
    struct value *v;
    unsigned n, cap;
    uint8_t source; /* enum proto_id, or one of the above */
    bool lost;      /* a value did not fit: the event is dropped and counted */
    bool keep_null;
    struct event_ends ends;
};

/* A new event in mem with room for `cap` values (it grows); NULL when mem is out of budget. */
struct event *event_make(struct arena *mem, unsigned cap);

/* Setters. Bytes are copied into the event's arena unless the name says _ref (static text or memory
 * of the same arena only). A field may be set again: the later value stands. Out of budget sets
 * e->lost. Threads: the event's owner. Types are checked against the row in debug builds. */
void event_int(struct event *e, const struct field *f, int64_t v);
void event_double(struct event *e, const struct field *f, double v);
void event_bool(struct event *e, const struct field *f, bool v);
void event_str(struct event *e, const struct field *f, struct slice v);
void event_str_ref(struct event *e, const struct field *f, struct slice v);
/* Static text, one of few (encoders remember it by its address); NULL: nothing is set. */
void event_cstr_ref(struct event *e, const struct field *f, const char *v);
void event_time(struct event *e, const struct field *f, int64_t ts_ns); /* 0: nothing is set */
void event_ip(struct event *e, const struct field *f, const struct addr *v);
void event_null(struct event *e, const struct field *f);

/* Lists: items are copied as a whole; the strings too, unless _ref. n == 0 gives []. */
void event_strs(struct event *e, const struct field *f, const struct slice *v, unsigned n);
void event_strs_ref(struct event *e, const struct field *f, const struct slice *v, unsigned n);
void event_ints(struct event *e, const struct field *f, const int64_t *v, unsigned n);
void event_ips(struct event *e, const struct field *f, const struct addr *v, unsigned n);

/* Adds one item to a list: nothing yet gives a list of one. With unique, an equal item is not added
 * again. */
void event_add_str(struct event *e, const struct field *f, struct slice v, bool unique);
void event_add_ip(struct event *e, const struct field *f, const struct addr *v, bool unique);

/* A note for error.message: the first makes a string, more make a list (static text). */
void event_note(struct event *e, const char *text);
void event_note_str(struct event *e, struct slice text);

/* Zero means "not there": sets nothing for 0 or the empty slice (packetbeat-protocols.md 0.3). */
void event_int_nz(struct event *e, const struct field *f, int64_t v);
void event_str_nz(struct event *e, const struct field *f, struct slice v);

/* Marks the value of f as written with a literal dotted key. */
void event_dotted(struct event *e, const struct field *f);

/* The value of a field, or NULL. The pointer lives until the next setter. */
struct value *event_get(const struct event *e, const struct field *f);

/* Takes a field out; false when it was not there. */
bool event_remove(struct event *e, const struct field *f);

/* Sets f to a copy of v's value (same event or arena: nothing is duplicated). */
void event_put(struct event *e, const struct field *f, const struct value *v);

/* The same for a value that never changes and lives as long as whoever encodes: VF_CONST. */
void event_put_const(struct event *e, const struct field *f, const struct value *v);

/* An object under f with room for cap members, or NULL when out of budget (e->lost is set). Lives
 * in the event's arena. */
struct object *event_object(struct event *e, const struct field *f, unsigned cap);

/* n objects, empty, each to be given room by object_room. */
struct object *event_objects(struct event *e, const struct field *f, unsigned n);
bool object_room(struct event *e, struct object *o, unsigned cap);

/* Members; the key is not copied (static text or the event's arena). A full object grows. */
void object_int(struct event *e, struct object *o, struct slice key, int64_t v);
void object_str(struct event *e, struct object *o, struct slice key, struct slice v);
void object_str_ref(struct event *e, struct object *o, struct slice key, struct slice v);
void object_set(struct event *e, struct object *o, struct slice key, const struct value *v);
struct value *object_get(const struct object *o, struct slice key);
bool object_remove(struct object *o, struct slice key);

/* The value as text into scratch-like memory of mem: how conditions and format strings see it. */
struct slice value_text(const struct value *v, struct arena *mem);

/* The places of the values by field id, of equal fields only the last one's; returns how many.
 * `order` has room for e->n, which is at most 65,535. */
unsigned event_order(struct event *e, uint16_t *order);

/* Sorts the values by field id, so that dotted names nest in one pass. */
void event_sort(struct event *e);
