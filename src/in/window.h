/* The bytes of a capture file as one stretch of memory that moves on: a mapped file is all in
 * sight, of a pipe or a packed file only a bounded part. */
#pragma once

#include "base/slice.h"
#include "in/unpack.h"
#include "os/filemap.h"

/* The most that window_fill can bring into sight at once. */
#define WINDOW_MAX_BYTES ((size_t)1024 * 1024)

struct window {
    const uint8_t *p, *end; /* in sight; valid until the next window_fill */

    /* private to window.c */
    struct file_map map;
    const uint8_t *dropped; /* pages of the map before this one were given back */
    struct slice rest;      /* of the map, still packed */
    struct unpack *unpack;
    uint8_t *memory, *packed; /* what p points into, unless mapped; input of a packed pipe */
    size_t packed_n;
    uint64_t offset, skip; /* of `end` in the unpacked file; to be passed from `end` on */
    uint64_t raw;          /* bytes taken from the pipe */
    int fd;                /* of a pipe; -1 */
    bool pipe, known, ended;
    struct why why;
};

enum fill { FILL_OK, FILL_END, FILL_WAIT, FILL_BAD };

/* A regular file is mapped; "-", FIFOs and devices are read as pipes. Nothing is read yet. On
 * failure ERR_MISSING or ERR_IO and w "path: reason". */
MUST_CHECK err window_open(struct window *v, const char *path, struct why *w);
void window_close(struct window *v);

/* Brings at least `need` (<= WINDOW_MAX_BYTES) bytes into sight. FILL_END: the file ends before;
 * FILL_WAIT: a pipe gave nothing for 100 ms; FILL_BAD: reading or unpacking failed, v->why tells.
 */
enum fill window_fill(struct window *v, size_t need);

/* Moves on by n bytes, also beyond what is in sight. */
void window_skip(struct window *v, uint64_t n);

/* Of v->p, in the unpacked file. */
uint64_t window_offset(const struct window *v);

/* Lets go of what lies before v->p: frames given out must not be used any more. */
void window_forget(struct window *v);

/* Bytes of the file itself (packed) that were used, and its size; *total 0 for pipes. */
void window_progress(const struct window *v, uint64_t *used, uint64_t *total);

/* The file became shorter under the mapping: what is in sight cannot be trusted. */
bool window_is_lost(const struct window *v);

static inline size_t window_left(const struct window *v)
{
    return (size_t)(v->end - v->p);
}
