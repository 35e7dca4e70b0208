/* Values of the rule language while a rule runs: as Graylog's, with int and long, dates with the
 * offset they are shown in, lists, maps and periods kept apart. */
#pragma once

#include "base/buf.h"
#include "model/message.h"

enum value_kind {
    K_NULL,
    K_STRING,   /* n bytes at p */
    K_INT,      /* i, 32 bits */
    K_LONG,     /* i */
    K_FLOAT,    /* d */
    K_DOUBLE,   /* d */
    K_BOOL,     /* i */
    K_DATE,     /* i: milliseconds since 1970 UTC; n: the zone it is shown in (zone.h) */
    K_IP,       /* p: struct addr */
    K_LIST,     /* p: struct rule_value[n] */
    K_MAP,      /* p: struct rule_member[n] */
    K_PERIOD,   /* p: struct rule_period */
    K_DURATION, /* i: milliseconds */
    K_MESSAGE,  /* p: struct message */
};

/* What Graylog has a class of its own for. The result of a search is a map whose member `matches`
 * is no part of it. */
enum value_fixed {
    VALUE_FREE,
    VALUE_UNMATCHED,
    VALUE_MATCHED,
    VALUE_PRIORITY,      /* a map */
    VALUE_PRIORITY_TEXT, /* a map */
    VALUE_JSON,          /* a tree of JSON: any kind */
    VALUE_URL,           /* a text */
};

struct rule_value {
    uint8_t kind;
    uint8_t fixed; /* enum value_fixed */
    uint32_t n;
    union {
        int64_t i;
        double d;
        const void *p;
    };
};

struct rule_member {
    struct slice key;
    struct rule_value v;
};

/* A calendar period: its parts are not converted into each other. */
struct rule_period {
    int32_t years, months, weeks, days, hours, minutes, seconds, millis;
};

static inline struct slice rule_text(const struct rule_value *v)
{
    return slice_of(v->p, v->n);
}
static inline struct rule_value rule_string(struct slice s)
{
    return (struct rule_value){ .kind = K_STRING, .n = (uint32_t)s.n, .p = s.p };
}
static inline struct rule_value rule_long(int64_t i)
{
    return (struct rule_value){ .kind = K_LONG, .i = i };
}
static inline struct rule_value rule_bool(bool b)
{
    return (struct rule_value){ .kind = K_BOOL, .i = b };
}
static inline struct rule_value rule_double(double d)
{
    return (struct rule_value){ .kind = K_DOUBLE, .d = d };
}
static inline struct rule_value rule_null(void)
{
    return (struct rule_value){ .kind = K_NULL };
}

/* What a message holds as a value of the language; lists and maps are built in mem. Texts are
 * borrowed. K_NULL for NULL, and when mem is out of budget (mem->full). */
struct rule_value value_read(const struct value *v, struct arena *mem);

/* Sets a field as message_set does; name is one that needs no looking at: acceptable, trimmed, none
 * of the members. hash: message_hash of it. */
void value_put(struct message *m, struct slice name, uint32_t hash, const struct rule_value *v);

/* The same by the name's id, in a message that has names. */
void value_put_id(struct message *m, unsigned id, struct rule_value v);

/* The other way. Periods, durations and messages become text. */
struct value value_store(const struct rule_value *v, struct arena *mem);

/* Java's equals(): kinds must be equal too; lists in order, maps in any. */
bool value_equal(const struct rule_value *a, const struct rule_value *b);

/* Appends the text Java's toString() gives: numbers in Java's form, [a, b], {k=v}. */
void value_print(struct buf *b, const struct rule_value *v);

/* The same as a slice: a string's own bytes, else text in mem. Empty when mem is out of budget. */
struct slice value_to_text(const struct rule_value *v, struct arena *mem);

/* Member of a map, or NULL. */
const struct rule_value *value_member(const struct rule_value *map, struct slice key);
