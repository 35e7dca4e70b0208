/* Writes small files in MaxMind's format (MaxMind DB 2.0) for tests. */
#pragma once

#include "base/addr.h"
#include "base/buf.h"

#define MMDB_NODES_MAX 2048

struct mmdb_writer {
    uint32_t node[MMDB_NODES_MAX][2]; /* 0: nothing; node numbers; or offset | MMDB_DATA */
    unsigned n;
    uint8_t room[65536];
    struct buf data;
};

void mmdb_begin(struct mmdb_writer *w);

/* The next value written is the record of net/bits (of 128). */
void mmdb_net(struct mmdb_writer *w, const struct addr *net, unsigned bits);

/* Values: a map of n pairs is followed by key, value, key, value. */
void mmdb_map(struct buf *b, unsigned n);
void mmdb_list(struct buf *b, unsigned n);
void mmdb_text(struct buf *b, const char *s);
void mmdb_double(struct buf *b, double d);
void mmdb_u32(struct buf *b, uint32_t v);

/* Makes the file. False when it cannot be written. */
bool mmdb_write(const struct mmdb_writer *w, const char *path);
