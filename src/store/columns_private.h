/* What the files of the columns share. */
#pragma once

#include "store/columns.h"

/* 2024-02-14 21:18:29.782; false: anything that is not written again as the same text. */
bool column_read_time(struct slice s, struct duck_value *out);
