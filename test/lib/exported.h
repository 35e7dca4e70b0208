/* A pack exported in memory, and what must hold of any export: ids, references between entities,
 * rules and pipelines that are those of the pack's files, the dashboard of dashboard.yml. The
 * document is read as JSON; nothing here is shared with what wrote it but the parser of rules. */
#pragma once

#include "codec/tree.h"
#include "pack/export.h"

struct exported {
    struct arena mem;
    struct packs *packs;
    struct export_conf conf;
    struct export_result result;
    struct mistakes wrong;
    struct slice text;
    struct node *root; /* of text; NULL: it was not made, `wrong` says why */
    unsigned passed, failed;
};

/* Exports the pack `name` of a folder of packs. settings: "profile: extended, enforce: false"; the
 * streams of stream.yml are read too. The caller ends with exported_free. */
void exported_make(struct exported *e, const char *folder, const char *name, const char *settings,
                   enum export_variant variant);
void exported_free(struct exported *e);

/* Checks what must hold; prints `FAILED: what: …` for what does not and counts both. */
void exported_check(struct exported *e, const char *what);

/* Text of a value reference, or of a plain text; "" when there is none. */
const char *exported_text(const struct node *of, const char *key);

/* The data of the n-th entity of a type, or NULL. */
const struct node *exported_entity(const struct exported *e, const char *type, unsigned n);

/* The next entity of a type behind `after`, or the first; NULL at the end. */
const struct node *exported_next(const struct exported *e, const char *type,
                                 const struct node *after);

/* The entity whose id this is, or NULL. */
const struct node *exported_by_id(const struct exported *e, const char *id);

/* Counts; false: printed with what it is about. */
bool exported_expect(struct exported *e, bool holds, const char *what, const char *fmt, ...)
    PRINTF(4);
