/* GELF payloads: what Graylog's codec makes of them. */
#include "lib/vectors.h"

#include "in/gelf_message.h"

#define NOW_NS 1707945600000000000 /* received at 2024-02-14T21:20:00.000Z */

static bool one(struct vectors_case *c)
{
    static struct gelf_reader *reader;
    const struct jsondoc_node *text = vectors_get(c, c->line, "payload_text");
    struct message *m = NULL;
    if (!reader)
        reader = gelf_reader_new(0);
    struct slice payload =
        text ? jsondoc_str(text) : vectors_bytes(c, vectors_text(c, c->line, "payload_hex"));
    enum gelf_result result = gelf_message(reader, payload, NOW_NS, c->mem, &m);
    const char *got = result == GELF_MESSAGE      ? "message"
                      : result == GELF_INCOMPLETE ? "incomplete"
                                                  : "exception";
    struct slice want = vectors_text(c, c->out, "result");
    if (!slice_eq(want, slice_cstr(got)))
        return vectors_differ(c, gelf_result_text(result), want, slice_cstr(got));
    return !m || vectors_same_message(c, m);
}

int main(void)
{
    return vectors_run("gelf.ndjson", one);
}
