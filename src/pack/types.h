/* Static types of the rule language: what is known of a value when a rule is loaded. */
#pragma once

#include "base/attr.h"

/* id, letter in functions.def, Graylog's name */
#define RULE_TYPES(X)                                                                              \
    X(OBJECT, 'O', "Object") /* anything: what a field of a message is */                          \
    X(STRING, 'S', "String")                                                                       \
    X(LONG, 'L', "Long")                                                                           \
    X(DOUBLE, 'D', "Double")                                                                       \
    X(BOOLEAN, 'B', "Boolean")                                                                     \
    X(IP, 'I', "IpAddress")                                                                        \
    X(DATE, 'T', "DateTime")                                                                       \
    X(PERIOD, 'P', "Period")                                                                       \
    X(DURATION, 'N', "Duration")                                                                   \
    X(MAP, 'M', "Map")                                                                             \
    X(LIST, 'A', "List")                                                                           \
    X(MESSAGE, 'G', "Message")                                                                     \
    X(JSON, 'J', "JsonNode")                                                                       \
    X(VOID, 'V', "Void")                                                                           \
    X(URL, 'U', "URL")                                                                             \
    X(REGEX, 'X', "RegexMatchResult")                                                              \
    X(GROK, 'K', "GrokResult")                                                                     \
    X(PRIORITY, 'Y', "SyslogPriority")                                                             \
    X(PRIORITY_TEXT, 'Z', "SyslogPriorityAsString")

enum rule_type {
#define RULE_TYPE_ENUM(id, letter, name) TY_##id,
    RULE_TYPES(RULE_TYPE_ENUM)
#undef RULE_TYPE_ENUM
};

/* Graylog's name. */
const char *type_name(enum rule_type t);

/* The type of a letter; TY_OBJECT for one that is not in the list. */
enum rule_type type_of_letter(char letter);

/* True when a value of type `from` may be given where `to` is wanted. */
bool type_fits(enum rule_type to, enum rule_type from);

/* What an index into a value of this type must be: TY_STRING, TY_LONG, or TY_VOID: no index. */
enum rule_type type_index(enum rule_type t);
