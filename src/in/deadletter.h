/* Dead letters: documents that came in and could not become messages, with the reason, one JSON
 * object a line. Two files of half the cap each: when the newer is full it replaces the older, so
 * the oldest letters go first. Any thread writes; readers may be other processes. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "model/message.h"

struct deadletter;

struct refusal {
    const struct message_origin *origin;
    const char *reason;
    struct slice document;
    bool stored; /* a message was made of it all the same, without some of its fields */
    bool cut;    /* the document given is not the whole one */
};

#define DEADLETTER_DOCUMENT_MAX ((size_t)256 * 1024) /* what is kept of a document */

/* Opens or makes `path`. */
MUST_CHECK err deadletter_open(struct deadletter **out, const char *path, int64_t cap_bytes,
                               struct why *w);

/* False: it could not be written (said in the log when that begins). */
bool deadletter_add(struct deadletter *d, const struct refusal *r);

/* What was added is on disk afterwards. */
bool deadletter_sync(struct deadletter *d);
void deadletter_close(struct deadletter *d);

/* A letter as it was read back; slices live in the arena given to deadletter_read. */
struct letter {
    int64_t id; /* counts up over both files */
    struct slice time, input, remote, reason, document;
    bool stored, cut;
};

/* Letters of both files, oldest first; *list in mem. Missing files are no letters. */
MUST_CHECK err deadletter_read(const char *path, struct arena *mem, struct letter **list, size_t *n,
                               struct why *w);
