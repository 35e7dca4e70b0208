/* The section queue, or output.NAME.queue: where events wait for the output (packetbeat-core.md
 * 2.7). */
#pragma once

#include "model/option.h"

struct queue_section {
    int64_t events, flush_events, flush_ns; /* queue.mem */
    const char *path;                       /* queue.disk; NULL: below path.data */
    int64_t max_bytes, segment_bytes;       /* 0: no bound; a tenth of it */
    int64_t read_ahead, write_ahead, retry_ns, max_retry_ns;
    bool on_disk;
};
extern const struct option queue_options[];

/* root: of the configuration; output: its section, or NULL. l->prefix is changed. */
MUST_CHECK err queue_load(const struct node *root, const struct node *output, struct loading *l,
                          struct queue_section *out);
