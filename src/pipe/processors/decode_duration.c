/* decode_duration: a duration as Go writes it ("1m30s") becomes a number. */
#include "pipe/processor.h"

static const char *const formats[] = { "milliseconds", "seconds", "minutes", "hours", NULL };
static const double units_ns[] = { 1e6, 1e9, 60e9, 3600e9 };

struct decode_duration {
    const char *name;
    int format;
    struct ref field;
};

/* clang-format off */
static const struct option options[] = {
    OPT(decode_duration, name, TEXT, "field", NULL, 0, 0, OPT_REQUIRED, "The field."),
    OPT_NAMES(decode_duration, format, "format", "milliseconds", formats, 0, "Unit of the number."),
    { 0 }
};
/* clang-format on */

static err prepare(void *conf, const struct loading *l)
{
    (void)l;
    struct decode_duration *c = conf;
    c->field = ref_for_writing(c->name);
    return ERR_OK;
}

/* Beats takes what is no duration for no failure. A number without unit is none. */
static enum step run(void *conf, struct event *e)
{
    struct decode_duration *c = conf;
    char room[VALUE_ROOM];
    struct slice text;
    int64_t ns;
    if (ref_str(&c->field, e, room, &text) != REF_FOUND || !duration_parse(text, &ns) ||
        (ns && text.n && text.p[text.n - 1] <= '9'))
        return STEP_OK;
    struct value v = { .field = 0xffff, .type = VT_DOUBLE, .d = (double)ns / units_ns[c->format] };
    ref_set(&c->field, e, &v);
    return STEP_OK;
}

const struct processor processor_decode_duration = {
    .name = "decode_duration",
    .doc = "Turns a duration into a number.",
    .options = options,
    .conf_size = sizeof(struct decode_duration),
    .prepare = prepare,
    .run = run,
};
