/* JSON texts as values of an event. */
#pragma once

#include "codec/jsondoc.h"
#include "model/event.h"

#define JSONVALUE_DEPTH_MAX 64 /* deeper documents are refused */

/* The one document of `text` as a value, in mem; the text is copied. Texts in it that are objects
 * or lists of JSON themselves are read too, `levels` deep in all (1: none); in lists only with
 * `lists`. False: not JSON, something behind it, too large, too deep, or out of budget. */
struct jsonvalue_how {
    struct jsondoc *doc;
    struct arena *mem;
    int64_t levels;
    bool lists;
};
bool jsonvalue_read(const struct jsonvalue_how *how, struct slice text, struct value *out);
