/* Names of fields that are known before messages come, each with a number: what asks for them again
 * and again asks by number. Made by one thread; once made, any number of threads may read it. */
#pragma once

#include "base/arena.h"

#define MESSAGE_NAMES_MAX   32768
#define MESSAGE_NUMBERS_MAX 8192 /* of one codec */

struct message_name {
    struct slice name;
    uint32_t hash; /* message_hash(name) */
};

/* All zeroes: no names. Lives in an arena. */
struct message_names {
    struct message_name *v; /* by id, from 1 on */
    /* Open addressing by hash; 0: free, else the id and above it the upper half of the hash. */
    uint32_t *index;
    unsigned n, cap, index_mask;
};

/* The id of the name, which is added when it is not there. 0: there are MESSAGE_NAMES_MAX, or
 * memory is out. The name is not copied. */
unsigned message_names_add(struct message_names *t, struct slice name, struct arena *mem);

/* The id of the name, or 0; hash is message_hash(name). */
static inline unsigned message_names_find(const struct message_names *t, struct slice name,
                                          uint32_t hash)
{
    if (!t->n)
        return 0;
    for (unsigned at = hash & t->index_mask; t->index[at]; at = (at + 1) & t->index_mask) {
        if ((t->index[at] ^ hash) > 0xffff)
            continue;
        const struct message_name *one = &t->v[(uint16_t)t->index[at]];
        if (one->hash == hash && slice_eq_short(one->name, name))
            return (uint16_t)t->index[at];
    }
    return 0;
}

/* Where the fields of one message are, by the ids of a table; and which id each name of a codec
 * has, so that names are looked up once. Owned by one thread. The table must live as long. */
struct message_places;
struct message_places *message_places_new(const struct message_names *names);
void message_places_free(struct message_places *p);
