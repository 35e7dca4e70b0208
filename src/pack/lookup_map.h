/* Texts, or networks, and what they stand for: the memory of lookup tables. */
#pragma once

#include "pack/lookup.h"
#include "pack/subnet.h"

#define LOOKUP_ROWS_MAX 4000000

struct lookup_row {
    struct slice key;
    struct rule_value single, multi, list;
    struct addr net;     /* of a table of networks: masked */
    unsigned bits, line; /* of 128; where it stands */
};

struct lookup_map {
    struct lookup_row *row;
    uint32_t *slot; /* open addressing, row + 1; 0: free */
    uint32_t n, cap, mask;
    bool nocase, cidr;
    uint8_t length[129]; /* the prefix lengths that are used, longest first */
    unsigned n_lengths;
};

extern const struct lookup_adapter lookup_map_adapter;

/* Room for cap rows in mem, LOOKUP_ROWS_MAX at most; NULL when it is out of budget. */
struct lookup_map *lookup_map_new(struct arena *mem, uint32_t cap, const struct lookup_source *s);

/* Adds a row (its key may be cleaned in mem). False after a mistake: no network, there already, or
 * no room. */
bool lookup_map_add(struct lookup_map *m, struct lookup_row row, struct place at, struct arena *mem,
                    struct mistakes *wrong);

/* The key as a table of texts has it: in small letters where case does not matter. In mem. */
struct slice lookup_map_text(const struct lookup_map *m, const struct rule_value *key,
                             struct arena *mem);

/* When all rows are in. */
void lookup_map_seal(struct lookup_map *m);
