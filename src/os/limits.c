/* Resource limits (setrlimit(2)). */
#include "os/limits.h"

#include <sys/resource.h>

uint64_t limits_raise_files(void)
{
    struct rlimit r = { 0, 0 };
    if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
        struct rlimit more = { r.rlim_max, r.rlim_max };
        if (setrlimit(RLIMIT_NOFILE, &more) == 0)
            r = more;
    }
    return r.rlim_cur;
}
