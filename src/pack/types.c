/* Static types of the rule language (graylog.md 4.2). */
#include "pack/types.h"

static const struct {
    const char *name;
    char letter;
} types[] = {
#define RULE_TYPE_ROW(id, letter, name) { name, letter },
    RULE_TYPES(RULE_TYPE_ROW)
#undef RULE_TYPE_ROW
};

const char *type_name(enum rule_type t)
{
    return types[t].name;
}

enum rule_type type_of_letter(char letter)
{
    for (unsigned i = 0; i < COUNT(types); i++) {
        if (types[i].letter == letter)
            return (enum rule_type)i;
    }
    return TY_OBJECT;
}

bool type_fits(enum rule_type to, enum rule_type from)
{
    return to == TY_OBJECT || to == from || (to == TY_MAP && (from == TY_REGEX || from == TY_GROK));
}

enum rule_type type_index(enum rule_type t)
{
    switch (t) {
    case TY_MAP:
    case TY_REGEX:
    case TY_GROK:
        return TY_STRING;
    case TY_LIST:
    case TY_JSON:
    case TY_MESSAGE: /* to Graylog a message is a sequence, of itself */
        return TY_LONG;
    default:
        return TY_VOID;
    }
}
