/* Number to name, by designated arrays: static const char *const names[] = { [0] = "echo", … }. */
#pragma once

#include "base/attr.h"

/* names[v], or NULL when v is outside or has no name. */
static inline const char *name_of(const char *const *names, size_t count, uint64_t v)
{
    return v < count ? names[v] : NULL;
}
