/* UUIDs made from names (RFC 9562 section 5.5, version 5): one name gives one UUID everywhere. */
#pragma once

#include "base/slice.h"

#define UUID_TEXT 37 /* 36 characters and NUL */

struct uuid {
    uint8_t b[16];
};

/* The UUID of a name within a namespace; it may be the namespace of further names. */
struct uuid uuid_of_name(const struct uuid *space, struct slice name);

/* Lower-case text, NUL-terminated. */
void uuid_text(char out[UUID_TEXT], const struct uuid *u);
