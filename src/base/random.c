/* Up to 256 bytes come whole and cannot be interrupted once the kernel is seeded (getrandom(2)). */
#include "base/random.h"

#include <sys/random.h>

#include "base/bug.h"

void random_bytes(void *p, size_t n)
{
    xneed(getrandom(p, n, 0) == (ssize_t)n, "random numbers");
}
