/* May this request be answered? Host and origin (DNS rebinding, cross-site requests), who asks, the
 * rights of a route, the CSRF token. The loop's thread. */
#pragma once

#include "web/exchange.h"

/* What is asked for by the head alone: sets x->who and x->route (NULL: a file of the dashboard).
 * False: x is the answer. */
MUST_CHECK bool guard_head(struct exchange *x);

/* Is this a host name that the server may be asked by? */
bool guard_host_ok(struct slice authority, const struct texts *names);
