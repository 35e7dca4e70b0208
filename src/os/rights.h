/* Rights of this process, given up for good (capabilities(7), prctl(2)). What one thread gives up
 * it alone gives up: before the first thread, so that all others begin without. */
#pragma once

#include "os/account.h"

/* Sets of capabilities: bit N is capability N. */
#define RIGHT(capability) (UINT64_C(1) << (capability))

/* What this process may do. */
uint64_t rights_now(void);

/* "net_raw, net_admin": names of a set, in text; "none". */
const char *rights_text(uint64_t set, char *text, size_t cap);

/* Becomes that user, with its groups, and has only `keep` of what it had until rights_drop. Needs
 * root. Nothing that it runs later can have more. */
MUST_CHECK err rights_become(const struct account *a, uint64_t keep, struct why *w);

/* Has at most `keep` from now on. */
MUST_CHECK err rights_drop(uint64_t keep, struct why *w);

/* No program that it runs gains rights (no_new_privs); without cores also no core file, and its
 * memory is closed to others of the same user. */
MUST_CHECK err rights_seal(bool cores, struct why *w);
