/* The sample capture: DELETE /api/v1/sample. */
#include "web/sample.h"

#include "os/clock.h"
#include "os/file.h"
#include "store/state_json.h"
#include "web/handlers.h"
#include "web/web_private.h"

#define NS_PER_MS 1000000
#define MODE      0640

/* Tags as the inputs name them, with and without the name of the Beat in front. */
static const char query[] = "packetbeat_tags:\"" SAMPLE_TAG "\" OR tags:\"" SAMPLE_TAG "\"";

static void join(char path[PATH_BYTES], const char *folder, const char *name)
{
    snprintf(path, PATH_BYTES, "%s/%s", folder, name);
}

bool sample_is_there(const char *folder)
{
    char loaded[PATH_BYTES], removed[PATH_BYTES];
    join(loaded, folder, SAMPLE_LOADED);
    join(removed, folder, SAMPLE_REMOVED);
    return file_exists(loaded) && !file_exists(removed);
}

err sample_remove(struct store *s, const char *folder, uint64_t *n, struct why *w)
{
    char removed[PATH_BYTES];
    struct store_filter filter = { .range = { INT64_MIN, INT64_MAX, NULL, NULL },
                                   .query = SLICE(query) };
    err rc = store_delete(s, &filter, clock_real_ns() / NS_PER_MS, n, w);
    if (rc || !sample_is_there(folder))
        return rc;
    join(removed, folder, SAMPLE_REMOVED);
    return file_replace(removed, SLICE("its messages were taken out\n"), MODE, w);
}

void sample_delete(struct exchange *x)
{
    struct web *web = x->web;
    struct why w;
    uint64_t n = 0;
    if (!web->sources.store) {
        exchange_fail(x, 501, "messages are not in the store: they cannot be taken out");
        return;
    }
    err rc = sample_remove(web->sources.store, web->sources.folder, &n, &w);
    if (rc) {
        exchange_fail_why(x, rc, &w);
        return;
    }
    struct buf *b = exchange_json(x);
    buf_u8(b, '{');
    state_json_int(b, "removed", (int64_t)n);
    buf_u8(b, '}');
}
