/* How much each part of the way costs: the same capture through more and more of it, on one
 * thread. Usage: parts STAGE FILE [ROUNDS]. STAGE: read, decode, flows (no protocol, no reports),
 * reports (flows with their reports), events (protocols, events made), lines (and encoded).
 * Prints CPU time of the rounds' minimum. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/table.h"
#include "lib/sensor.h"

/* clang-format off */
static const struct stage {
    const char *name;
    struct sensor_conf conf;
} stages[] = {
    { "read",    { .stage = SENSOR_READ } },
    { "decode",  { .stage = SENSOR_DECODE } },
    { "flows",   { .stage = SENSOR_NET } },
    { "reports", { .stage = SENSOR_PIPE, .flows = true } },
    { "events",  { .stage = SENSOR_NET, .protocols = true } },
    { "lines",   { .stage = SENSOR_PIPE, .protocols = true } },
};
/* clang-format on */

static double cpu_s(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static int measure(const struct stage *stage, const char *path, unsigned rounds)
{
    static struct sensor s;
    double best = 1e9;
    for (unsigned i = 0; i < rounds; i++) {
        sensor_open(&s, &stage->conf, path);
        double start = cpu_s();
        while (sensor_run(&s, 0))
            ;
        sensor_finish(&s);
        double took = cpu_s() - start;
        best = took < best ? took : best;
        sensor_close(&s);
    }
    printf("%-8s packets %lu events %lu", stage->name, s.packets, s.events);
    printf(" ns/packet %.1f", best * 1e9 / (double)s.packets);
    if (s.events)
        printf(" ns/event %.0f bytes/event %.0f", best * 1e9 / (double)s.events,
               (double)s.bytes / (double)s.events);
    printf("\n");
    return 0;
}

int main(int argc, char **argv)
{
    for (unsigned i = 0; argc >= 3 && i < COUNT(stages); i++) {
        if (strcmp(argv[1], stages[i].name) == 0)
            return measure(&stages[i], argv[2],
                           argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 1);
    }
    for (unsigned i = 0; i < COUNT(stages); i++)
        fprintf(stderr, "parts %s FILE [ROUNDS]\n", stages[i].name);
    return 2;
}
