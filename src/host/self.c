/* Facts of the kernel about this process; the files in /proc are opened once, at the start. */
#include "host/self.h"

#include <dirent.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cursor.h"

#define KIB   1024
#define US_MS 1000

static int statm = -1, stat_file = -1;
static DIR *files;

void self_open(void)
{
    if (statm >= 0)
        return;
    statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    stat_file = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    files = opendir("/proc/self/fd");
}

static int64_t ms_of(struct timeval t)
{
    return (int64_t)t.tv_sec * US_MS + t.tv_usec / US_MS;
}

/* The number behind n blanks of a file in /proc; 0 when it cannot be read. skip: to behind the last
 * such byte (a program's name may hold blanks). */
static int64_t read_number(int fd, unsigned n, char skip)
{
    char text[1024];
    ssize_t got = fd < 0 ? -1 : pread(fd, text, sizeof text, 0);
    struct slice s = slice_of(text, got > 0 ? (size_t)got : 0);
    uint64_t v = 0;
    for (ptrdiff_t at; skip && (at = slice_find(s, (uint8_t)skip)) >= 0;)
        s = slice_after(s, (size_t)at + 1);
    for (; n; n--) {
        ptrdiff_t at = slice_find(s, ' ');
        s = slice_after(s, at < 0 ? s.n : (size_t)at + 1);
    }
    ptrdiff_t end = slice_find(s, ' ');
    (void)slice_to_u64(slice_first(s, end < 0 ? s.n : (size_t)end), &v);
    return (int64_t)v;
}

static int64_t count_files(void)
{
    int64_t n = 0;
    if (!files)
        return 0;
    rewinddir(files);
    for (struct dirent *d; (d = readdir(files));)
        n += d->d_name[0] != '.';
    return n;
}

void self_read(struct self *s)
{
    struct rusage use;
    struct rlimit limit;
    struct mallinfo2 heap = mallinfo2();
    self_open();
    *s = (struct self){ .files = count_files(), .cores = sysconf(_SC_NPROCESSORS_ONLN) };
    if (getrusage(RUSAGE_SELF, &use) == 0) {
        s->user_ms = ms_of(use.ru_utime);
        s->system_ms = ms_of(use.ru_stime);
        s->peak_bytes = (int64_t)use.ru_maxrss * KIB;
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        s->files_soft = (int64_t)limit.rlim_cur;
        s->files_hard = (int64_t)limit.rlim_max;
    }
    s->resident_bytes = read_number(statm, 1, '\0') * sysconf(_SC_PAGESIZE);
    s->threads = read_number(stat_file, 18, ')');
    s->heap_bytes = (int64_t)(heap.uordblks + heap.hblkhd);
    s->heap_held_bytes = (int64_t)(heap.arena + heap.hblkhd);
    if (getloadavg(s->load, 3) < 3)
        s->load[0] = s->load[1] = s->load[2] = 0;
}
