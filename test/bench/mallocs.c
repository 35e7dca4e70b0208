/* How often memory is asked of the system once warm: a capture is read, so that what has to grow
 * grows; a minute later in packet time the same traffic comes again and is counted. The whole
 * process is counted, libraries too. Usage: mallocs FILE.
 * Prints `mallocs FILE packets P events E calls N`. */
#include <stdio.h>
#include <stdlib.h>

#include "lib/sensor.h"

static uint64_t calls;
static bool counting;

/* glibc's own names for what is replaced here. */
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);

void *malloc(size_t n)
{
    calls += counting;
    return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    calls += counting;
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    calls += counting;
    return __libc_realloc(p, n);
}

/* Packets of the second time until which old flows are still being ended. */
#define SETTLE 1000

int main(int argc, char **argv)
{
    static struct sensor s;
    const struct sensor_conf conf = { .stage = SENSOR_PIPE, .flows = true, .protocols = true };
    if (argc != 2)
        return 2;
    sensor_open(&s, &conf, argv[1]);
    int64_t first_ns = 0;
    while (sensor_run(&s, 1) && !first_ns)
        first_ns = s.last_ns;
    while (sensor_run(&s, 0))
        ;
    sensor_next(&s, argv[1], s.last_ns - first_ns + INT64_C(60000000000));
    sensor_run(&s, SETTLE);
    uint64_t packets = s.packets, events = s.events;
    counting = true;
    while (sensor_run(&s, 0))
        ;
    sensor_finish(&s);
    counting = false;
    printf("mallocs %s packets %lu events %lu calls %lu\n", argv[1], s.packets - packets,
           s.events - events, calls);
    sensor_close(&s);
    return 0;
}
