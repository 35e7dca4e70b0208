/* Characters of UTF-8 texts, one by one. */
#pragma once

#include "base/buf.h"

/* The character at *i, which moves behind it. A byte that begins none is given as -1 - byte, so
 * that unicode_put writes it back unchanged. */
int32_t unicode_next(struct slice s, size_t *i);
void unicode_put(struct buf *b, int32_t cp);

/* Appends the text in capital or small letters to b, as Java does it by the rules of a language (of
 * locale, empty: those of most). b needs room for unicode_case_bytes; false: the text is too long.
 */
bool unicode_case(struct slice s, struct slice locale, bool upper, struct buf *b);
size_t unicode_case_bytes(struct slice s);

/* True when texts are equal but for the case of their letters, as Java compares them. */
bool unicode_eq_nocase(struct slice a, struct slice b);

/* The bytes of s, from its beginning, that are equal to all of `head` but for case; -1: it does not
 * begin so. */
ptrdiff_t unicode_starts_nocase(struct slice s, struct slice head);
