/* UUIDs made from names (RFC 9562 section 5.5, version 5): one name gives one UUID everywhere. */
#pragma once

#include "base/slice.h"

#define UUID_BYTES 16
#define UUID_TEXT  37 /* 36 characters and NUL */

/* Writes the UUID of a name within a namespace as lower-case text, NUL-terminated. */
void uuid_of_name(char out[UUID_TEXT], const uint8_t space[UUID_BYTES], struct slice name);
