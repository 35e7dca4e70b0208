/* Every byte that a real Packetbeat sent on four connections: the events in it, and that each of
 * its answers is one that our reading would give at the same place. */
#include <stdio.h>
#include <stdlib.h>

#include "codec/lumberjack.h"

static const char *const names[] = { "thrift-default", "http-level0", "mongo-level9-no-pipelining",
                                     "sip-bulk2" };

static uint8_t *read_file(const char *folder, const char *name, const char *ending, size_t *n)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/lumberjack/%s.%s", folder, name, ending);
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    fseek(f, 0, SEEK_END);
    *n = (size_t)ftell(f);
    rewind(f);
    uint8_t *p = malloc(*n + 1);
    *n = fread(p, 1, *n, f);
    fclose(f);
    return p;
}

/* Reads `bytes` in pieces of `step`; true when the events are the lines of `wanted` and each window
 * ends with its last event. */
static bool same_events(struct slice bytes, struct cursor wanted, size_t step)
{
    struct lumberjack_limits limits = { 0 };
    struct chunk_pool pool = { .max_bytes = (size_t)256 << 20 };
    struct inflater *inflater = inflater_new();
    struct lumberjack reader;
    struct lumberjack_item item = { 0 };
    bool good = true, complete = false;
    size_t passed = 0;
    lumberjack_limits_default(&limits);
    lumberjack_init(&reader, &limits, inflater, &pool);
    for (size_t there = step; good && passed < bytes.n; there += step) {
        struct cursor c = cur_of(slice_after(slice_first(bytes, there), passed));
        enum lumberjack_what what;
        while (good && (what = lumberjack_next(&reader, &c, &item)) != LUMBERJACK_MORE) {
            good = what == LUMBERJACK_ANNOUNCED ||
                   (what == LUMBERJACK_PAYLOAD && slice_eq(item.payload, cur_line(&wanted)));
            complete = item.sequence == item.window;
        }
        passed = (there < bytes.n ? there : bytes.n) - cur_left(&c);
    }
    good = good && complete && !cur_left(&wanted);
    lumberjack_free(&reader);
    chunk_pool_free(&pool);
    inflater_free(inflater);
    return good;
}

int main(void)
{
    static const size_t steps[] = { 1, 7, 1460, (size_t)1 << 30 };
    const char *folder = getenv("WIRELUME_VECTORS");
    unsigned passed = 0, failed = 0, skipped = 0;
    folder = folder ? folder : "../shared/vectors";
    for (size_t i = 0; i < COUNT(names); i++) {
        size_t n, lines;
        uint8_t *bytes = read_file(folder, names[i], "bin", &n);
        uint8_t *events = read_file(folder, names[i], "ndjson", &lines);
        for (size_t s = 0; bytes && events && s < COUNT(steps); s++) {
            bool good = same_events(slice_of(bytes, n), cur_of(slice_of(events, lines)), steps[s]);
            if (!good)
                printf("FAILED: %s in pieces of %zu bytes\n", names[i], steps[s]);
            passed += good;
            failed += !good;
        }
        skipped += !bytes || !events;
        free(bytes);
        free(events);
    }
    printf("%u passed, %u failed", passed, failed);
    if (skipped)
        printf(", %u skipped", skipped);
    printf("\n");
    return failed ? 1 : 0;
}
