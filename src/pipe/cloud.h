/* Which cloud this machine runs in, by the metadata services of providers. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

enum cloud_fact {
    CLOUD_PROVIDER,
    CLOUD_SERVICE,
    CLOUD_INSTANCE_ID,
    CLOUD_INSTANCE_NAME,
    CLOUD_MACHINE,
    CLOUD_ZONE,
    CLOUD_REGION,
    CLOUD_ACCOUNT,
    CLOUD_IMAGE,
    CLOUD_PROJECT,
    CLOUD_FACTS
};
extern const char *const cloud_names[CLOUD_FACTS]; /* "cloud.provider" … */

struct cloud_meta {
    struct slice fact[CLOUD_FACTS]; /* n == 0: not told */
};

/* Providers by number. */
unsigned cloud_count(void);
bool cloud_is_default(unsigned i);

/* Whether `name` is one of provider i's; "openstack-ssl" is no provider's. */
bool cloud_is_called(unsigned i, const char *name);

struct cloud_ask {
    const char *host, *port; /* NULL: the provider's own */
    int64_t deadline_ns;     /* monotonic */
    int cancel_fd;
};

/* Asks provider i; blocks. Texts live in a. False: it is not that one. */
bool cloud_fetch(unsigned i, const struct cloud_ask *ask, struct arena *a, struct cloud_meta *out);
