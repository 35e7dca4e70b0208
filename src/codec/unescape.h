/* Texts that stand for bytes, undone: base64 and URL escapes; and base32 made. */
#pragma once

#include "base/buf.h"

/* What a letter of base64 stands for (RFC 4648 section 4), or -1. */
int unescape_base64_letter(uint8_t b);

/* RFC 4648 standard alphabet; padding may be missing, line ends are passed over. False on any other
 * byte, a lone last letter, or when out is full. */
bool unescape_base64(struct slice text, struct buf *out);

/* A value of a query (application/x-www-form-urlencoded): + is a space, %XX a byte. False on an
 * escape that is none, or when out is full. */
bool unescape_query(struct slice text, struct buf *out);

/* Base32 of RFC 4648, with padding. */
void escape_base32(struct buf *out, struct slice bytes);
