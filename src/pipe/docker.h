/* The containers of a docker daemon, asked for by a thread of its own. */
#pragma once

#include "base/err.h"
#include "model/event.h"

struct docker;

struct docker_conf {
    const char *host; /* "unix:///path" or "tcp://host:port"; outlives it */
    bool short_ids;   /* ids may be told by their first 12 characters */
    bool dedot;       /* dots in names of labels become underscores */
};

struct container {
    struct slice id, name, image;
    struct object labels;
};

/* NULL: host is neither, or no thread could be started. Waits shortly for the first answer. */
struct docker *docker_open(const struct docker_conf *conf);
void docker_close(struct docker *d); /* NULL is accepted */

/* Whether there is a daemon: it has answered once. */
bool docker_is_there(struct docker *d);

/* The container of that id, with its texts in a; an id that is not known is asked for soon. The
 * pipe's thread. */
bool docker_find(struct docker *d, struct slice id, struct arena *a, struct container *out);
