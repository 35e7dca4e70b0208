/* A pack as a content pack that a Graylog 5.2 reads and installs (graylog.md 8): streams, lookup
 * tables, grok patterns, rules, pipelines, a dashboard. One input gives one file. */
#pragma once

#include "model/message_stream.h"
#include "pack/pack.h"

#define EXPORT_NOTES_MAX   320
#define EXPORT_BYTES_MAX   ((size_t)64 << 20)
#define EXPORT_LOOKUPS     "/etc/graylog/lookups"
#define EXPORT_SERVER      "5.2.4" /* whose functions, syntax and content packs are meant */
#define EXPORT_CONSTRAINT  ">=5.2.0"
#define EXPORT_VERSION_MAX 999 /* of the second and third part of a pack's version */

enum export_variant {
    EXPORT_STREAM,       /* installation makes the streams, in the default index set */
    EXPORT_STREAM_TITLE, /* the streams must be there */
};
extern const char *const export_variant_names[]; /* by enum export_variant; NULL ends */

struct export_conf {
    enum export_variant variant;
    const char *lookups;             /* folder of the servers below which tables' files are put */
    const struct stream_def *stream; /* those of the pack's stream.yml */
    unsigned n_streams;
};

/* What was written, and what a person has to know and do. */
struct export_result {
    unsigned streams, caches, tables, patterns, rules, pipelines, dashboards, widgets;
    int64_t revision;
    const char *note[EXPORT_NOTES_MAX]; /* in the packs' arena */
    unsigned n_notes;                   /* may be more than EXPORT_NOTES_MAX */
};

/* Writes the first pack of p to out. False with what cannot be exported, each with its place, in
 * `wrong`; out is of no use then. p must not be shared yet: its arena grows. */
MUST_CHECK bool pack_export(struct packs *p, const struct export_conf *conf, struct buf *out,
                            struct export_result *result, struct mistakes *wrong);
