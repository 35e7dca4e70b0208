/* Failures: a number from one list, and a sentence for whoever a human will hear from. */
#pragma once

#include "base/attr.h"

#define ERRORS(X)                                                                                  \
    X(OK, "ok")                                                                                    \
    X(IO, "input or output failed")                                                                \
    X(CONFIG, "the configuration is not usable")                                                   \
    X(USAGE, "the command line is not usable")                                                     \
    X(FORMAT, "the data is not of the expected format")                                            \
    X(LIMIT, "a limit was reached")                                                                \
    X(RIGHTS, "a right is missing")                                                                \
    X(MISSING, "something needed is not there")                                                    \
    X(UNSUPPORTED, "not supported")                                                                \
    X(END, "the end was reached")

enum err_code {
#define ERR_ENUM(id, text) ERR_##id,
    ERRORS(ERR_ENUM)
#undef ERR_ENUM
        ERR_COUNT
};

/* ERR_OK (0) or why not. */
typedef enum err_code err;

/* The text of the list; never NULL. */
const char *err_text(err e);

/* One line for a human: what, where, how to mend it. Owned by the caller, usually on its stack. */
struct why {
    char text[768];
};

/* Fills w (NULL is accepted) and returns e, so that a failure is one statement:
 * return why_set(w, ERR_IO, "%s: %s", path, strerror(errno)); */
err why_set(struct why *w, err e, const char *fmt, ...) PRINTF(3);
