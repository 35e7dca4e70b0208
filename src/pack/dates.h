/* Calendar arithmetic of the rule language. */
#pragma once

#include "pack/value.h"
#include "pack/zone.h"

/* A zone by its name or its offset (+02:00); ZONE_NONE when it is neither. */
uint32_t dates_zone(struct slice s);

/* Adds (sign 1) or takes away (-1) a period: years and months first, the day cut to the month's
 * last, then the rest; down to days by the clocks of the zone. False when the date leaves the
 * range.
 */
bool dates_add(int64_t *ms, uint32_t zone, const struct rule_period *p, int sign);

/* a + b, or with sign -1 a - b, part by part. False when a part leaves the range. */
bool dates_sum(const struct rule_period *a, const struct rule_period *b, int sign,
               struct rule_period *out);

/* ISO 8601 text of a period ("P1DT2H"). False when it is none. */
bool dates_read_period(struct slice text, struct rule_period *p);
