/* A JSON document read into a flat array of nodes, for messages: fast, bounded, with the acceptance
 * rules of the reader that Graylog uses. Configuration is read by json_read into struct node. */
#pragma once

#include "base/buf.h"
#include "base/hash.h"

#define JSONDOC_PAD       16 /* bytes behind a text that must be there; they are overwritten */
#define JSONDOC_DEPTH_MAX 1000
#define JSONDOC_DIGITS    1000 /* longest number */
#define JSONDOC_SHAPES    4096 /* paths of names that a reader remembers */

enum jsondoc_type {
    JD_NULL,
    JD_BOOL,   /* i */
    JD_INT,    /* i; with JD_WIDE a larger one: its n digits, with sign, at s (jsondoc_int) */
    JD_DOUBLE, /* d */
    JD_STR,    /* n bytes at s: UTF-8, lone surrogates as three bytes */
    JD_ARRAY,  /* n members from `child` on */
    JD_OBJECT,
};
enum jsondoc_flag { JD_WIDE = 1 };

struct jsondoc_node {
    const uint8_t *key; /* of a member of an object */
    uint32_t key_n;
    uint8_t type, flags;
    uint16_t shape; /* of one reader: of one shape, not 0, is one path of names, for ever */
    uint32_t next;  /* the next member of the same parent; 0: none */
    uint32_t n;
    union {
        int64_t i;
        double d;
        const uint8_t *s;
        uint32_t child; /* first member; 0: none */
    };
};

struct jsondoc_level {
    uint32_t parent, last;
    uint16_t shape;     /* of the list or object */
    bool repeats;       /* a shape, or a kind of name without one, was met twice */
    uint32_t shapeless; /* names without a shape */
    uint32_t number;    /* of this list or object among all */
    uint64_t names[4];  /* a bit for each kind of the names without a shape */
};

/* A name that was met at one path. Senders repeat their names in one order: the next one is
 * compared with what is expected, which is faster than to look for its end. */
struct jsondoc_shape {
    uint8_t text[32]; /* with quotes and colon */
    uint32_t need;    /* a bit for each byte of it */
    uint16_t parent;  /* the path's rest; the root is 1 */
    uint16_t next;    /* the name that came after it last time */
    uint8_t key_n;
    uint32_t in; /* number of the object that had it last, for finding repeated names */
};

/* Reader and result; used again and again by one thread. node[0] is the root. */
struct jsondoc {
    struct jsondoc_node *node;
    uint32_t n, max;
    size_t end; /* where the value that was read ended in the text */
    struct jsondoc_level level[JSONDOC_DEPTH_MAX + 1];
    uint32_t *seen; /* a table for objects of many members */
    /* Names by path, added until they are JSONDOC_SHAPES, and a table of them. NULL: no name is
     * expected, which changes no answer. */
    struct jsondoc_shape *shape;
    uint16_t *shape_at;
    uint32_t n_shapes, levels;
    struct hash_key hash;
};

enum jsondoc_result {
    JSONDOC_OK,
    JSONDOC_EMPTY,     /* nothing but white space */
    JSONDOC_BAD,       /* not JSON */
    JSONDOC_TOO_DEEP,  /* more than JSONDOC_DEPTH_MAX levels */
    JSONDOC_TOO_LARGE, /* more than max nodes */
};

enum jsondoc_option {
    JSONDOC_LENIENT = 1, /* control characters in strings, a comma before a closing bracket */
};

/* Room for max_nodes values in one document; boot memory (exits without). */
void jsondoc_init(struct jsondoc *d, uint32_t max_nodes);
void jsondoc_free(struct jsondoc *d);

/* Reads the first value of text[0..n), which is changed (strings are unescaped in place) and must
 * live as long as the nodes are used; JSONDOC_PAD bytes behind it are overwritten. What follows the
 * value is ignored. Of equal names in an object the last value stands, at the first one's place.
 * Bad UTF-8 in strings is JSONDOC_BAD: see utf8_repair. */
enum jsondoc_result jsondoc_read(struct jsondoc *d, uint8_t *text, size_t n, unsigned options);

/* Member of an object, or NULL (also when `of` is NULL or no object). */
const struct jsondoc_node *jsondoc_get(const struct jsondoc *d, const struct jsondoc_node *of,
                                       struct slice key);

static inline struct slice jsondoc_key(const struct jsondoc_node *v)
{
    return slice_of(v->key, v->key_n);
}
static inline struct slice jsondoc_str(const struct jsondoc_node *v)
{
    return slice_of(v->s, v->n);
}

/* The low 64 bits of an integer with JD_WIDE, as Java's longValue() has them. */
int64_t jsondoc_wide(const struct jsondoc_node *v);

static inline int64_t jsondoc_int(const struct jsondoc_node *v)
{
    return LIKELY(!(v->flags & JD_WIDE)) ? v->i : jsondoc_wide(v);
}

/* The value as JSON text without spaces, numbers in Java's form. */
void jsondoc_write(const struct jsondoc *d, const struct jsondoc_node *v, struct buf *out);

/* A scalar as Jackson's asText() gives it: texts as they are, numbers in Java's form, null as
 * "null", "" for lists and objects. May point into the document or to what is written to out. */
struct slice jsondoc_text(const struct jsondoc_node *v, struct buf *out);

/* A JSON string with its quotes, escaped as Jackson does. pairs: characters above U+FFFF as two
 * escapes. Lone surrogates are escapes; other bad bytes become U+FFFD. */
void jsondoc_string(struct buf *out, struct slice s, bool pairs);

/* d as Java's Double.toString writes it: 1.0, 1.0E10, Infinity, NaN. */
void jsondoc_double(struct buf *out, double d);
