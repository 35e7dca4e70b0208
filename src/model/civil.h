/* Dates of the proleptic Gregorian calendar in UTC and milliseconds since 1970, for any year. */
#pragma once

#include "base/attr.h"
#include "base/buf.h"
#include "base/cursor.h"

struct civil {
    int64_t year, month, day, hour, minute, second, ms;
};

#define CIVIL_YEAR_MAX 292278993 /* the last whole one that fits into 64 bits of milliseconds */

/* False when there is no such time (month 13, 30 February, 24:00, second 60, year too far). */
bool civil_to_ms(const struct civil *t, int64_t *ms);

struct civil civil_of_ms(int64_t ms);

/* "2024-02-14 21:18:29.782"; `between` stands for the blank. Years have at least four digits. */
void civil_write(struct buf *b, int64_t ms, uint8_t between);

/* An ISO 8601 instant as Graylog's codec for Beats accepts it (graylog.md 1.3 (4)): a fraction of 1
 * to 9 digits (cut to milliseconds) and a zone (Z, +hh, +hhmm, +hh:mm) must be there; months, days
 * and the parts of the time may have one digit. The whole slice must be the time. */
bool civil_read_iso(struct slice text, int64_t *ms);
