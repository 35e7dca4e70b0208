/* Asking about messages, for `wirelume query`: where the answer comes from, and how it is shown. */
#pragma once

#include "app/args.h"
#include "base/buf.h"
#include "codec/jsondoc.h"

enum query_form { QUERY_TABLE, QUERY_NDJSON, QUERY_CSV };

/* What is asked: a request as store/query.h reads it. */
struct asked {
    const char *kind;     /* of its only ask, whose id is "a" */
    struct slice request; /* JSON */
    const struct texts *fields;
    enum query_form form; /* of what is printed */
};

/* Asks the server that runs, over its socket, or else the files. *answer: JSON in out, with
 * JSONDOC_PAD bytes behind it; {"error":{…}} where the request is refused. */
MUST_CHECK err query_fetch(const struct asked *q, const struct args *a, struct buf *out,
                           struct why *w);

/* Prints what the answer {…} of an ask of that kind has. mem: for the call. */
MUST_CHECK err query_show(const struct asked *q, const struct jsondoc *d,
                          const struct jsondoc_node *answer, struct arena *mem, struct why *w);
