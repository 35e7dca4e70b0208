/* What kind of content bytes are, by their beginning: media types for people, not for trust. */
#pragma once

#include "base/slice.h"

/* The media type, static; NULL when nothing is known of it. Formats with a signature first, then
 * what browsers take for HTML and text (WHATWG MIME Sniffing); text that is JSON or XML as a whole
 * is application/json or text/xml. */
const char *mime_detect(struct slice content);
