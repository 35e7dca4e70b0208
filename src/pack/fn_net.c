/* Functions on addresses (graylog.md 4.7). */
#include "pack/eval.h"
#include "pack/function.h"
#include "pack/subnet.h"

static struct rule_value address(struct call *c, const struct addr *a)
{
    struct addr *copy = arena_alloc(call_mem(c), sizeof *copy);
    if (!copy)
        return call_fail(c, "memory is out");
    *copy = *a;
    return (struct rule_value){ .kind = K_IP, .p = copy };
}

/* As Java cuts a double to 32 bits. */
static int64_t to_int(double d)
{
    if (d != d)
        return 0;
    return d >= INT32_MAX ? INT32_MAX : d <= INT32_MIN ? INT32_MIN : (int64_t)d;
}

/* Numbers are IPv4 addresses; what is no address is the default, else 0.0.0.0. */
struct rule_value fn_to_ip(struct call *c)
{
    struct addr a = addr_v4((const uint8_t[4]){ 0 });
    const struct rule_value *v = &c->arg[0];
    if (v->kind == K_IP)
        return *v;
    if (v->kind >= K_INT && v->kind <= K_DOUBLE) {
        uint32_t n = (uint32_t)(v->kind >= K_FLOAT ? to_int(v->d) : v->i);
        uint8_t b[4] = { (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n };
        a = addr_v4(b);
        return address(c, &a);
    }
    struct slice text = v->kind == K_NULL ? slice_of("", 0) : value_to_text(v, call_mem(c));
    if (addr_parse(text, &a))
        return address(c, &a);
    if (c->arg[1].kind == K_STRING && !addr_parse(call_text(c, 1), &a))
        return call_fail(c, "the default is not an address");
    return address(c, &a);
}

struct rule_value fn_cidr_match(struct call *c)
{
    const struct subnet *s = c->e->ready[0];
    if (!s)
        s = subnet_make(call_mem(c), call_text(c, 0));
    if (!s)
        return call_fail(c, "it is no subnet");
    return rule_bool(c->arg[1].kind == K_IP && subnet_has(s, c->arg[1].p));
}

struct rule_value address_anonymous(struct run *run, const struct addr *a)
{
    struct addr *copy = arena_alloc(run->mem, sizeof *copy);
    if (!copy) {
        run_fail(run, "memory is out");
        return rule_null();
    }
    *copy = *a;
    memset(copy->b + (addr_is_v4(a) ? 15 : 14), 0, addr_is_v4(a) ? 1 : 2);
    return (struct rule_value){ .kind = K_IP, .p = copy };
}

struct rule_value fn_anonymize_ip(struct call *c)
{
    if (c->arg[0].kind != K_IP)
        return call_fail(c, "the value is no address");
    return address_anonymous(c->run, c->arg[0].p);
}
