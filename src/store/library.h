/* Where DuckDB's library may be. */
#pragma once

#include "store/duck.h"

#define LIBRARIES_MAX 6

struct libraries {
    char path[LIBRARIES_MAX][4096];
    const char *v[LIBRARIES_MAX + 1]; /* NULL ends */
};

/* given: the only place; NULL or empty: the usual ones, beside the program first. */
void libraries_find(struct libraries *l, const char *given);
