/* Files and ports that this process may reach from now on, and no others (Landlock, landlock(7)).
 * What is open stays open. It holds for the thread that closes it and for those it starts: before
 * the first thread. */
#pragma once

#include "base/err.h"

enum fence_right {
    FENCE_READ,  /* a file, or all below a folder */
    FENCE_WRITE, /* the same, and make, change, rename and remove */
};

struct fence {
    int fd; /* -1: none */
    unsigned abi;
};

/* The kernel's version of Landlock; 0: it has none, or it is switched off. */
unsigned fence_abi(void);

/* Nothing is allowed yet. ERR_UNSUPPORTED: the kernel has no Landlock. */
MUST_CHECK err fence_open(struct fence *f, struct why *w);

/* A path that is not there is passed over: what is made there later stays closed. Of a symbolic
 * link it is what it leads to. */
MUST_CHECK err fence_allow(struct fence *f, const char *path, enum fence_right right,
                           struct why *w);

/* TCP may be listened to there, 0: at any port that the kernel chooses; before version 4 of
 * Landlock ports are free. */
MUST_CHECK err fence_allow_port(struct fence *f, unsigned port, struct why *w);

/* From now on. Needs rights_seal before. */
MUST_CHECK err fence_close(struct fence *f, struct why *w);

/* Without closing; one that was closed is accepted. */
void fence_drop(struct fence *f);
