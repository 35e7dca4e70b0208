/* An output for import: JSON lines to one file, or nowhere. */
#pragma once

#include "pipe/pipe.h"

struct lines_conf {
    const char *path; /* "-": standard output; NULL: events are only counted */
};

/* Its conf is struct lines_conf. The file is replaced. */
extern const struct output lines_output;
