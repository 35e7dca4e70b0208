/* UTF-8 as RFC 3629: shortest form only, no surrogates, nothing above U+10FFFF. */
#pragma once

#include "base/slice.h"

/* Length in bytes of the well-formed character at p (n bytes are there, n > 0), or 0. */
unsigned utf8_len(const uint8_t *p, size_t n);

/* True when all of s is well formed. */
bool utf8_ok(struct slice s);

/* Writes code point cp (<= 0x10FFFF) to out; returns 1 to 4. */
unsigned utf8_put(uint8_t out[4], uint32_t cp);

/* UTF-16 units of s, as Java counts lengths: one a character, two from U+10000 on. s need not be
 * well formed. */
size_t utf8_units(struct slice s);
