/* Documents of Beats: what Graylog's codec makes of them. */
#include "lib/vectors.h"

#include "in/beats_message.h"

/* Graylog's decoder throws for a bad @timestamp and gives nothing for what is no JSON. */
static const char *word_of(enum beats_result result)
{
    switch (result) {
    case BEATS_MESSAGE:
        return "message";
    case BEATS_INCOMPLETE:
        return "incomplete";
    case BEATS_NOT_JSON:
        return "null";
    case BEATS_NO_TIME:
        return "exception";
    default:
        return beats_result_text(result);
    }
}

static bool one(struct vectors_case *c)
{
    static struct beats_reader *readers[2];
    const struct jsondoc_node *no_prefix = vectors_get(c, c->line, "no_beats_prefix");
    unsigned which = no_prefix && no_prefix->i;
    struct message *m = NULL;
    if (!readers[which])
        readers[which] = beats_reader_new(&(struct beats_conf){ .no_prefix = which });
    enum beats_result result =
        beats_message(readers[which], vectors_text(c, c->line, "payload_text"), c->mem, &m);
    struct slice want = vectors_text(c, c->out, "result");
    if (!slice_eq(want, slice_cstr(word_of(result))))
        return vectors_differ(c, "result", want, slice_cstr(word_of(result)));
    return !m || vectors_same_message(c, m);
}

int main(void)
{
    return vectors_run("beats-codec.ndjson", one);
}
