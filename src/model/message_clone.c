/* A message with the fields and streams of another. */
#include "model/message.h"

struct message *message_clone(const struct message *from)
{
    struct message *m = message_new(from->mem, from->n + 8);
    if (!m)
        return NULL;
    m->ts_ms = from->ts_ms;
    m->ts_text = from->ts_text;
    m->has_ts = from->has_ts;
    m->receive_ns = from->receive_ns;
    m->source = from->source;
    m->message = from->message;
    m->has_source = from->has_source;
    m->has_message = from->has_message;
    m->origin = from->origin;
    m->clones = from->clones;
    for (unsigned i = 0; i < from->n; i++)
        message_append(m, from->f[i].name, from->f[i].hash, 0, from->f[i].v);
    for (unsigned i = 0; i < from->n_streams; i++)
        message_stream(m, from->streams[i]);
    return m;
}
