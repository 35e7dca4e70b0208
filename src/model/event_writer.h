/* Inside the encoder: what event_json.c and event_plan.c share. */
#pragma once

#include "model/event_json.h"

struct writer {
    struct buf *out;
    const struct event_json_conf *conf;
    const struct field_path *paths; /* by field */
    unsigned open;                  /* groups open below the top level: */
    const struct field_path *path;  /* the first ones of this field */
    bool comma;                     /* something stands before in this object */
    struct recorder *recorder;      /* NULL, or who takes the values of the top level instead */
};

/* Writes a sorted event. With a recorder, what stands between its values is written and each value
 * is given to event_record. */
void event_write(struct writer *w, const struct event *e, const char *raw_index);
void event_write_value(struct writer *w, const struct value *v, unsigned depth);

/* The members of an object at that depth, behind what stands there (w->comma). */
void event_write_members(struct writer *w, const struct object *o, unsigned depth);

static inline void event_write_bool(struct buf *out, bool b)
{
    if (b)
        buf_lit(out, "true");
    else
        buf_lit(out, "false");
}

/* The next value is v (one of the event's); NULL: its time. In event_plan.c. */
void event_record(struct writer *w, const struct value *v);
