/* Streams that messages are in, as they are kept (store/state.h) and matched (pack/stream_rules.h).
 */
#pragma once

#include "base/slice.h"

/* Graylog's numbers (graylog.md 3.1). */
enum stream_rule_type {
    STREAM_RULE_EXACT = 1,
    STREAM_RULE_REGEX,
    STREAM_RULE_GREATER,
    STREAM_RULE_SMALLER,
    STREAM_RULE_PRESENCE,
    STREAM_RULE_CONTAINS,
    STREAM_RULE_ALWAYS,
    STREAM_RULE_INPUT,
};

struct stream_rule {
    int type; /* enum stream_rule_type */
    bool inverted;
    struct slice field, value;
    const char *description;
};

struct stream_def {
    const char *id; /* 24 hex digits */
    const char *title, *description, *index_set_id;
    struct stream_rule *rule;
    unsigned n_rules;
    int64_t created_ms;
    bool match_any; /* OR; else AND */
    bool paused, remove_from_default, is_default;
};
