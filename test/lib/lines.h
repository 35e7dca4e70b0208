/* Texts in order: the events of a run, a golden file. */
#pragma once

#include "base/slice.h"

struct lines {
    char **v; /* NUL-terminated, without newline, owned */
    size_t n, cap;
};

void lines_add(struct lines *l, struct slice text);

/* Appends the lines of a file; false when it cannot be read. */
bool lines_read(struct lines *l, const char *path);

/* Writes them, each with a newline; false when it failed. */
bool lines_write(const struct lines *l, const char *path);
void lines_sort(struct lines *l);

/* Takes out every line that holds the text. */
void lines_drop(struct lines *l, const char *text);

/* True when equal. Else the first lines that differ are printed below the title. */
bool lines_equal(const struct lines *want, const struct lines *got, const char *title);
void lines_free(struct lines *l);
