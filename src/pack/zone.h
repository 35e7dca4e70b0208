/* Time zones by their IANA names, and the names of months and days in the languages of the world:
 * from ICU, read once, then kept until the program ends. Any thread may ask. */
#pragma once

#include "base/slice.h"

/* A zone as a number that a value can carry: 0 is UTC. */
enum { ZONE_UTC = 0, ZONE_NONE = 0xffffffff };

/* The zone of that name (case does not count), ZONE_NONE when there is none. Abbreviations like
 * CEST are no names; EST, MST, HST, CET, EET, MET, WET are. */
uint32_t zone_find(struct slice name);

/* A zone that is so many seconds east of UTC; ZONE_NONE beyond a day. */
uint32_t zone_fixed(int32_t seconds);

/* What local clocks are ahead of UTC at a moment, in milliseconds. */
int64_t zone_offset(uint32_t zone, int64_t utc_ms);

/* The moment when clocks show local_ms: the earlier one when there are two. False when clocks
 * leave out that time. */
bool zone_to_utc(uint32_t zone, int64_t local_ms, int64_t *utc_ms);

/* "Europe/Berlin"; "UTC" for 0; empty for a fixed one. */
struct slice zone_name(uint32_t zone);

/* Names as texts show them; lives until the program ends. */
struct zone_names {
    char month[12][48], month_short[12][48];
    char day[7][48], day_short[7][48]; /* Monday first */
    char half[2][24], era[2][24];
};

/* The names of a locale ("de", "fr-FR"); English for what nobody knows. */
const struct zone_names *zone_names(struct slice locale);
