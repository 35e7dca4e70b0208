/* Fuzz target: content codings. The first byte chooses the coding and the bound, the rest is the
 * body. All memory must be back at the end. */
#include <stdlib.h>
#include <string.h>

#include "codec/inflate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static volatile uint8_t sink;

static void require(bool cond)
{
    if (!cond)
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0)
        return 0;
    struct slab mem;
    slab_init(&mem, (size_t)64 << 20);
    size_t max = data[0] & 8 ? 100 : (size_t)1 << 20;
    uint8_t *exact = malloc(n - 1);
    if (n > 1)
        memcpy(exact, data + 1, n - 1);
    struct inflated out = { 0 };
    inflate_decode(data[0] & 7, slice_of(exact, n - 1), max, &mem, &out);
    require(out.n <= max && out.n <= out.cap);
    for (size_t i = 0; i < out.n; i++)
        sink ^= out.p[i];
    free(exact);
    inflate_free(&out, &mem);
    require(mem.used_bytes == 0);
    slab_destroy(&mem);
    return 0;
}
