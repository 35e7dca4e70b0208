/* An event as one JSON object, in the form of Packetbeat's json codec (packetbeat-core.md 3.4). */
#pragma once

#include "base/buf.h"
#include "model/event.h"

/* Text that stands in every event, prepared once: `"@metadata":{"beat":…,"type":"_doc","version":…`
 * without the closing brace. */
struct event_json_conf {
    enum time_precision precision;
    bool escape_html, pretty, local_time;
    const char *beat, *version; /* of @metadata */
};

/* Appends the object without newline. Sorts the event's values. raw_index: @metadata.raw_index or
 * NULL. When `out` becomes full the text is incomplete: make room and call again. */
void event_json(struct event *e, const struct event_json_conf *conf, const char *raw_index,
                struct buf *out);
