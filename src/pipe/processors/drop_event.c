/* drop_event: ends the way of events that its condition holds for. */
#include "pipe/processor.h"

static const struct option options[] = { { 0 } };

static enum step run(void *conf, struct event *e)
{
    (void)conf, (void)e;
    return STEP_DROP;
}

const struct processor processor_drop_event = {
    .name = "drop_event",
    .doc = "Drops the event.",
    .options = options,
    .conf_size = 1,
    .flags = PROCESSOR_STRICT | PROCESSOR_NEEDS_WHEN,
    .run = run,
};
