/* What the kernel allows this process. */
#pragma once

#include "base/attr.h"

/* Processors that this process may run on; at least 1. */
unsigned limits_processors(void);

/* As many open files as the hard limit allows; gives how many. */
uint64_t limits_raise_files(void);
