/* PCRE2 under limits: what RE2 accepts means the same here, and backtracking is cut short. */
#include "pipe/regex.h"

#include <stdatomic.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/log.h"

#define STEPS_MAX   100000
#define DEPTH_MAX   1000
#define HEAP_KBYTES 1024

struct regex {
    pcre2_code *code;
    pcre2_match_data *data;
    pcre2_match_context *limits;
};

/* PCRE2's memory is the configuration's arena: given back as a whole, at the end. */
static void *take(size_t n, void *arena)
{
    return arena_alloc(arena, n);
}

static void give_back(void *p, void *arena)
{
    (void)p, (void)arena;
}

static err no_memory(const struct loading *l)
{
    return why_set(l->why, ERR_LIMIT, "%s: the configuration is too large", l->prefix);
}

/* Without machine code matching is slower, not different. Memory that may be written may not become
 * executable under systemd's MemoryDenyWriteExecute. */
static void speed_up(pcre2_code *re)
{
    static atomic_flag told = ATOMIC_FLAG_INIT;
    int rc = pcre2_jit_compile(re, PCRE2_JIT_COMPLETE);
    if (rc == PCRE2_ERROR_NOMEMORY && !atomic_flag_test_and_set(&told))
        log_info("processors", "regular expressions are interpreted: no memory for machine code "
                               "(MemoryDenyWriteExecute)");
}

err regex_new(const char *text, const struct loading *l, struct regex **out)
{
    int code;
    size_t at;
    /* In RE2 a dollar stands for the very end only. */
    uint32_t flags =
        PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C;
    pcre2_general_context *memory = pcre2_general_context_create(take, give_back, l->mem);
    pcre2_compile_context *context = memory ? pcre2_compile_context_create(memory) : NULL;
    if (!context)
        return no_memory(l);
    pcre2_code *re =
        pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, flags, &code, &at, context);
    if (!re) {
        char reason[128];
        pcre2_get_error_message(code, (PCRE2_UCHAR *)reason, sizeof reason);
        return why_set(l->why, ERR_CONFIG, "%s: the regular expression \"%s\" is wrong at %zu: %s",
                       l->prefix, text, at, reason);
    }
    struct regex *r = *out = arena_alloc(l->mem, sizeof *r);
    if (!r)
        return no_memory(l);
    r->code = re;
    r->data = pcre2_match_data_create_from_pattern(re, memory);
    r->limits = pcre2_match_context_create(memory);
    if (!r->data || !r->limits)
        return no_memory(l);
    speed_up(re);
    pcre2_set_match_limit(r->limits, STEPS_MAX);
    pcre2_set_depth_limit(r->limits, DEPTH_MAX);
    pcre2_set_heap_limit(r->limits, HEAP_KBYTES);
    return ERR_OK;
}

bool regex_matches(const struct regex *r, struct slice text)
{
    PCRE2_SPTR p = text.p ? text.p : (PCRE2_SPTR) "";
    return pcre2_match(r->code, p, text.n, 0, 0, r->data, r->limits) >= 0;
}

bool regex_replace(const struct regex *r, struct slice text, const char *replacement,
                   struct buf *out)
{
    PCRE2_SPTR p = text.p ? text.p : (PCRE2_SPTR) "";
    size_t room = out->full ? 0 : out->cap - out->n;
    int done = pcre2_substitute(
        r->code, p, text.n, 0, PCRE2_SUBSTITUTE_GLOBAL | PCRE2_SUBSTITUTE_UNSET_EMPTY, r->data,
        r->limits, (PCRE2_SPTR)replacement, PCRE2_ZERO_TERMINATED, out->p + out->n, &room);
    if (done < 0) {
        out->full |= done == PCRE2_ERROR_NOMEMORY;
        return false;
    }
    out->n += room;
    return true;
}
