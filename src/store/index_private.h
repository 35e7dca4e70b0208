/* Shared by index_*.c only. */
#pragma once

#include "base/buf.h"
#include "store/index_writer.h"
#include "store/state.h"

#define INDEX_PATH_BYTES  4096
#define GROUP_FILES_MAX   64 /* indices that may end within one group; more rotate in the next */
#define INDEX_BUFFER_SIZE ((size_t)256 * 1024)

/* An open file. `good` is what is on disk and stays when something fails. */
struct index_file {
    int fd; /* -1: none */
    struct index_row row, good;
};

struct set_files {
    struct index_set set;
    struct index_file now; /* the write index */
    struct index_row *old; /* all others, by number */
    unsigned n_old, cap_old;
    struct index_file ended[GROUP_FILES_MAX]; /* in this group */
    unsigned n_ended;
    struct buf buf; /* lines for `now` */
    bool touched;   /* in this group */
    bool rotated;   /* since the last retention */
    bool unsaved;   /* the row of `now` is newer than that of the state */
    bool full_said;
};

struct stream_link {
    char id[25];
    unsigned set;
};

struct index_writer {
    char data[INDEX_PATH_BYTES];
    struct state *state;
    int lock;
    struct set_files *set[INDEX_SETS_MAX];
    unsigned n_sets, default_set;
    struct stream_link link[STATE_STREAMS_MAX];
    unsigned n_links;
    bool in_group, save_failed;
    bool stale;               /* the state has changed and was not read yet */
    int64_t now_ms, saved_ms; /* latest clock; when rows were written last */
};

/* The folder, or (name INDEX_FILE) the file of an index. False: too long. */
bool index_path(const struct index_writer *x, const struct index_row *i, const char *prefix,
                const char *name, char out[INDEX_PATH_BYTES]);

/* Rows as the state has them, brought together with what is on disk: into f->now.row and f->old. */
MUST_CHECK err index_recover(struct index_writer *x, struct set_files *f, struct why *w);

/* Deletes folder and row; the row is marked first. */
MUST_CHECK err index_delete(struct index_writer *x, const char *prefix, struct index_row *i,
                            struct why *w);

/* The row counts one more line of n bytes, its end included; ms: its time, NULL when it has none.
 */
void index_count(struct index_row *i, size_t n, const int64_t *ms);

void index_add_old(struct set_files *f, const struct index_row *i);
