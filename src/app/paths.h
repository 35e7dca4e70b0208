/* Where files are: path.home, path.config, path.data, path.logs (packetbeat-core.md 1.2). */
#pragma once

#include "codec/tree.h"

struct paths {
    const char *home, *config, *data, *logs;
};

/* Defaults around `given` (members may be NULL): home is the program's folder when a configuration
 * lies there, else the present folder. An installed program whose present folder holds no
 * configuration has /etc/wirelume, /var/lib/wirelume and /var/log/wirelume, when there is a
 * configuration. All in a, absolute where they are ours. */
void paths_set(struct paths *p, const struct paths *given, struct arena *a);

/* The four, with what `path` of the configuration says. */
void paths_from(struct paths *p, const struct paths *given, const struct node *root,
                struct arena *a);

/* Folder of the running program ("" when it is not known). */
const char *paths_program(struct arena *a);

/* name below folder, or name itself when it is absolute or "-". */
const char *paths_join(struct arena *a, const char *folder, const char *name);

/* The sample capture, beside the program in its source tree or installed; NULL: it is not there. */
const char *paths_sample(struct arena *a);
