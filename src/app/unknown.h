/* Keys that no table names, and keys without effect: said once each. */
#pragma once

#include "app/settings.h"

/* Adds notes to s for the resolved tree. */
void unknown_note(struct settings *s, struct config *c);

/* Adds one line; dropped beyond NOTES_MAX. */
void note_add(struct settings *s, struct arena *a, const char *fmt, ...) PRINTF(3);
