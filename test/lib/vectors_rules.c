/* Streams, messages and causes of the cases of rules and pipelines. */
#include "lib/vectors_rules.h"

#define STREAMS_SHOWN 16

const struct rule_stream vectors_streams[VECTORS_STREAMS] = {
    { SLICE("000000000000000000000001"), SLICE("Default Stream"), false },
    { SLICE("aaaaaaaaaaaaaaaaaaaaaa01"), SLICE("Alpha"), false },
    { SLICE("aaaaaaaaaaaaaaaaaaaaaa02"), SLICE("Beta"), false },
    { SLICE("aaaaaaaaaaaaaaaaaaaaaa03"), SLICE("Paused"), true },
    { SLICE("aaaaaaaaaaaaaaaaaaaaaa04"), SLICE("Twin"), false },
    { SLICE("aaaaaaaaaaaaaaaaaaaaaa05"), SLICE("Twin"), false },
    { SLICE("aaaaaaaaaaaaaaaaaaaaaa06"), SLICE("Illuminate:Packetbeat Messages"), false },
};

/* All streams of that title. */
static void enter(struct message *m, struct slice title)
{
    for (size_t i = 0; i < VECTORS_STREAMS; i++) {
        if (slice_eq(title, vectors_streams[i].title))
            message_stream(m, vectors_streams[i].id);
    }
}

struct message *vectors_message(struct vectors_case *c, const struct jsondoc_node *of)
{
    const struct jsondoc_node *fields = vectors_get(c, of, "fields");
    const struct jsondoc_node *titles = vectors_get(c, of, "streams");
    struct message *m = message_new(c->mem, 16);
    struct value v;
    m->has_message = m->has_source = m->has_ts = true;
    m->message = SLICE("hello world");
    m->source = SLICE("test.host");
    m->ts_ms = 1707945509782;
    m->origin.input = vectors_is(vectors_get(c, of, "input"), "input-1") ? "input-1" : NULL;
    for (uint32_t i = fields ? fields->child : 0; i; i = c->doc->node[i].next) {
        if (!vectors_value(c, &c->doc->node[i], &v))
            return NULL;
        message_set(m, jsondoc_key(&c->doc->node[i]), &v);
    }
    if (!titles)
        message_stream(m, VECTORS_DEFAULT);
    for (uint32_t i = titles ? titles->child : 0; i; i = c->doc->node[i].next)
        enter(m, jsondoc_str(&c->doc->node[i]));
    return m;
}

static struct slice title_of(struct slice id)
{
    for (size_t i = 0; i < VECTORS_STREAMS; i++) {
        if (slice_eq(id, vectors_streams[i].id))
            return vectors_streams[i].title;
    }
    return id;
}

static int by_text(const void *x, const void *y)
{
    return slice_cmp(*(const struct slice *)x, *(const struct slice *)y);
}

bool vectors_same_streams(struct vectors_case *c, const struct message *m)
{
    char text[2048];
    struct buf b = buf_of(text, sizeof text);
    struct slice title[STREAMS_SHOWN];
    unsigned n = m->n_streams < STREAMS_SHOWN ? m->n_streams : STREAMS_SHOWN;
    for (unsigned i = 0; i < n; i++)
        title[i] = title_of(m->streams[i]);
    qsort(title, n, sizeof *title, by_text);
    buf_u8(&b, '[');
    for (unsigned i = 0; i < n; i++)
        buf_printf(&b, "%s\"%.*s\"", i ? "," : "", (int)title[i].n, title[i].p);
    buf_u8(&b, ']');
    return vectors_same_json(c, "streams", vectors_get(c, c->out, "streams"), buf_slice(&b));
}

struct slice vectors_up_to_cause(struct slice s)
{
    ptrdiff_t at = slice_search(s, SLICE("was thrown:"));
    return at < 0 ? s : slice_first(s, (size_t)at);
}
