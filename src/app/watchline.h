/* Events for people: one aligned line each, as an output. */
#pragma once

#include "pipe/pipe.h"

struct watchline_conf {
    bool colour;
    unsigned columns; /* width to cut lines at; 0: they are not cut */
};

/* Writes to standard output. Its conf is struct watchline_conf. */
extern const struct output watchline_output;

/* Colour when standard output is a terminal and NO_COLOR is not set; its width. */
struct watchline_conf watchline_of_terminal(void);

/* The line of an event, without newline. For tests: what write prints. */
struct slice watchline_format(const struct event *e, const struct watchline_conf *conf, char *text,
                              size_t cap);
