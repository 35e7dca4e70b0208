/* Asking the user for what must not be seen. */
#pragma once

#include "base/slice.h"

/* One line of standard input without its end, in line; on a terminal the prompt is shown and what
 * is typed is not. Empty: nothing was there. */
struct slice ask_secret(char *line, size_t cap, const char *prompt);
