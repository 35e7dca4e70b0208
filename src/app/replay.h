/* What watch, import and trace share: captures run through the house without a configuration being
 * needed, and without traces on disk. */
#pragma once

#include "app/crew.h"
#include "app/doors.h"
#include "app/wiring.h"

struct replay {
    const struct args *a;
    struct start start;
    struct identity identity;
    struct tally sums; /* of the last run */
    bool interrupted;  /* a signal ended it */
    bool dry_run;
    bool health;                /* live: events of the sensor itself (app/health.h) */
    struct interface_conf live; /* of replay_open_live */
    struct capture *capture[CREW_MAX];
    unsigned workers;            /* that have one of them */
    const struct output *output; /* set before running */
    const void *output_conf;
    struct doors doors;
    bool closes; /* replay_files closes the doors behind the files */
    /* Before that, what else is to be opened; and what is to begin behind it. NULL: nothing. */
    err (*opened)(void *ctx, struct why *w);
    err (*closed)(void *ctx, struct why *w);
    void (*progress)(void *ctx, const struct tally *t); /* NULL: none */
    void *ctx;
};

/* Loads what -c and -E name, else built-in settings. 0, or the exit status after saying why. */
int replay_begin(struct replay *r, const struct args *a);

/* Opens the first interface of the configuration, or the default route's where none is named, for
 * as many workers as are configured; its name is then in r->live.device. Fails as
 * capture_open_live does. */
MUST_CHECK err replay_open_live(struct replay *r, struct why *w);

/* Becomes the user and closes the doors behind what is open: before any thread. */
MUST_CHECK err replay_shut(struct replay *r, const struct doors_need *need, struct why *w);

/* Runs what was opened until a signal comes. Gives the exit status; says why. */
int replay_live(struct replay *r);

/* The same for files (merged by time), or for one capture, to their end. With `closes` no file can
 * be opened after these, but what the configuration names. */
int replay_files(struct replay *r, const char *const *paths, unsigned n);
int replay_capture(struct replay *r, struct capture *c);
void replay_end(struct replay *r);
