/* Large memory straight from the system, in huge pages where it has them: a table that is read here
 * and there otherwise waits more for the way to its pages than for their contents. */
#pragma once

#include "base/attr.h"

#define PAGES_HUGE_BYTES ((size_t)2 * 1024 * 1024)

/* Zeroed, aligned to PAGES_HUGE_BYTES; NULL without memory. The first `small` bytes stay in
 * ordinary pages, which cost little until they are used. Until pages_free with the same `bytes`. */
void *pages_alloc(size_t bytes, size_t small);

/* Address space without memory, aligned to PAGES_HUGE_BYTES; NULL when there is none. Until
 * pages_free with the same `bytes`. */
void *pages_reserve(size_t bytes);

/* Memory for a part of it, whole pages, zeroed; false when the system has none. */
bool pages_use(void *p, size_t bytes, bool is_huge);
void pages_free(void *p, size_t bytes); /* NULL is accepted */
