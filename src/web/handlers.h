/* What answers the routes: one function a row of routes.def. Those with PLACE_POOL run on a thread
 * of the pool, all others on the loop's. */
#pragma once

struct exchange;

#define ROUTE(method, path, run, need, place, kind, doc) void run(struct exchange *x);
#include "web/routes.def"
#undef ROUTE
