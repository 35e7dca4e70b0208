/* Dates by patterns as Joda-Time has them ("yyyy-MM-dd'T'HH:mm:ss.SSSZZ"; graylog.md 4.7). */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "pack/zone.h"

/* False with the reason in w when it is no pattern. */
bool datepattern_ok(struct slice pattern, struct why *w);

/* Appends the moment as clocks of the zone show it, in English. */
void datepattern_write(struct buf *b, struct slice pattern, int64_t ms, uint32_t zone);

/* What decides how a text is read. */
struct datepattern {
    struct slice pattern, locale;
    uint32_t zone;  /* of texts that say none */
    int64_t now_ms; /* two digits of a year mean one near to it */
};

/* Reads a text that is wholly of the pattern; false with the reason in w. */
bool datepattern_read(const struct datepattern *p, struct slice text, int64_t *ms, struct why *w);

/* ISO 8601 day of the week (Monday 1), day of the year, week and its year. */
struct date_place {
    int64_t day, day_of_year, week, week_year;
};
struct date_place datepattern_place(int64_t local_ms);
