/* Whole files: reading, replacing in one step, folders, locks. Any thread; may block on the disk.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

/* The whole file into a; "-" is standard input. More than max_bytes is ERR_LIMIT. w names the path
 * and the reason. */
MUST_CHECK err file_read(struct arena *a, const char *path, size_t max_bytes, struct slice *out,
                         struct why *w);

/* Writes path.new, syncs it and renames it over path, with these permissions. */
MUST_CHECK err file_replace(const char *path, struct slice content, unsigned mode, struct why *w);

/* Makes a folder and those above it that are not there. One that is there is fine. */
MUST_CHECK err file_make_folder(const char *path, unsigned mode, struct why *w);

/* The names in this folder are on disk: a new file's name is when its folder was synced. */
MUST_CHECK err file_sync_folder(const char *path, struct why *w);
bool file_exists(const char *path);

/* Free bytes of the disk that path is on; UINT64_MAX where it cannot be told. */
uint64_t file_free_bytes(const char *path);

/* Takes an exclusive lock on path (made when not there) and keeps it until the process ends or
 * file_unlock. *fd is -1 on failure; ERR_LIMIT: another process has it. */
MUST_CHECK err file_lock(const char *path, int *fd, struct why *w);
/* The same beside others who share it; path is there already (ERR_MISSING). */
MUST_CHECK err file_lock_shared(const char *path, int *fd, struct why *w);
void file_unlock(int fd);

/* All of it to fd, also where write(2) takes less at a time. False: errno tells why. */
MUST_CHECK bool file_write_all(int fd, struct slice content);
