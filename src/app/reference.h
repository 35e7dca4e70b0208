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

/* Manual pages in man(7): wirelume(1) of the commands and flags, wirelume.yml(5) of the options.
 * date as YYYY-MM-DD; NULL: none is given. */
void manual_commands(FILE *out, const char *date);
void manual_config(FILE *out, const char *date);
