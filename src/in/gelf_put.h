/* From a GELF payload to the open batch: what the three GELF inputs share. */
#pragma once

#include "in/complaint.h"
#include "in/gelf_message.h"
#include "in/intake.h"

struct gelf_put {
    struct intake *intake;
    struct gelf_reader *reader;
    struct slice override_source; /* empty: none */
    struct complaint refused;
};

enum gelf_put_result {
    GELF_PUT,     /* in the batch, or dropped as the server does */
    GELF_REFUSED, /* in the dead letters */
    GELF_LATER,   /* no room now */
};

enum gelf_put_result gelf_put(struct gelf_put *g, struct slice payload,
                              const struct message_origin *origin);
