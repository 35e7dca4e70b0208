/* What the kernel allows this process. */
#pragma once

#include "base/attr.h"

/* As many open files as the hard limit allows; gives how many. */
uint64_t limits_raise_files(void);
