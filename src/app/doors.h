/* Closed doors (docs/security.md): an unprivileged user, no capability, a list of files, a list of
 * system calls. What the kernel refuses is one line in the log and the command goes on, unless
 * security.required. Boot, one thread; three steps, each once:
 * doors_user before anything is made, doors_close when capture handles and ports below 1024 are
 * open and before the first thread, doors_bolt when all else that listens is open. */
#pragma once

#include "app/reachable.h"
#include "os/account.h"
#include "os/callset.h"

struct security_conf {
    bool enabled, required, cores;
    const char *user;
};

/* Packetbeat's section. Its lists are for a program in Go: they are not taken, and a note says so.
 */
struct seccomp_conf {
    bool enabled;
    const struct node *action, *lists;
};
extern const struct option security_options[], seccomp_options[];

struct doors_need {
    enum calls calls;
    bool traceless;              /* it leaves no files but in `folder` */
    bool stays;                  /* the user who started it */
    const char *folder;          /* NULL: none */
    const char *const *captures; /* files to read, or patterns of names */
    unsigned n_captures;
    int port; /* to listen at between the second and the third step; 0: any, -1: none */
};

struct doors {
    struct security_conf conf;
    struct seccomp_conf seccomp;
    struct doors_need need;
    struct broker *broker; /* looks at other processes, for packetbeat.procs; NULL: there is none */
    struct start *start;
    struct reachable reach;
    unsigned abi; /* of Landlock; 0: files stay open */
    char user[64];
    struct why note, failure, blind; /* said when there is a log */
};

struct broker;

/* Reads the section `security` and becomes the user. An error is one of the configuration, or what
 * is missing while it is required. */
MUST_CHECK err doors_user(struct doors *d, struct start *s, const struct args *a,
                          const struct doors_need *need, struct why *w);
MUST_CHECK err doors_close(struct doors *d, struct why *w);
MUST_CHECK err doors_bolt(struct doors *d, struct why *w);

/* When all is over. Also after doors_user failed, and of one that is all zero. */
void doors_end(struct doors *d);

/* Makes the folder of a server that is started later, when it is not there: by root for the user
 * that the server will become. */
MUST_CHECK err doors_make_data(const char *path, struct why *w);

/* The last two, where nothing is opened between. */
MUST_CHECK err doors_shut(struct doors *d, struct why *w);
