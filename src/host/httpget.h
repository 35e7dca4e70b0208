/* One small HTTP answer from this machine's surroundings: a metadata service, the docker socket.
 * Blocks: on a thread of its own, never on the pipe's or a worker's. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

struct http_request {
    const char *unix_path; /* a socket; NULL: host and port */
    const char *host, *port;
    const char *method, *path;
    const char *headers; /* lines, each with CRLF; "" */
    int64_t deadline_ns; /* monotonic */
    int cancel_fd;       /* readable: give up; -1: none */
    size_t max_bytes;    /* of the answer */
};

struct http_answer {
    unsigned status;
    struct slice body;
};

/* The answer, in a, whatever its status. ERR_IO, ERR_LIMIT or ERR_END (cancelled), with why. */
MUST_CHECK err http_get(const struct http_request *r, struct arena *a, struct http_answer *out,
                        struct why *w);

/* The same of what has been read: for tests. False: it is no whole answer. */
bool http_read_answer(struct slice text, struct arena *a, struct http_answer *out);
