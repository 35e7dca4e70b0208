/* Texts of the failures, and the sentence for a human. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const texts[ERR_COUNT] = {
#define ERR_TEXT(id, text) [ERR_##id] = text,
    ERRORS(ERR_TEXT)
#undef ERR_TEXT
};

const char *err_text(err e)
{
    return (unsigned)e < ERR_COUNT ? texts[e] : "unknown failure";
}

err why_set(struct why *w, err e, const char *fmt, ...)
{
    if (!w)
        return e;
    va_list args;
    va_start(args, fmt);
    vsnprintf(w->text, sizeof w->text, fmt, args);
    va_end(args);
    return e;
}
