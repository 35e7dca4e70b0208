/* Where log lines go: JSON in ECS form on standard error or in files (packetbeat-core.md 2.12), or
 * plain lines for commands that people watch. */
#pragma once

#include "app/options.h"

struct logfile_conf {
    const struct logging_conf *logging; /* NULL: plain lines on standard error */
    const char *folder;                 /* path.logs */
    struct texts debug;                 /* -d */
    bool to_stderr, verbose, plain;
    bool service; /* --environment systemd or container */
};

/* Takes over the log of base/log.h until logfile_close. Boot. What it is given must stay. */
MUST_CHECK err logfile_open(const struct logfile_conf *conf, struct why *w);

/* Another level and other areas, from now on. */
void logfile_level(const struct logfile_conf *conf);
void logfile_close(void);
