/* An output for import: JSON lines to one file, or nowhere. */
#pragma once

#include <stdio.h>

#include "pipe/pipe.h"

struct lines_conf {
    const char *path; /* "-": standard output; NULL: events are only counted */
    FILE *file;       /* of lines_prepare */
};

/* Opens the file before the output does, where nothing can be opened later. The output closes it.
 */
MUST_CHECK err lines_prepare(struct lines_conf *conf, struct why *w);

/* Its conf is struct lines_conf. The file is replaced. */
extern const struct output lines_output;
