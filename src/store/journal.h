/* The store's journal: what is acknowledged is here first. Records get numbers from 1 on, without
 * gaps, and stay until every consumer has passed them. One thread writes; readers have handles of
 * their own and may be other threads. store.md 8. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#define JOURNAL_RECORD_MAX    ((size_t)16 * 1024 * 1024) /* bytes of a record */
#define JOURNAL_CONSUMERS_MAX 8

struct journal;

struct journal_conf {
    const char *folder;     /* made when not there */
    uint64_t segment_bytes; /* a new file begins when one has more; 0: 64 MiB */
    uint64_t max_bytes;     /* of all files; appending is then refused. 0: no bound */
    size_t frame_bytes;     /* records are packed together up to this size; 0: 1 MiB */
    bool read_only;         /* nothing is changed, nor may be; beside others who only read */
};

/* What opening found. */
struct journal_found {
    uint64_t records;    /* that can be read */
    uint64_t lost;       /* numbers of records whose frame is damaged */
    uint64_t cut_bytes;  /* behind the last whole frame: a write that did not end */
    unsigned bad_frames; /* damaged places, each logged */
};

/* Opens the folder, cuts an unfinished write and passes damaged frames. conf's folder must outlive
 * the journal. Another process may not have it open (ERR_LIMIT). */
MUST_CHECK err journal_open(struct journal **out, const struct journal_conf *conf,
                            struct journal_found *found, struct why *w);
void journal_close(struct journal *j); /* what was not synced is gone */

/* Adds a record (copied) and gives its number. ERR_LIMIT: max_bytes is reached; nothing changed. On
 * any failure all that was added since the last sync that did not fail is undone, and its numbers
 * are given again. */
MUST_CHECK err journal_append(struct journal *j, struct slice record, uint64_t *seq, struct why *w);

/* All that was added is on disk. Failure as above. */
MUST_CHECK err journal_sync(struct journal *j, struct why *w);

/* Forgets what was added since the last sync; nothing of it stays on disk. */
void journal_undo(struct journal *j);

/* The number that the next record gets; the last number that is on disk (0: none). Any thread. */
uint64_t journal_next(const struct journal *j);
uint64_t journal_durable(const struct journal *j);
uint64_t journal_bytes(const struct journal *j); /* of all files */
/* Of a record, on average; the writer's thread. */
uint64_t journal_record_bytes(const struct journal *j);

/* ---- consumers: each remembers how far it came, by a file of its own. The writer's thread. */

/* The last number that this consumer has done with; 0 for a new one, which is made: from now on
 * nothing behind it is deleted. name: letters, digits, - and _. */
MUST_CHECK err journal_consumer(struct journal *j, const char *name, uint64_t *seq, struct why *w);

/* It is done with everything up to seq: kept durably, then files that nobody needs are deleted. */
MUST_CHECK err journal_passed(struct journal *j, const char *name, uint64_t seq, struct why *w);

/* ---- readers. Any one thread each. */

struct journal_reader;

/* Starts with the first record whose number is >= from. */
MUST_CHECK err journal_reader_open(struct journal_reader **out, const struct journal *j,
                                   uint64_t from, struct why *w);

/* The next record that is on disk: true, valid until the next call. False: none there (yet), or rc
 * is set. Numbers that are missing are lost (damaged) records. */
MUST_CHECK bool journal_read(struct journal_reader *r, uint64_t *seq, struct slice *record, err *rc,
                             struct why *w);
void journal_reader_close(struct journal_reader *r);
