/* What most commands begin with: configuration, settings, log. */
#pragma once

#include "app/args.h"
#include "app/logfile.h"
#include "app/settings.h"

struct start {
    struct config config;
    struct settings settings;
};

/* How a command reads its configuration. */
struct start_conf {
    struct settings_need need;
    bool bare; /* no file unless one is named with -c */
};

/* Loads the configuration that a names, with the fields of all protocols in the schema. On failure
 * there is nothing to free; w is what stands behind "Exiting: ". */
MUST_CHECK err start_load(struct start *s, const struct args *a, const struct start_conf *conf,
                          struct why *w);

/* Opens the log and says the notes. plain: lines for people, only warnings. */
MUST_CHECK err start_log(const struct start *s, const struct args *a, bool plain, struct why *w);

/* After a reload: level and areas of s from now on. */
void start_relog(const struct start *s, const struct args *a);
void start_free(struct start *s);

/* Where the configuration comes from, by flags. */
struct config_source start_source(const struct args *a);

/* Prints "Exiting: …" and gives the exit status. */
int start_refuse(const struct why *w);
