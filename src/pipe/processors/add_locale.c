/* add_locale: event.timezone, as an offset or by its abbreviation. */
#include "os/clock.h"
#include "pipe/processor.h"

static const char *const formats[] = { "offset", "abbreviation", NULL };
enum { OFFSET, ABBREVIATION };

struct add_locale {
    int format;
    struct ref to;
};

/* clang-format off */
static const struct option options[] = {
    OPT_NAMES(add_locale, format, "format", "offset", formats, 0, "How the zone is written."),
    { 0 }
};
/* clang-format on */

static err prepare(void *conf, const struct loading *l)
{
    (void)l;
    struct add_locale *c = conf;
    c->to = ref_for_writing("event.timezone");
    return ERR_OK;
}

/* +hh:mm */
static void put_offset(struct buf *out, int64_t now)
{
    char text[16];
    struct buf b = buf_of(text, sizeof text);
    clock_format(&b, now, "%z");
    buf_add(out, slice_first(buf_slice(&b), 3));
    buf_u8(out, ':');
    buf_add(out, slice_after(buf_slice(&b), 3));
}

static enum step run(void *conf, struct event *e)
{
    struct add_locale *c = conf;
    struct buf b = buf_of(arena_alloc(e->mem, VALUE_ROOM), VALUE_ROOM);
    if (!b.p) {
        e->lost = true;
        return STEP_FAILED;
    }
    if (c->format == OFFSET)
        put_offset(&b, clock_real_ns());
    else
        clock_format(&b, clock_real_ns(), "%Z");
    return ref_set_str(&c->to, e, buf_slice(&b)) ? STEP_OK : STEP_FAILED;
}

const struct processor processor_add_locale = {
    .name = "add_locale",
    .doc = "Tells the time zone of the machine.",
    .options = options,
    .conf_size = sizeof(struct add_locale),
    .prepare = prepare,
    .run = run,
};
