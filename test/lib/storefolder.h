/* A folder for a store of a test. */
#pragma once

#include <stdbool.h>

#include "store/store.h"

#define STOREFOLDER_START INT64_C(1700000000000) /* 2023-11-14T22:13:20Z */

/* Makes a folder whose name begins with name, in memory where that can be (stores sync often), and
 * the settings of a small store in it, which point to path. The log is quiet unless LOUD is in the
 * environment. */
bool storefolder_make(char path[64], const char *name, struct store_conf *conf);

/* Takes it away with all that is in it; 0, or what rm ended with. */
int storefolder_remove(const char *path);
