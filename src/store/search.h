/* Graylog's search syntax (Lucene's classic query parser, graylog.md 7): text to a tree. Pure. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

#define SEARCH_BYTES_MAX   8192 /* of a query's text */
#define SEARCH_CLAUSES_MAX 1024 /* in all of it */
#define SEARCH_DEPTH_MAX   32   /* parentheses in parentheses */

enum search_op {
    SEARCH_ALL,      /* *:* */
    SEARCH_TERM,     /* low: the word; <, <=, >, >= in front of it are still there */
    SEARCH_PHRASE,   /* low: what stood between quotes */
    SEARCH_PREFIX,   /* low: what the value begins with */
    SEARCH_WILDCARD, /* low: with * and ?, escapes still in it */
    SEARCH_REGEX,    /* low: the pattern, which must match the whole value */
    SEARCH_FUZZY,    /* low: the word; edits: how many may differ */
    SEARCH_RANGE,    /* low, high: NULL pointer where open */
    SEARCH_BOOL,     /* clauses */
};

/* How a clause of SEARCH_BOOL takes part. Where one is MUST, those that SHOULD decide nothing. */
enum search_occur { SEARCH_SHOULD, SEARCH_MUST, SEARCH_MUST_NOT };

struct search_node {
    enum search_op op;
    enum search_occur occur; /* in the bool above it */
    struct slice field;      /* without escapes; empty: all that is searched by default */
    struct slice low, high;
    bool low_open, high_open; /* of a range: { or }, the end is not part of it */
    unsigned edits;        /* of fuzzy: 0 to 2 (~ alone: by its length, as Elasticsearch does); of a
                              phrase: how far its words may be apart */
    unsigned line, column; /* of its first token; lines from 1, columns from 0, in characters */
    struct search_node *first, *next; /* clauses; the next clause of the same bool */
};

struct search {
    struct search_node *root;
    struct slice *token; /* as written, without the end; for completion and highlighting */
    unsigned n_tokens;
};

struct search_conf {
    bool leading_wildcard; /* * and ? may be the first character (Graylog: off) */
};

/* Parses text. Everything is in mem or borrows from text. ERR_FORMAT: w says line:column, what is
 * wrong and what may stand there. ERR_LIMIT: one of the limits above, or mem is full. A text of
 * blanks is refused as Graylog's parser does: the caller takes it for "all". */
MUST_CHECK err search_parse(struct search *s, struct slice text, const struct search_conf *conf,
                            struct arena *mem, struct why *w);

/* The text without its backslash escapes, in mem. */
struct slice search_unescape(struct slice s, struct arena *mem);
