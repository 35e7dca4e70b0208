/* wirelume version */
#include "app/version.h"

#include "app/command.h"

#if defined(__x86_64__)
#define MACHINE "amd64"
#elif defined(__aarch64__)
#define MACHINE "arm64"
#elif defined(__i386__)
#define MACHINE "386"
#else
#define MACHINE "unknown"
#endif

int version_command(const struct args *a)
{
    (void)a;
    printf("wirelume version %s (%s), events of %s %s\n", WIRELUME_VERSION, MACHINE, EVENTS_BEAT,
           EVENTS_VERSION);
    return 0;
}
