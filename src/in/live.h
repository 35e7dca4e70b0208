/* What the kinds of live capture share. */
#pragma once

#include "in/capture.h"

#define LIVE_WAIT_MS 100

/* One kind of capture on one device. name is resolved and copied. */
err afpacket_open(const struct interface_conf *conf, const char *name, struct capture **out,
                  struct why *w) MUST_CHECK;
/* n that share the device's packets. */
err afpacket_open_group(const struct interface_conf *conf, const char *name, struct capture **out,
                        unsigned n, struct why *w) MUST_CHECK;
err livepcap_open(const struct interface_conf *conf, const char *name, struct capture **out,
                  struct why *w) MUST_CHECK;

/* The text of a missing right, with the line that grants it. Returns ERR_RIGHTS. */
err live_no_right(const char *name, struct why *w);
