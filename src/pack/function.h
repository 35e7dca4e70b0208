/* The functions of the rule language: their table, and what each is called with. */
#pragma once

#include "pack/ast.h"

struct run;
struct call;

typedef struct rule_value (*function_run)(struct call *c);

enum param_flag {
    PARAM_GROK = 4096,   /* * a grok pattern: a good constant one is compiled at load */
    PARAM_CHARSET = 512, /* $ a constant must be the name of a character set */
    PARAM_CHAR = 1024,   /* ' a constant must not be empty */
    PARAM_PATHS = 2048,  /* { a constant must be a map of paths into JSON */
    PARAM_DATES = 128,   /* % a constant must be a pattern of dates */
    PARAM_ZONE = 256,    /* @ a constant must be a zone or an offset */
    PARAM_PERIOD = 64,   /* # a constant must be an ISO period */
    PARAM_LIST = 32,     /* [ a constant must be a list */
    PARAM_LATE = 16,     /* ^ a pattern whose faults show only when it is used */
    PARAM_OPTIONAL = 1,  /* ? */
    PARAM_REGEX = 2,     /* ~ a pattern: a constant one is compiled when the rule is loaded */
    PARAM_SUBNET = 4,    /* / the same for address/bits */
    PARAM_EXACT = 8,     /* = a constant of another type is an invalid argument, not a wrong type */
};

struct param {
    struct slice name;
    uint8_t type;   /* enum rule_type */
    uint16_t flags; /* enum param_flag */
};

struct function {
    const char *name;
    enum rule_type returns;
    bool pure; /* computed when the rule is loaded if all its arguments are constants */
    uint8_t n_params, n_required;
    struct param param[RULE_ARGS_MAX];
    function_run run;
};

/* One call: arguments by parameter; K_NULL for those that were not given. */
struct call {
    struct run *run;
    const struct expr *e;
    struct rule_value arg[RULE_ARGS_MAX];
};

/* The function of that name (case counts) in a; NULL when there is none or memory is out. */
const struct function *function_find(struct slice name, struct arena *a);

/* What the functions share. call_fail returns a null and makes the statement fail. */
struct rule_value call_fail(struct call *c, const char *fmt, ...) PRINTF(2);
bool call_given(const struct call *c, unsigned param);
struct arena *call_mem(const struct call *c);
/* Text of a string argument; empty for null. */
struct slice call_printed(const struct call *c, unsigned param); /* what is no text yet */
static inline struct slice call_text(const struct call *c, unsigned param)
{
    const struct rule_value *v = &c->arg[param];
    if (LIKELY(v->kind == K_STRING && v->fixed != VALUE_JSON))
        return rule_text(v);
    return v->kind == K_NULL ? slice_of("", 0) : call_printed(c, param);
}
/* message_hash of that text; known since the rule was loaded where it is a constant. */
static inline uint32_t call_hash(const struct call *c, unsigned param)
{
    uint32_t hash = c->e->in[param].hash;
    return hash ? hash : message_hash(call_text(c, param));
}
/* The argument is a constant that may be stored under as it is: an acceptable name, trimmed, none
 * of the three that are members of a message. */
static inline bool call_is_plain_name(const struct call *c, unsigned param)
{
    return c->e->in[param].plain_name;
}
static inline bool call_bool(const struct call *c, unsigned param, bool absent)
{
    return c->arg[param].kind == K_BOOL ? c->arg[param].i != 0 : absent;
}
static inline int64_t call_long(const struct call *c, unsigned param, int64_t absent)
{
    return c->arg[param].kind == K_LONG ? c->arg[param].i : absent;
}
/* The message an argument names, or the one the rule runs on. */
struct message *call_message(const struct call *c, unsigned param);

/* A list or map of n, to be filled by the caller; NULL when memory is out. */
struct rule_value *call_list(struct call *c, uint32_t n, struct rule_value *out);
struct rule_member *call_map(struct call *c, uint32_t n, struct rule_value *out);
/* Room for text; a buffer without room when memory is out. */
struct buf call_buf(struct call *c, size_t cap);
/* Room for n bytes more: b moves to more memory when needed. False when memory is out or the text
 * would be longer than a megabyte; then the call has failed. */
bool call_more(struct call *c, struct buf *b, size_t n);
/* What was written, as a value. */
struct rule_value call_done(struct call *c, const struct buf *b);

/* The address with its last byte (IPv4) or its last two (IPv6) zero (fn_net.c). */
struct rule_value address_anonymous(struct run *run, const struct addr *a);

/* True for the character sets that we can read and write (fn_encode.c). */
bool charset_ok(struct slice name);

#define FUNCTION_DECLARE(name)                struct rule_value fn_##name(struct call *c);
#define FUNCTION(name, returns, pure, params) FUNCTION_DECLARE(name)
#include "pack/functions.def"
#undef FUNCTION
