/* Pages of the reference, made from the tables: what `make docs` writes. */
#pragma once

#include <stdio.h>

#include "app/options.h"

enum fields_form { FIELDS_TEXT, FIELDS_JSON, FIELDS_MARKDOWN };

/* The schema (frozen), or only name and what lies below it. Gives the number of fields. */
unsigned fields_print(FILE *out, enum fields_form form, const char *name);

/* A row in words: type, default, bounds, flags. */
void option_describe(FILE *out, const struct section *s, const struct option *o);

/* The default as YAML shows it; "" when there is none. */
const char *option_default(const struct option *o);
extern const char *const option_type_names[];
