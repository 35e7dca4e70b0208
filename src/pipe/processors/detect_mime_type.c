/* detect_mime_type: what a field's content is, by looking at it. */
#include "codec/mime.h"
#include "pipe/processor.h"

struct detect_mime_type {
    const char *field, *target;
    struct ref from, to;
};

/* clang-format off */
static const struct option options[] = {
    OPT(detect_mime_type, field,  TEXT, "field",  NULL, 0, 0, OPT_REQUIRED, "Field with the content."),
    OPT(detect_mime_type, target, TEXT, "target", NULL, 0, 0, OPT_REQUIRED, "Field for the media type."),
    { 0 }
};
/* clang-format on */

static err prepare(void *conf, const struct loading *l)
{
    (void)l;
    struct detect_mime_type *c = conf;
    c->from = ref_of(c->field);
    c->to = ref_for_writing(c->target);
    return ERR_OK;
}

static enum step run(void *conf, struct event *e)
{
    struct detect_mime_type *c = conf;
    char room[VALUE_ROOM];
    struct slice content;
    if (ref_str(&c->from, e, room, &content) != REF_FOUND)
        return STEP_OK;
    const char *type = mime_detect(content);
    return !type || ref_set_str(&c->to, e, slice_cstr(type)) ? STEP_OK : STEP_FAILED;
}

const struct processor processor_detect_mime_type = {
    .name = "detect_mime_type",
    .doc = "Tells what kind of content a field holds.",
    .options = options,
    .conf_size = sizeof(struct detect_mime_type),
    .flags = PROCESSOR_STRICT,
    .prepare = prepare,
    .run = run,
};
