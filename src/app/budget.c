/* Of what the program itself and the kernel's rings leave: an eighth for the pipe, a quarter for
 * events on their way, the rest for tables. */
#include "app/budget.h"

#include "in/spread.h"
#include "os/limits.h"

#define MIB           ((size_t)1024 * 1024)
#define PROGRAM_BYTES (24 * MIB) /* code, libraries, configuration: 13 were seen */
#define WORKER_MIN    (12 * MIB) /* less makes no worker that is of use */
#define SCRATCH_MAX   (64 * MIB)
#define BATCHES_HELD  4 /* full ones that the memory for batches suffices for */

/* A flow takes its piece, its place in a table that may be up to twice as large as needed, and one
 * for a request of its. */
#define FLOW_BYTES (256 + 32 + 16)

static size_t at_most(size_t n, size_t max)
{
    return n < max ? n : max;
}

static size_t ring_bytes(const struct settings *s, unsigned workers)
{
    size_t sum = 0;
    for (unsigned i = 0; i < s->n_interfaces; i++) {
        size_t one = (size_t)s->interface[i].buffer_size_mb * MIB, least = workers * MIB;
        sum += workers > 1 && one < least ? least : one;
    }
    return sum;
}

static size_t needed(const struct settings *s, unsigned workers, bool live)
{
    size_t per_worker = WORKER_MIN + (live || workers == 1 ? 0 : SPREAD_PART_BYTES);
    return PROGRAM_BYTES + (live ? ring_bytes(s, workers) : 0) + workers * per_worker;
}

static void divide(struct budget *b, const struct settings *s, size_t bytes, unsigned workers)
{
    const struct limits_conf *l = &s->limits;
    b->pipe = bytes / 8;
    size_t each = (bytes - b->pipe) / workers;
    b->batches = each / 4;
    b->batch_bytes = at_most(b->batches / BATCHES_HELD, (size_t)l->batch_bytes);
    b->scratch = at_most(each / 16, SCRATCH_MAX);
    b->defrag = at_most(each / 32, (size_t)l->defrag_bytes);
    b->tables = each - b->batches - b->scratch - 2 * b->defrag;
    b->flows = at_most((size_t)l->flows / workers, b->tables * 6 / 10 / FLOW_BYTES);
    b->flows = b->flows ? b->flows : 1;
    b->tables -= b->flows * (FLOW_BYTES - 256);
}

err budget_make(struct budget *b, const struct settings *s, unsigned workers, bool live,
                struct why *w)
{
    size_t have = (size_t)s->limits.memory_bytes, need = needed(s, workers, live);
    *b = (struct budget){ .rings = live ? ring_bytes(s, workers) : 0 };
    if (have < need)
        return why_set(w, ERR_CONFIG,
                       "limits.memory: %zu MiB are not enough for %u workers with their buffers "
                       "(buffer_size_mb): at least %zu MiB, or fewer workers",
                       have / MIB, workers, (need + MIB - 1) / MIB);
    size_t fixed = need - workers * WORKER_MIN;
    divide(b, s, have - fixed, workers);
    return ERR_OK;
}

unsigned budget_workers(const struct settings *s, unsigned n, bool live)
{
    while (n > 1 && needed(s, n, live) > (size_t)s->limits.memory_bytes)
        n--;
    return n ? n : 1;
}

unsigned budget_live_workers(const struct settings *s)
{
    unsigned n = (unsigned)s->general.workers;
    return n ? n : budget_workers(s, limits_processors(), true);
}
