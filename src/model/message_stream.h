/* Streams that messages are in, as they are kept (store/state.h) and matched (pack/stream_rules.h).
 */
#pragma once

#include "base/slice.h"

/* X(ID, name): what a stream's rule asks, from 1 on, by Graylog's numbers and names
 * (graylog.md 3.1). */
#define STREAM_RULES(X)                                                                            \
    X(EXACT, EXACT)                                                                                \
    X(REGEX, REGEX)                                                                                \
    X(GREATER, GREATER)                                                                            \
    X(SMALLER, SMALLER)                                                                            \
    X(PRESENCE, PRESENCE)                                                                          \
    X(CONTAINS, CONTAINS)                                                                          \
    X(ALWAYS, ALWAYS_MATCH)                                                                        \
    X(INPUT, MATCH_INPUT)

enum stream_rule_type {
    STREAM_RULE_NONE,
#define STREAM_RULE_ENUM(id, name) STREAM_RULE_##id,
    STREAM_RULES(STREAM_RULE_ENUM)
#undef STREAM_RULE_ENUM
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
