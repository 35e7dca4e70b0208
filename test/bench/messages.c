/* Prints messages, one a line. Usage: messages N [SEED ODD FROM_MS SPAN_MS] */
#include <stdio.h>
#include <stdlib.h>

#include "lib/messages.h"

#define DAY_MS 86400000

static uint8_t memory[65536];

static int64_t argument(int argc, char **argv, int i, int64_t otherwise)
{
    return i < argc ? strtoll(argv[i], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
    struct messages m = { .n = (uint64_t)argument(argc, argv, 1, 1000),
                          .seed = (uint64_t)argument(argc, argv, 2, 1),
                          .odd = (unsigned)argument(argc, argv, 3, 0),
                          .from_ms = argument(argc, argv, 4, 1789948800000), /* 2026-09-21 */
                          .span_ms = argument(argc, argv, 5, DAY_MS),
                          .stream = "0000000000000000000000aa" };
    for (uint64_t i = 0; i < m.n; i++) {
        struct buf b = buf_of(memory, sizeof memory);
        if (!messages_make(&m, i, &b))
            return 1;
        buf_u8(&b, '\n');
        fwrite(b.p, 1, b.n, stdout);
    }
    return fflush(stdout) != 0;
}
