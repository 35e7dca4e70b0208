/* Registrable domains by the Public Suffix List (https://publicsuffix.org/list/), private section
 * included. */
#pragma once

#include "base/slice.h"

/* The tail of `name` that somebody can register: a public suffix and one label in front of it
 * ("example.co.uk" of "www.example.co.uk"). Empty when there is none: the name is a suffix itself,
 * or has an empty label. Case of letters does not matter. `name` is text without a dot at the end;
 * the answer points into it. Any thread; never allocates. */
struct slice psl_registrable(struct slice name);
