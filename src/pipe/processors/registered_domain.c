/* registered_domain: the part of a name that somebody registered, its public suffix, what stands in
 * front. */
#include "codec/psl.h"
#include "pipe/processor.h"

struct registered_domain {
    const char *field, *target, *target_etld, *target_subdomain, *id;
    bool ignore_missing, ignore_failure;
    struct ref from, to, etld, subdomain;
};

/* clang-format off */
static const struct option options[] = {
    OPT(registered_domain, field,            TEXT, "field",                  NULL,    0, 0, OPT_REQUIRED, "Field with the name."),
    OPT(registered_domain, target,           TEXT, "target_field",           NULL,    0, 0, OPT_REQUIRED, "Field for the registered domain."),
    OPT(registered_domain, target_etld,      TEXT, "target_etld_field",      NULL,    0, 0, 0,            "Field for its public suffix."),
    OPT(registered_domain, target_subdomain, TEXT, "target_subdomain_field", NULL,    0, 0, 0,            "Field for what stands in front of it."),
    OPT(registered_domain, ignore_missing,   BOOL, "ignore_missing",         "false", 0, 0, 0,            "A field that is not there is no failure."),
    OPT(registered_domain, ignore_failure,   BOOL, "ignore_failure",         "false", 0, 0, 0,            "Nothing is a failure."),
    OPT(registered_domain, id,               TEXT, "id",                     NULL,    0, 0, OPT_INERT,    "Name of this processor in log lines."),
    { 0 }
};
/* clang-format on */

static bool is_wanted(const char *name)
{
    return name && *name;
}

static err prepare(void *conf, const struct loading *l)
{
    (void)l;
    struct registered_domain *c = conf;
    c->from = ref_of(c->field);
    c->to = ref_for_writing(c->target);
    if (is_wanted(c->target_etld))
        c->etld = ref_for_writing(c->target_etld);
    if (is_wanted(c->target_subdomain))
        c->subdomain = ref_for_writing(c->target_subdomain);
    return ERR_OK;
}

static bool split(struct registered_domain *c, struct event *e, struct slice name)
{
    struct slice domain = psl_registrable(name), front = slice_first(name, name.n - domain.n);
    ptrdiff_t dot = slice_find(domain, '.');
    if (!domain.n || !ref_set_str(&c->to, e, domain))
        return false;
    if (is_wanted(c->target_etld) && dot >= 0 &&
        !ref_set_str(&c->etld, e, slice_after(domain, (size_t)dot + 1)))
        return false;
    if (front.n < 2 || !is_wanted(c->target_subdomain))
        return true;
    return ref_set_str(&c->subdomain, e, slice_first(front, front.n - 1));
}

static enum step run(void *conf, struct event *e)
{
    struct registered_domain *c = conf;
    char room[VALUE_ROOM];
    struct slice name;
    enum ref_found found = ref_str(&c->from, e, room, &name);
    if (found == REF_MISSING)
        return c->ignore_missing || c->ignore_failure ? STEP_OK : STEP_FAILED;
    bool done = found == REF_FOUND && name.p != (const uint8_t *)room && split(c, e, name);
    return done || c->ignore_failure ? STEP_OK : STEP_FAILED;
}

const struct processor processor_registered_domain = {
    .name = "registered_domain",
    .doc = "Finds the registered domain of a name.",
    .options = options,
    .conf_size = sizeof(struct registered_domain),
    .prepare = prepare,
    .run = run,
};
