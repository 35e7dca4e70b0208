/* Fuzz target: the bytes are a capture file (pcap or pcapng, also packed), mapped and through a
 * pipe: both must give the same packets, and every frame must be readable. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "in/capfile.h"

#define PACKETS_MAX 200000 /* a small packed file may hold many */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(bool cond)
{
    if (!cond)
        __builtin_trap();
}

static uint64_t sum_of(uint64_t sum, const struct packet *p)
{
    require(p->wire_len >= p->frame.n && p->frame.n <= CAPFILE_MAX_PACKET);
    sum = sum * 31 + (uint64_t)p->ts_ns + p->wire_len + p->link_type;
    for (size_t i = 0; i < p->frame.n; i++)
        sum = sum * 31 + p->frame.p[i];
    return sum;
}

/* Reads all; `at_once` packets a time. */
static uint64_t read_all(const char *path, unsigned at_once)
{
    static struct packet p[64];
    struct capfile f;
    uint64_t sum = 0, packets = 0;
    int got;
    require(capfile_open(&f, path, NULL) == ERR_OK);
    while ((got = capfile_read(&f, p, at_once, true)) > 0 && packets < PACKETS_MAX)
        for (int i = 0; i < got && packets < PACKETS_MAX; i++, packets++)
            sum = sum_of(sum, &p[i]);
    require(got != CAPFILE_NOTHING);
    require((f.damage != DAMAGE_NONE) == (f.why.text[0] != '\0'));
    sum = sum * 31 + (packets < PACKETS_MAX ? f.damage : 0) + packets;
    capfile_close(&f);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char path[64];
    int ends[2];
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    require(fd >= 0 && write(fd, data, n) == (ssize_t)n);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    uint64_t mapped = read_all(path, 64);
    require(read_all(path, 1) == mapped);
    close(fd);
    if (n > 60000) /* what a pipe holds without a reader */
        return 0;
    require(pipe(ends) == 0 && write(ends[1], data, n) == (ssize_t)n);
    close(ends[1]);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[0]);
    require(read_all(path, 64) == mapped);
    close(ends[0]);
    return 0;
}
