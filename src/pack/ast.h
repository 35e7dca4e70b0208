/* A rule as a tree: made by parser.c, given its types by compile.c, walked by eval.c. Lives in the
 * arena it was parsed into. */
#pragma once

#include "base/err.h"
#include "pack/types.h"
#include "pack/value.h"

#define RULE_ERRORS_MAX 32
#define RULE_DEPTH_MAX  100 /* of nested expressions */
#define RULE_ARGS_MAX   10  /* parameters of a function */

/* The kinds of Graylog, and one of our own at the end. */
#define RULE_ERRORS(X)                                                                             \
    X(SyntaxError)                                                                                 \
    X(UndeclaredVariable)                                                                          \
    X(UndeclaredFunction)                                                                          \
    X(WrongNumberOfArgs)                                                                           \
    X(MissingRequiredParam)                                                                        \
    X(InvalidFunctionArgument)                                                                     \
    X(IncompatibleArgumentType)                                                                    \
    X(IncompatibleTypes)                                                                           \
    X(IncompatibleType)                                                                            \
    X(IncompatibleIndexType)                                                                       \
    X(NonIndexableType)                                                                            \
    X(InvalidOperation)                                                                            \
    X(OutOfMemory)

enum rule_error_kind {
#define RULE_ERROR_ENUM(id) RE_##id,
    RULE_ERRORS(RULE_ERROR_ENUM)
#undef RULE_ERROR_ENUM
};

struct rule_error {
    enum rule_error_kind kind;
    unsigned line, col; /* from 1, from 0 */
    char text[160];
};

/* Errors in the order they were found; what is beyond RULE_ERRORS_MAX is only counted. */
struct rule_errors {
    struct rule_error e[RULE_ERRORS_MAX];
    unsigned n;
};

enum expr_kind {
    E_CONST, /* value */
    E_LIST,  /* item[n] */
    E_MAP,   /* key[n], item[n] */
    E_MESSAGE,
    E_VAR,        /* text; slot */
    E_NAME,       /* a name behind a point: text */
    E_FIELD,      /* a . b */
    E_OWN_FIELD,  /* field of the present message, none of its members */
    E_FIELD_TEXT, /* to_string of such a field */
    E_HAS_FIELD,  /* the present message has field, a plain name */
    E_FIELD_IS,   /* field of the present message, none of its members, op constant */
    E_FIELD_IN,   /* the same field, equal to the constant of one of item[n] */
    E_ALL,        /* item[n], as long as they are true */
    E_ANY,        /* item[n], until one is true */
    E_INDEX,      /* a [ b ] */
    E_SIGN,       /* op a */
    E_NOT,
    E_MULTIPLY, /* a op b: * / % */
    E_ADD,      /* a op b: + - */
    E_COMPARE,  /* a op b: TK_LT and its like */
    E_EQUAL,    /* a op b: TK_EQ, TK_NE */
    E_AND,
    E_OR,
    E_CALL,  /* text; fn; arg[fn->n_params] */
    E_WRONG, /* stood in the place of something that is refused */
};

struct function;
struct call;

/* An argument as a call needs it while it runs: constants beside each other. */
struct rule_arg {
    const struct expr *e; /* NULL: not given, or a constant */
    struct rule_value v;  /* of a constant; K_NULL when not given */
    uint32_t hash;        /* message_hash of a constant text; 0: not known */
    bool plain_name;      /* a constant text that a field may have as its name without more */
    bool is_text;         /* e is to_string of that field */
    uint16_t id; /* of the field of the present message that e is; 0: it is none with one */
};

/* One part of a condition: those that ask for fields are answered without their expression being
 * looked at where the field is not there. */
struct rule_test {
    uint8_t kind; /* of e */
    bool negated; /* NOT e */
    uint16_t id;  /* of the field that e asks for: without it e is false; 0: none */
    const struct expr *e;
};

/* What running needs stands first, in ARENA_LINE bytes: it is a line of the cache. */
struct expr {
    uint8_t kind, op;
    uint8_t type;     /* enum rule_type, after compile */
    bool constant;    /* may be computed when the rule is loaded, as Graylog sees it */
    uint8_t n_in;     /* of in */
    bool named;       /* a call with names of arguments: key[n] */
    uint16_t id;      /* of field among the names of the program; 0: none */
    uint32_t hash;    /* message_hash of field */
    uint32_t n, slot; /* of item; of a variable */
    union {
        struct rule_value value; /* of E_CONST */
        struct slice field;      /* of E_FIELD and its like, when b is a name */
        struct {                 /* of E_CALL */
            struct rule_arg *in; /* by parameter */
            struct rule_value (*run)(struct call *c);
        };
        const struct rule_test *test; /* of E_ALL and E_ANY in a program: item[n] once more */
    };
    union {
        struct {
            struct expr *a, *b;
        };
        struct rule_value with; /* of E_FIELD_IS */
    };
    struct expr **item; /* as written */

    const void **ready; /* by parameter: what function->prepare made of a constant, or NULL */
    const struct function *fn;
    struct slice *key;
    struct expr **arg; /* by parameter, NULL: not given */
    struct slice text;
    unsigned line, col;
    unsigned from_line, from_col; /* with the parentheses around it */
};

struct statement {
    struct statement *next;
    struct expr *e;
    struct slice let; /* name of the variable; empty: a call */
    uint32_t slot;
    unsigned line, col;
};

enum step_kind {
    STEP_CALL,    /* e */
    STEP_LET,     /* slot = e */
    STEP_RENAME,  /* from, name: both plain names in the present message */
    STEP_RENAMES, /* pair[n]: several of them, one behind the other, in a program */
    STEP_SET,     /* name, a plain name in the present message, to value or constant */
};

/* Ids of names. */
struct rule_rename {
    uint16_t from, to;
};

/* A statement as it runs. Most of a pack are renames of fields that most messages do not have. */
struct rule_step {
    uint8_t kind;         /* enum step_kind */
    uint16_t id, from_id; /* of name and from among the names of the program; 0: none */
    uint32_t hash;
    union {
        uint32_t from_hash;
        uint32_t slot;
    };
    struct slice name;
    union {
        struct slice from;
        struct rule_value constant; /* when value is NULL */
        struct {
            const struct rule_rename *pair;
            uint32_t n;
        };
    };
    const struct expr *value;
    const struct expr *e; /* as written; says where it failed */
};

struct rule {
    struct slice name;
    const struct expr *guard; /* the condition is false for messages without its field; or NULL */
    struct expr *when;
    struct statement *then;
    struct rule_step *step; /* of all statements, in order */
    uint32_t n_steps;
    uint32_t slots; /* variables */
};

/* Adds an error; the text is cut to fit. */
void rule_error_add(struct rule_errors *e, enum rule_error_kind kind, const struct expr *at,
                    const char *fmt, ...) PRINTF(4);

/* "SyntaxError" and its like. */
const char *rule_error_name(enum rule_error_kind kind);
