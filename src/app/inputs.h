/* The receiver's configuration: inputs.*, intake and dead_letter, beside the sensor's output. */
#pragma once

#include "app/config.h"
#include "in/input.h"
#include "pack/eval.h"
#include "web/web.h"

struct receiver_conf {
    int64_t batches, batch_bytes, flush_ns, hold_ns;
    const char *dead_path; /* whole */
    int64_t dead_bytes;
    bool dead_enabled;
};

extern const struct option intake_options[], dead_letter_options[];

/* The sections intake and dead_letter. Memory from c->mem. */
MUST_CHECK err receiver_load(struct receiver_conf *conf, struct config *c, struct why *w);

/* Opens every input that is configured and not disabled, and notes where each listens; texts of
 * that are c's. ERR_CONFIG when there is none. */
MUST_CHECK err inputs_open(struct intake *in, struct config *c, struct web_inputs *listening,
                           struct why *w);

/* What rules may ask of inputs (struct rule_env): those of the section `inputs`, by
 * gl2_source_input and title. In c->mem. */
const struct rule_input *inputs_for_rules(struct config *c, unsigned *n);
