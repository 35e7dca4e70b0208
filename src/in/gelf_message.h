/* A GELF 1.1 payload made into a message: Graylog's codec `gelf` (graylog.md 2.1, 2.6). */
#pragma once

#include "codec/deflate.h"
#include "codec/jsondoc.h"
#include "model/message.h"

enum gelf_result {
    GELF_MESSAGE,
    GELF_INCOMPLETE, /* a message that the server drops: it has no text */
    GELF_NOT_JSON,
    GELF_NO_TEXT,   /* short_message (or message) is missing, empty or no text */
    GELF_BAD_HOST,  /* host is empty or no text */
    GELF_PACKING,   /* damaged compression, or not one of those that GELF knows */
    GELF_TOO_LARGE, /* inflated or in values */
    GELF_NO_MEMORY, /* mem is out of budget: try again with an empty one */
};

struct gelf_reader;
struct gelf_reader *gelf_reader_new(size_t inflated_max); /* boot memory; 0: 8 MiB */
void gelf_reader_free(struct gelf_reader *r);

/* The payload (plain JSON, zlib or gzip; no chunk) as a message in mem. now_ns: when it was
 * received, which is its time when it has none. *out is set for the first two results. */
enum gelf_result gelf_message(struct gelf_reader *r, struct slice payload, int64_t now_ns,
                              struct arena *mem, struct message **out);

/* For people; never NULL. */
const char *gelf_result_text(enum gelf_result result);
