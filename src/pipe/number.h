/* Texts as numbers and truths, as Go's strconv reads them. */
#pragma once

#include "base/slice.h"

/* Decimal or, after 0x, hexadecimal with an optional sign; bits: 32 or 64. */
bool number_int(struct slice text, unsigned bits, int64_t *out);

/* The whole text, without blanks; Inf and NaN are numbers. */
bool number_double(struct slice text, double *out);

/* 1 t T true True TRUE and 0 f F false False FALSE. */
bool number_bool(struct slice text, bool *out);

/* d as a 32-bit float is written: the shortest decimal that reads back as the same float. */
double number_float(double d);
