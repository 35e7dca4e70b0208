/* Encodes events faster than event_json, byte for byte the same: events that have the same fields
 * in the same order are written by a plan, which has the text between their values ready.
 *
 * A plan is made when an event's fields come a second time, from what event_json writes. Values
 * that are VF_CONST are part of the text. There are at most PLANS of them, each with at most
 * PLAN_VALUES values; one that was not used for long gives way. Events without a plan are written
 * by event_json. One thread. */
#pragma once

#include "model/event_json.h"

#define PLANS       256
#define PLAN_VALUES 128

struct event_plans;

/* conf is copied, its texts are not. Memory is taken here, about 2 MB that is touched as plans are
 * made, and none later. */
struct event_plans *event_plans_new(const struct event_json_conf *conf);
void event_plans_free(struct event_plans *p); /* NULL: nothing */

/* As event_json; the same pointer raw_index means the same text. The event's values may be sorted
 * or not afterwards. */
void event_plans_json(struct event_plans *p, struct event *e, const char *raw_index,
                      struct buf *out);

/* How many events were written by a plan. */
uint64_t event_plans_used(const struct event_plans *p);
