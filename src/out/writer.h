/* Lines to a file descriptor in large writes. One thread. */
#pragma once

#include "base/err.h"
#include "base/slice.h"

#define WRITER_BYTES ((size_t)256 * 1024)

struct writer {
    int fd; /* -1: none */
    uint8_t *p;
    size_t n; /* buffered */
};

void writer_init(struct writer *w, int fd);

/* Buffers the line and a newline; writes when the buffer is full. On failure the buffered bytes are
 * lost. ERR_END: nobody reads any more (EPIPE). `name` stands in the message. */
MUST_CHECK err writer_line(struct writer *w, struct slice line, const char *name, struct why *why);
MUST_CHECK err writer_flush(struct writer *w, const char *name, struct why *why);

/* Frees the buffer; the descriptor stays the caller's. */
void writer_free(struct writer *w);
