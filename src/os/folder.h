/* Folders of files: their names, what tells that one changed, and copies that never do. Any thread;
 * may block on the disk. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

#define FOLDER_NAMES_MAX 1024

/* Names in a folder that end with `end` and do not begin with a dot, sorted; texts in a. More than
 * FOLDER_NAMES_MAX is ERR_LIMIT; ERR_MISSING: the folder is not there. */
struct names {
    const char **v;
    unsigned n;
};
MUST_CHECK err folder_list(struct arena *a, const char *path, const char *end, struct names *out,
                           struct why *w);

bool folder_exists(const char *path);

/* Changes when the file is written or replaced; all zero when it is not there. */
struct file_stamp {
    int64_t changed_ns, size;
    uint64_t inode;
};
struct file_stamp file_stamp_of(const char *path);
bool file_stamp_eq(const struct file_stamp *a, const struct file_stamp *b);

/* A copy of the file as it is now, in memory: *fd is read only and the caller's; -1 on failure. */
MUST_CHECK err file_copy(const char *path, int64_t max_bytes, int *fd, struct why *w);
void file_copy_close(int fd);
