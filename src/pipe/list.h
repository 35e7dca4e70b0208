/* Lists of any kind, item by item. */
#pragma once

#include "model/event.h"

/* Items of a list; 0 for what is none. */
unsigned list_count(const struct value *v);
bool list_is(const struct value *v);

/* Item i < list_count(v), pointing into the list. */
struct value list_item(const struct value *v, unsigned i);

/* A list of n values in mem: VT_STRS when all are strings, else VT_VALUES. False: no memory. */
bool list_make(const struct value *items, unsigned n, struct arena *mem, struct value *out);

/* Whether both are scalars of the same type and value. */
bool scalar_eq(const struct value *a, const struct value *b);
