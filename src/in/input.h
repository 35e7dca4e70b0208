/* An input of the receiver: what brings messages to the intake. Each is one file with a descriptor
 * at its bottom and a row in inputs.c. */
#pragma once

#include "in/intake.h"
#include "model/option.h"

struct input {
    const char *name; /* below `inputs.` */
    const char *doc;
    const struct option *options;
    size_t conf_size;
    /* Listens; clients are served once the intake runs. conf must outlive it. *port is where. */
    err (*open)(struct intake *in, const void *conf, uint16_t *port, struct why *w);
};
extern const struct input *const inputs[]; /* NULL-terminated */

/* What every input's conf begins with. */
struct input_common {
    const struct node *unused; /* where rows without effect go */
    bool enabled;
    const char *title;
};

/* clang-format off */
#define INPUT_COMMON                                                                               \
    OPT(input_common, enabled, BOOL, "enabled", "true", 0, 0, 0,                                   \
        "An input with enabled: false is passed over."),                                           \
        OPT(input_common, title, TEXT, "title", NULL, 0, 0, 0,                                     \
            "What rules call it (from_input(name: …)); its own name when it is not given.")
#define INPUT_INERT(key, doc)                                                                      \
    { key, OPT_NODE, offsetof(struct input_common, unused), NULL, 0, 0, OPT_INERT, NULL, doc }
/* clang-format on */
