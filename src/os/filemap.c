/* Files seen as memory, with a guard against files that shrink (mmap(2), SIGBUS). */
#include "os/filemap.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bug.h"

/* Mapped ranges that the handler may fill with zero pages. */
#define GUARDS 1024

struct guard {
    /* shared: written by the thread that maps, read by the handler on the thread that faults */
    _Atomic uintptr_t begin, end;
    atomic_bool taken, shrunk;
};

static struct guard guards[GUARDS];
static atomic_flag guard_installed = ATOMIC_FLAG_INIT;

static uintptr_t page_down(uintptr_t at)
{
    return at & ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);
}

/* On the faulting thread; only async-signal-safe calls. */
static void guard_fault(int sig, siginfo_t *info, void *context)
{
    (void)context;
    uintptr_t at = (uintptr_t)info->si_addr;
    for (size_t i = 0; i < GUARDS; i++) {
        uintptr_t end = atomic_load(&guards[i].end);
        if (at < atomic_load(&guards[i].begin) || at >= end)
            continue;
        uintptr_t page = page_down(at);
        if (mmap((void *)page, end - page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
                 0) == MAP_FAILED)
            break;
        atomic_store(&guards[i].shrunk, true);
        return;
    }
    signal(sig, SIG_DFL); /* not ours: the access is repeated and ends the program */
}

static void guard_install(void)
{
    if (atomic_flag_test_and_set(&guard_installed))
        return;
    struct sigaction action = { .sa_flags = SA_SIGINFO };
    action.sa_sigaction = guard_fault;
    sigemptyset(&action.sa_mask);
    BUG_ON(sigaction(SIGBUS, &action, NULL) != 0);
}

/* Index of the guard, or -1 when all are taken: the mapping then works without one. */
static int guard_take(uintptr_t begin, size_t n)
{
    guard_install();
    for (int i = 0; i < GUARDS; i++) {
        if (atomic_exchange(&guards[i].taken, true))
            continue;
        atomic_store(&guards[i].shrunk, false);
        atomic_store(&guards[i].end, begin + n);
        atomic_store(&guards[i].begin, begin);
        return i;
    }
    return -1;
}

static void guard_give_back(int i)
{
    if (i < 0)
        return;
    atomic_store(&guards[i].end, 0);
    atomic_store(&guards[i].begin, 0);
    atomic_store(&guards[i].taken, false);
}

err file_map(struct file_map *m, int fd, uint64_t from, struct why *w)
{
    *m = (struct file_map){ .bytes = SLICE(""), .guard = -1 };
    struct stat st;
    if (fstat(fd, &st) != 0)
        return why_set(w, ERR_IO, "cannot look at it: %s", strerror(errno));
    if (from >= (uint64_t)st.st_size)
        return ERR_OK;
    uint64_t begin = page_down((uintptr_t)from);
    uint64_t n = (uint64_t)st.st_size - begin;
    uint8_t *p =
        n > SIZE_MAX ? MAP_FAILED : mmap(NULL, (size_t)n, PROT_READ, MAP_PRIVATE, fd, (off_t)begin);
    if (p == MAP_FAILED)
        return why_set(w, ERR_IO, "cannot map it: %s", strerror(errno));
    madvise(p, (size_t)n, MADV_SEQUENTIAL);
    m->bytes = slice_of(p + (from - begin), (size_t)(n - (from - begin)));
    m->guard = guard_take((uintptr_t)p, (size_t)n);
    return ERR_OK;
}

bool file_map_shrunk(const struct file_map *m)
{
    return m->guard >= 0 && atomic_load_explicit(&guards[m->guard].shrunk, memory_order_relaxed);
}

void file_map_forget(const struct file_map *m, size_t n)
{
    uintptr_t begin = page_down((uintptr_t)m->bytes.p);
    uintptr_t end = page_down((uintptr_t)m->bytes.p + n);
    if (end > begin && !file_map_shrunk(m))
        madvise((void *)begin, end - begin, MADV_DONTNEED);
}

void file_unmap(struct file_map *m)
{
    guard_give_back(m->guard);
    if (m->bytes.n) {
        uintptr_t begin = page_down((uintptr_t)m->bytes.p);
        munmap((void *)begin, (uintptr_t)m->bytes.p + m->bytes.n - begin);
    }
    *m = (struct file_map){ .guard = -1 };
}
