/* Functions of ours in SQL: wirelume_address(text) gives an IP address as its 128 bits, IPv4 mapped
 * (base/addr.h), and NULL for other texts. */
#include <stdatomic.h>

#include "base/addr.h"
#include "base/bug.h"
#include "store/duck_private.h"

/* Of the library that is loaded: it is never unloaded, and there is one of it in a process. */
static const struct duck_api *_Atomic loaded;

struct cells {
    const uint8_t *in; /* texts, 16 bytes each */
    const uint64_t *in_valid;
    uint8_t *out; /* 16 bytes each: low half, high half */
    uint64_t *out_valid;
};

static uint64_t half(const uint8_t *p)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < 8; i++)
        v = v << 8 | p[i];
    return v;
}

static void convert(const struct cells *c, uint64_t row)
{
    struct addr a;
    bool there = !c->in_valid || (c->in_valid[row / 64] >> row % 64 & 1);
    if (!there || !addr_parse(duck_text_at(c->in + 16 * row), &a)) {
        c->out_valid[row / 64] &= ~((uint64_t)1 << row % 64);
        return;
    }
    uint64_t low = half(a.b + 8), high = half(a.b);
    memcpy(c->out + 16 * row, &low, sizeof low);
    memcpy(c->out + 16 * row + 8, &high, sizeof high);
}

static void address(duck_handle info, duck_handle input, duck_handle output)
{
    const struct duck_api *api = atomic_load(&loaded);
    duck_handle texts = api->data_chunk_get_vector(input, 0);
    (void)info;
    api->vector_ensure_validity_writable(output);
    struct cells c = { api->vector_get_data(texts), api->vector_get_validity(texts),
                       api->vector_get_data(output), api->vector_get_validity(output) };
    uint64_t rows = api->data_chunk_get_size(input);
    for (uint64_t i = 0; i < rows; i++)
        convert(&c, i);
}

/* A copy, as a struct duck may be closed before another one is used. */
static void keep_api(const struct duck_api *api)
{
    const struct duck_api *none = NULL;
    if (atomic_load(&loaded))
        return;
    struct duck_api *copy = xmalloc(sizeof *copy);
    *copy = *api;
    if (!atomic_compare_exchange_strong(&loaded, &none, copy))
        xfree(copy);
}

err duck_add_functions(struct duck *d, struct why *w)
{
    const struct duck_api *api = &d->api;
    struct duck_session *s;
    err rc = duck_session_open(&s, d, w);
    if (rc)
        return rc;
    keep_api(api);
    duck_handle text = api->create_logical_type(DUCK_TYPE_VARCHAR);
    duck_handle number = api->create_logical_type(DUCK_TYPE_UHUGEINT);
    duck_handle f = api->create_scalar_function();
    api->scalar_function_set_name(f, "wirelume_address");
    api->scalar_function_add_parameter(f, text);
    api->scalar_function_set_return_type(f, number);
    api->scalar_function_set_function(f, address);
    if (api->register_scalar_function(s->handle, f))
        rc = why_set(w, ERR_UNSUPPORTED, "store: DuckDB takes no function for addresses");
    api->destroy_scalar_function(&f);
    api->destroy_logical_type(&text);
    api->destroy_logical_type(&number);
    duck_session_close(s);
    return rc;
}
