/* Messages and programs of rules that would make a rule engine work too much, in any size. */
#pragma once

#include <stddef.h>

struct ruled; /* a program and a message that was not run through it yet */

struct hostile_rules {
    const char *name;
    size_t n; /* the small size, in whatever it is made of */
    struct ruled *(*make)(size_t n);
};

extern const struct hostile_rules hostile_rules[]; /* ends with a name of NULL */

/* Runs the message through the program, once. */
void ruled_run(struct ruled *r);
void ruled_free(struct ruled *r);
