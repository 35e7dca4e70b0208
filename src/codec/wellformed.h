/* Whether a text is well formed, without keeping anything of it. */
#pragma once

#include "base/slice.h"

#define WELLFORMED_DEPTH_MAX 256 /* deeper texts are not */

/* One JSON value (RFC 8259) and nothing but white space around it. */
bool wellformed_json(struct slice text);

/* One XML element, its tags in pairs, behind comments, instructions and a document type: what
 * stands behind the element is not looked at. Names and entities are not checked. */
bool wellformed_xml(struct slice text);
