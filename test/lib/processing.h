/* One event through processors of a YAML list, for tables of cases. */
#pragma once

#include "model/counter.h"
#include "model/event.h"
#include "model/option.h"

/* Fields of the event that cases begin with: x.name "n", x.size 7, x.headers {host h, via v}, type
 * http. More of them are set with add_fields. */

/* Begins and ends a test program. */
void processing_open(void);
void processing_close(void);

/* The fields of the event behind `"@metadata":{…},`,
 * or "dropped". Valid until the next call. */
const char *processing_after(const char *yaml);

/* The same with the event's metadata in front of it. */
const char *processing_whole(const char *yaml);

/* Failures of the last event's processors. */
unsigned processing_errors(void);

/* cmocka: fails unless the fields are `want` after as many failures. */
void processing_is(const char *yaml, const char *want, unsigned errors);

/* Runs n events through one list; how many were dropped. */
unsigned processing_dropped(const char *yaml, unsigned n);

/* Loads a list that cannot be taken; the reason. Fails when it is taken. */
const char *processing_refusal(const char *yaml);
