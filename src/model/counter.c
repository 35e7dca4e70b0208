/* Names and meanings of all counters. */
#include "model/counter.h"

const struct counter_row counter_rows[COUNTER_COUNT] = {
#define COUNTER(id, name, unit, doc) [COUNTER_##id] = { name, unit, doc },
#include "model/counters.def"
#undef COUNTER
};

const struct counter_row gauge_rows[GAUGE_COUNT] = {
#define GAUGE(id, name, unit, doc) [GAUGE_##id] = { name, unit, doc },
#include "model/gauges.def"
#undef GAUGE
};

/* clang-format off */
const struct counter_row proto_counter_rows[PC_COUNT] = {
    [PC_MESSAGES]           = { "messages",            "messages", "Whole messages parsed." },
    [PC_EVENTS]             = { "events",              "events",   "Events emitted." },
    [PC_BAD]                = { "bad",                 "messages", "Messages, or stretches of a stream, that are not the protocol." },
    [PC_GAPS]               = { "gaps",                "gaps",     "Holes in a stream that the parser was told of." },
    [PC_UNMATCHED_REQUEST]  = { "unmatched_requests",  "messages", "Requests without an answer." },
    [PC_UNMATCHED_RESPONSE] = { "unmatched_responses", "messages", "Answers without a request." },
    [PC_EVICTED]            = { "evicted",             "messages", "Waiting requests pushed out by a cap." },
    [PC_NO_MEMORY]          = { "no_memory",           "times",    "States, waiting requests or events refused by a memory budget." },
};
/* clang-format on */
