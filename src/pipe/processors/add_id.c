/* add_id: an id for the document, in the form that Elasticsearch gives itself: 20 characters, URL
 * safe, of a sequence, the time and what is this run's own. */
#include "base/hash.h"
#include "os/clock.h"
#include "pipe/processor.h"

#define ID_BYTES 15 /* 20 characters */
#define ID_CHARS 20

static const char *const types[] = { "elasticsearch", NULL };

struct add_id {
    const char *target;
    int type;
    struct ref to;
    uint64_t run; /* random: the same in all ids of this run */
    uint32_t sequence;
};

/* clang-format off */
static const struct option options[] = {
    OPT(add_id, target, TEXT, "target_field", "@metadata._id", 0, 0, 0, "Where the id goes."),
    OPT_NAMES(add_id, type, "type", "elasticsearch", types, 0, "How ids are made."),
    { 0 }
};
/* clang-format on */

static err prepare(void *conf, const struct loading *l)
{
    (void)l;
    struct add_id *c = conf;
    struct hash_key random = hash_key_random();
    c->run = random.k0;
    c->sequence = (uint32_t)random.k1;
    c->to = ref_for_writing(c->target);
    return ERR_OK;
}

static void put_number(uint8_t *to, uint64_t v, unsigned bytes)
{
    while (bytes--) {
        to[bytes] = (uint8_t)v;
        v >>= 8;
    }
}

/* Of RFC 4648 section 5. */
static void make_url_safe(uint8_t *text)
{
    for (unsigned i = 0; i < ID_CHARS; i++)
        text[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];
}

static enum step run(void *conf, struct event *e)
{
    struct add_id *c = conf;
    uint8_t raw[ID_BYTES];
    struct buf text = buf_of(arena_alloc(e->mem, ID_CHARS), ID_CHARS);
    if (!text.p) {
        e->lost = true;
        return STEP_FAILED;
    }
    put_number(raw, c->sequence++, 3);
    put_number(raw + 3, (uint64_t)clock_real_ns() / 1000000, 6);
    put_number(raw + 9, c->run, 6);
    buf_base64(&text, slice_of(raw, sizeof raw), false);
    make_url_safe(text.p);
    return ref_set_str(&c->to, e, buf_slice(&text)) ? STEP_OK : STEP_FAILED;
}

const struct processor processor_add_id = {
    .name = "add_id",
    .doc = "Gives the document an id of its own.",
    .options = options,
    .conf_size = sizeof(struct add_id),
    .prepare = prepare,
    .run = run,
};
