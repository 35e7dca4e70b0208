/* Asking the server that runs on a data folder, over its socket there (web/web.h). Blocks; one
 * thread. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

#define LOCAL_ANSWER_MAX ((size_t)256 << 20)

struct local_question {
    const char *data;   /* folder */
    const char *method; /* GET, POST, DELETE */
    const char *path;   /* "/api/v1/health" */
    struct slice body;  /* JSON; empty: none */
    int64_t wait_ns;    /* for the whole answer */
};

struct local_answer {
    unsigned status; /* of HTTP */
    struct slice body;
};

/* The answer in a. ERR_MISSING: no server runs there. ERR_IO, ERR_FORMAT: it does not answer, or
 * not in HTTP/1.1. */
MUST_CHECK err local_ask(const struct local_question *q, struct arena *a, struct local_answer *out,
                         struct why *w);
