/* What the files of the journal share. */
#pragma once

#include <stdatomic.h>
#include <zstd.h>

#include "store/journal.h"
#include "store/journal_frame.h"

#define JOURNAL_PATH         4096
#define JOURNAL_SEGMENTS_MAX 65536
#define JOURNAL_SUFFIX       ".journal"
#define JOURNAL_NAME_MAX     32

struct journal_segment {
    uint64_t first; /* number of its first record, and its name */
    uint64_t bytes;
};

struct journal_consumer_state {
    char name[JOURNAL_NAME_MAX + 1];
    uint64_t passed;
};

struct journal {
    struct journal_conf conf;
    int lock;
    int fd;                          /* of the last segment */
    struct journal_segment *segment; /* oldest first; the last one is written */
    unsigned n_segments, cap_segments;
    struct journal_consumer_state consumer[JOURNAL_CONSUMERS_MAX];
    unsigned n_consumers;

    struct buf raw; /* records that are not in a frame yet */
    uint32_t raw_records;
    uint8_t *packed;
    size_t packed_cap;
    ZSTD_CCtx *zstd;
    uint64_t good_bytes; /* of the last segment: what stays when a write fails */
    bool dirty;          /* frames were written since the last sync */

    /* shared: written by the writer, read by readers and whoever asks */
    _Atomic uint64_t next, durable, bytes;
};

/* The path of the segment that begins with number `first`; false: it is too long. */
bool journal_path(const char *folder, uint64_t first, char out[JOURNAL_PATH]);

/* Firsts of all segments of the folder, sorted; *list is the caller's to free (xfree). */
MUST_CHECK err journal_list(const char *folder, uint64_t **list, unsigned *n, struct why *w);

/* Fills segment, bytes and next from what is on disk (journal_open). */
MUST_CHECK err journal_recover(struct journal *j, struct journal_found *found, struct why *w);

/* Reads the offsets of all consumers of the folder. */
MUST_CHECK err journal_read_consumers(struct journal *j, struct why *w);

MUST_CHECK err journal_add_segment(struct journal *j, uint64_t first, uint64_t bytes,
                                   struct why *w);
/* A new last segment, which begins with the next number. */
MUST_CHECK err journal_begin_segment(struct journal *j, struct why *w);
