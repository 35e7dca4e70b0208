/* System calls that this process may make from now on (seccomp(2), by libseccomp). Others fail with
 * EPERM, or ENOSYS where libc has another way. All threads, those there are and those to come. */
#pragma once

#include "base/err.h"

enum calls {
    CALLS_SENSOR,   /* captures, asks names, sends to outputs */
    CALLS_RECEIVER, /* takes what comes to its listening sockets; opens none of the internet */
    CALLS_READER,   /* reads files that are open or allowed, writes what is open: no sockets */
    CALLS_BROKER,   /* host/broker.h: reads /proc, asks the kernel for sockets, answers */
};

/* Does the kernel filter calls? */
bool callset_is_there(void);

/* From now on. ERR_UNSUPPORTED, ERR_RIGHTS: nothing has changed. */
MUST_CHECK err callset_close(enum calls calls, struct why *w);
