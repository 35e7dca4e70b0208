/* wirelume doctor: one finding after another, each with what to do. One thread. */
#pragma once

#include "app/start.h"

enum finding {
    FINDING_OK,
    FINDING_NOTE, /* as it is, something will be missing; nothing is wrong */
    FINDING_BAD,  /* it cannot do its work so: exit status 1 */
};

struct doctor {
    const struct args *args;
    struct start start;
    bool loaded;   /* start is there: the configuration, or the defaults without one */
    bool no_file;  /* there is no configuration */
    bool receives; /* it has inputs */
    bool running;  /* a server runs on path.data */
    unsigned bad;
};

/* One line: what was looked at, what was found, and how to mend it (NULL: nothing to do). */
void doctor_say(struct doctor *d, enum finding f, const char *what, const char *found,
                const char *mend);

/* The checks: doctor_machine.c, doctor_processes.c, doctor_setup.c. */
void doctor_kernel(struct doctor *d);
void doctor_capture(struct doctor *d);
void doctor_rights(struct doctor *d);
void doctor_processes(struct doctor *d);
void doctor_clock(struct doctor *d);
void doctor_libraries(struct doctor *d);
void doctor_configuration(struct doctor *d);
void doctor_packs(struct doctor *d);
void doctor_ports(struct doctor *d);
void doctor_data(struct doctor *d);
