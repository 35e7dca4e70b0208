/* What this kernel offers a sensor, tried and not guessed. Any thread. */
#pragma once

#include "base/attr.h"

enum feature {
    FEATURE_PACKET,  /* a socket of AF_PACKET may be opened */
    FEATURE_RING,    /* its ring in blocks (TPACKET_V3) */
    FEATURE_FANOUT,  /* several of them share the traffic */
    FEATURE_BPF,     /* a filter may be attached to a socket */
    FEATURE_SECCOMP, /* system calls may be filtered */
    FEATURE_COUNT
};

/* Does it work here, for this process? errno tells why not. */
bool feature_works(enum feature f);

/* "Linux 6.1.0-18-amd64 x86_64" */
const char *kernel_text(char *text, size_t cap);

/* Is the clock kept right by somebody (adjtimex(2))? */
bool clock_is_synchronised(void);

/* Bytes free for this process in the file system of the folder, and of how many; false: it is not
 * there. */
bool disk_space(const char *folder, uint64_t *free_bytes, uint64_t *all_bytes);
