/* Values as values of another type, as Beats' convert and dissect make them. */
#pragma once

#include "model/event.h"

enum convert_type {
    CONVERT_NONE, /* stays as it is */
    CONVERT_INTEGER,
    CONVERT_LONG,
    CONVERT_FLOAT,
    CONVERT_DOUBLE,
    CONVERT_STRING,
    CONVERT_BOOL,
    CONVERT_IP,
};

/* integer, long, float, double, string, boolean, ip */
bool convert_type_of(struct slice name, enum convert_type *out);

/* False: the value cannot be one of that type, or mem is out of budget. Texts are mem's or v's. */
bool convert_value(const struct value *v, enum convert_type type, struct arena *mem,
                   struct value *out);
