/* Resource limits (setrlimit(2)). */
#include "os/limits.h"

#include <sched.h>
#include <sys/resource.h>

unsigned limits_processors(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return n > 0 ? (unsigned)n : 1;
}

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
