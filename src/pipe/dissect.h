/* Dissect patterns: texts cut at fixed delimiters, "%{a} [%{b}] %{c}". */
#pragma once

#include "model/option.h"
#include "pipe/convert.h"

struct dissect;

#define DISSECT_KEYS_MAX 64

/* What a key of the pattern found. */
struct dissect_part {
    unsigned key;      /* for dissect_key; DISSECT_KEYS_MAX: the name came with the text */
    struct slice name; /* as in the pattern, or from the text */
    struct slice text;
    enum convert_type type;
};

struct dissect_parts {
    struct dissect_part v[DISSECT_KEYS_MAX];
    unsigned n;
};

/* Which sides lose trim_chars. */
enum dissect_trim { TRIM_NONE, TRIM_LEFT, TRIM_RIGHT, TRIM_ALL };

/* Boot. Lives in l->mem. The message names l->prefix and the reason. */
MUST_CHECK err dissect_new(const char *pattern, const struct loading *l, struct dissect **out);
void dissect_trim(struct dissect *d, enum dissect_trim sides, const char *chars);

/* Names of keys that are known beforehand, by number; NULL after the last. */
const char *dissect_key(const struct dissect *d, unsigned i);

/* Whether names may come with the text (%{&key}). */
bool dissect_is_open(const struct dissect *d);

/* False: the text is not of that form, or mem is out of budget. Parts point into text or mem. */
bool dissect_text(const struct dissect *d, struct slice text, struct arena *mem,
                  struct dissect_parts *out);
