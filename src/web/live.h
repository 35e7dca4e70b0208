/* Server-sent events: what has come so far, once a second. The loop's thread. */
#pragma once

struct web;

void live_tick(struct web *web);
