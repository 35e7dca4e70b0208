/* Files seen as memory. */
#pragma once

#include "base/err.h"
#include "base/slice.h"

/* A file seen as memory, read-only. When the file becomes shorter while it is mapped, its lost
 * pages read as zeroes and file_map_shrunk says so: no signal reaches the program. */
struct file_map {
    struct slice bytes; /* valid until file_unmap */
    int guard;          /* private to filemap.c */
};

/* Maps fd, of a regular file, from byte `from` on. The descriptor may be closed afterwards. */
MUST_CHECK err file_map(struct file_map *m, int fd, uint64_t from, struct why *w);
bool file_map_shrunk(const struct file_map *m);

/* The first n bytes leave this program's memory; they are read again from the file when touched. */
void file_map_forget(const struct file_map *m, size_t n);
void file_unmap(struct file_map *m);
