/* Periods of ISO 8601 and the grid in UTC that they are anchored to, as Graylog's rotation by time
 * has them (graylog.md 3.3). Pure. */
#pragma once

#include "base/slice.h"

/* Normalised: below twelve months, days below a week, and so on. */
struct period {
    int64_t years, months, weeks, days, hours, minutes, seconds;
};

/* "P1D", "PT6H", "P2W", "P1Y2M": at least one part, none negative, not nothing in all. False: it
 * is none. */
bool period_read(struct slice text, struct period *out);

/* The point of the grid at or before ms: the largest unit of the period, counted from the start of
 * the next larger one. */
int64_t period_anchor(const struct period *p, int64_t ms);

/* ms and `times` periods more; a day that a month does not have is its last one. */
int64_t period_add(const struct period *p, int64_t ms, int64_t times);

/* The last point at or before now_ms that is whole periods after anchor_ms (missed ones are
 * skipped); anchor_ms when the first one is still to come. */
int64_t period_latest(const struct period *p, int64_t anchor_ms, int64_t now_ms);
