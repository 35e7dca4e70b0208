/* GELF messages in chunks (graylog.md 2.2): a bounded table of those that are not whole yet. Time
 * is given: whoever calls has the clock. */
#pragma once

#include "base/slab.h"
#include "base/slice.h"
#include "model/counter.h"

#define GELF_CHUNK_HEAD 12
#define GELF_CHUNKS_MAX 128

struct gelf_chunks;

/* At most `messages` at a time with at most memory_bytes; beyond either the oldest goes. Boot
 * memory (exits without). */
struct gelf_chunks *gelf_chunks_new(unsigned messages, size_t memory_bytes,
                                    struct counters *counters);
void gelf_chunks_free(struct gelf_chunks *t);

/* A datagram that begins with 1e 0f. True when it made its message whole: *out lives until the next
 * call. sender keeps messages of the same id apart. */
bool gelf_chunks_add(struct gelf_chunks *t, struct slice datagram, uint64_t sender, int64_t now_ns,
                     struct slice *out);

/* Gives up what began more than 5 s ago. */
void gelf_chunks_expire(struct gelf_chunks *t, int64_t now_ns);
