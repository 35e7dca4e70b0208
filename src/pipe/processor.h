/* What a processor is: one file in processors/ and one row in processors.def. */
#pragma once

#include "model/counter.h"
#include "pipe/ref.h"

enum step {
    STEP_OK,
    STEP_DROP,   /* the event goes no further */
    STEP_FAILED, /* counted; the event goes on as it is now */
};

enum processor_flag {
    PROCESSOR_STRICT = 1,     /* settings that it does not know are refused */
    PROCESSOR_NEEDS_WHEN = 2, /* makes no sense without a condition */
};

struct processor {
    const char *name, *doc;
    const struct option *options; /* without `when`, which all have */
    size_t conf_size;
    unsigned flags; /* enum processor_flag */
    /* Boot, before schema_freeze: after the options were read. May be NULL. */
    err (*prepare)(void *conf, const struct loading *l);
    enum step (*run)(void *conf, struct event *e);
    /* Gives back what is held beside the configuration's memory. May be NULL. */
    void (*close)(void *conf);
};

/* What rename, copy_fields and move_fields share: fields moved from name to name. */
struct moves;
MUST_CHECK err moves_load(const struct node *list, const struct loading *l, struct moves **out);

/* One more; the names live as long as l->mem. */
MUST_CHECK err moves_add(struct moves *m, const char *from, const char *to,
                         const struct loading *l);

struct move_rules {
    bool keep;           /* copy */
    bool ignore_missing; /* a name that is not there is no failure */
    bool overwrite;      /* what stands at the target gives way, else it is a failure */
    bool fail_on_error;  /* on failure the event is as before, with `failure` in error.message */
    const char *failure; /* NULL: error.message tells nothing */
};
enum step moves_run(struct moves *m, struct event *e, const struct move_rules *rules);

/* The values of an event, kept to undo what a processor did. NULL v: out of budget, and e->lost is
 * set. */
struct saved {
    struct value *v;
    unsigned n;
};
struct saved event_save(struct event *e);

/* Back to what was saved, with `failure` (static text; NULL: none) in error.message. */
void event_undo(struct event *e, const struct saved *s, const char *failure);

/* What urldecode and the decode_* of one field share: a text made of a field's text, put under
 * another name or in its place. */
struct pairs;
/* `from_to`: a list of maps with from and to, or one such map; without to the result takes the
 * place of the text. */
MUST_CHECK err pairs_load(const struct node *from_to, const struct loading *l, struct pairs **out);

struct pair_rules {
    bool ignore_missing, fail_on_error; /* as of move_rules */
    const char *failure;
    /* *out lives in the event's memory. False: `in` cannot be decoded. */
    bool (*decode)(void *ctx, struct event *e, struct slice in, struct slice *out);
    void *ctx;
};
enum step pairs_run(struct pairs *p, struct event *e, const struct pair_rules *rules);

/* Refs of a list of names, for reading; NULL, with l->why filled, when there is no memory. */
struct ref *refs_load(const struct texts *names, const struct loading *l);

/* Fills l->why; ERR_LIMIT. */
err config_is_too_large(const struct loading *l);

/* Names, and regular expressions between slashes. */
struct name_list;
MUST_CHECK err name_list_load(const struct texts *texts, const struct loading *l,
                              struct name_list **out);
/* The names that are no expressions, by number; NULL after the last. */
struct ref *name_list_ref(struct name_list *list, unsigned i);
/* Whether an expression matches the field's name, or the name of a group that it lies in. */
bool name_list_matches(struct name_list *list, uint16_t field);
