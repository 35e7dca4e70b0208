/* An event of a Beat as it came over the wire (JSON) made into a message: Graylog's codec `beats`
 * (graylog.md 1.3). */
#pragma once

#include "codec/jsondoc.h"
#include "model/message.h"

struct beats_conf {
    bool no_prefix;               /* field names without the beat's name in front */
    struct slice override_source; /* replaces the source when not empty; static */
};

enum beats_result {
    BEATS_MESSAGE,
    BEATS_INCOMPLETE, /* a message that the server drops: it has no text */
    BEATS_NOT_JSON,   /* refused */
    BEATS_NO_TIME,    /* no object, or its @timestamp is missing or no ISO time */
    BEATS_TOO_LARGE,  /* more values or levels than are read */
    BEATS_NO_MEMORY,  /* mem is out of budget: try again with an empty one */
};

/* What a thread needs to read events; names that came before are kept (bounded). */
struct beats_reader;
struct beats_reader *beats_reader_new(
    const struct beats_conf *conf);             /* boot memory; conf is copied */
void beats_reader_free(struct beats_reader *r); /* messages must be gone: names point into it */

/* The event in `json` (copied) as a message in mem. *out is set for the first two results. */
enum beats_result beats_message(struct beats_reader *r, struct slice json, struct arena *mem,
                                struct message **out);

/* For people; never NULL. */
const char *beats_result_text(enum beats_result result);
