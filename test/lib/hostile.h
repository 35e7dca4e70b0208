/* Inputs that an attacker would send to make a parser work too much, in any size. */
#pragma once

#include "lib/traffic.h"

struct hostile {
    const char *name;
    size_t n; /* the small size, in whatever the input is made of */
    void (*make)(struct traffic *f, size_t n);
};

extern const struct hostile hostiles[]; /* ends with a name of NULL */

/* Configuration (lib/replay.h) with everything on that makes work. */
extern const char *const hostile_conf;
