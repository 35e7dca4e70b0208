/* What the reader of a real Graylog accepts as a content pack, known from one pack that it took
 * (accepted.json: an entity of each kind) and from what it said when a property was taken away or
 * made null (properties.json). A property is known by its path in the data of an entity, where list
 * items are `*`, search types <pivot>, ids <query> and <widget>, and the configuration of a widget
 * stands below <w-bar>, by how it is drawn. */
#pragma once

#include "codec/tree.h"

#define CONTENTPACK_PATH 320

struct contentpack_row;

struct contentpack {
    struct arena *mem;
    struct node *accepted, *properties;
    struct contentpack_row *row; /* made of accepted.json */
    unsigned n;
    uint16_t first[256]; /* row + 1 by the low bits of its place; 0: none */
    char why[600];       /* the last refusal */
};

/* Reads both files of the folder. False: one of them is not there or is no JSON (why). */
bool contentpack_load(struct contentpack *c, const char *folder, struct arena *mem);

/* False with the reason in c->why. Stricter than the reader in one thing: members that
 * accepted.json does not show are refused wherever they stand. */
bool contentpack_accepts(struct contentpack *c, const struct node *document);

/* The same for one of its entities. */
bool contentpack_accepts_entity(struct contentpack *c, const struct node *entity);

/* Calls `one` for each member of the data of an entity of accepted.json, with its path, and goes on
 * below it. `one` may change the member while it runs, and must put it back. */
typedef void contentpack_visit(void *ctx, const struct node *entity, struct node *member,
                               struct node *parent, const char *path);
void contentpack_each(struct contentpack *c, contentpack_visit *one, void *ctx);

/* Is the path in a list of properties.json ("required", "optional", "null_refused") of the entity's
 * kind? */
bool contentpack_lists(const struct contentpack *c, const struct node *entity, const char *list,
                       const char *path);
