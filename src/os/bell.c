/* Waking a thread (eventfd(2)). */
#include "os/bell.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/bug.h"

void bell_init(struct bell *b)
{
    b->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    xneed(b->fd >= 0, "descriptor to wake a thread with (mend: LimitNOFILE)");
    atomic_init(&b->asleep, false);
}

void bell_close(struct bell *b)
{
    close(b->fd);
}

void bell_ring_always(struct bell *b)
{
    uint64_t one = 1;
    ssize_t n = write(b->fd, &one, sizeof(one));
    BUG_ON(n < 0 && errno != EAGAIN);
}

/* Both sides exchange the same flag: either this one sees the sleeper, or the sleeper's look at its
 * ring comes after, and sees what was put there. */
void bell_ring(struct bell *b)
{
    if (atomic_exchange_explicit(&b->asleep, false, memory_order_acq_rel))
        bell_ring_always(b);
}

void bell_sleep_soon(struct bell *b)
{
    uint64_t count;
    ssize_t n = read(b->fd, &count, sizeof(count));
    BUG_ON(n < 0 && errno != EAGAIN);
    atomic_exchange_explicit(&b->asleep, true, memory_order_acq_rel);
}
