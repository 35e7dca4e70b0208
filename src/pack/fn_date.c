/* Functions on moments and periods (graylog.md 4.7). */
#include "pack/dates.h"
#include "pack/eval.h"
#include "pack/function.h"

/* A period that has n in one of its parts. */
static struct rule_value period_of(struct call *c, size_t part)
{
    struct rule_period *p = arena_zalloc(call_mem(c), sizeof *p);
    int64_t n = call_long(c, 0, 0);
    if (!p)
        return call_fail(c, "memory is out");
    n = n < INT32_MIN ? INT32_MIN : n > INT32_MAX ? INT32_MAX : n;
    memcpy((char *)p + part, &(int32_t){ (int32_t)n }, sizeof(int32_t));
    return (struct rule_value){ .kind = K_PERIOD, .p = p };
}

#define PERIOD_FUNCTION(name)                                                                      \
    struct rule_value fn_##name(struct call *c)                                                    \
    {                                                                                              \
        return period_of(c, offsetof(struct rule_period, name));                                   \
    }
PERIOD_FUNCTION(years)
PERIOD_FUNCTION(months)
PERIOD_FUNCTION(weeks)
PERIOD_FUNCTION(days)
PERIOD_FUNCTION(hours)
PERIOD_FUNCTION(minutes)
PERIOD_FUNCTION(seconds)
PERIOD_FUNCTION(millis)
#undef PERIOD_FUNCTION

struct rule_value fn_period(struct call *c)
{
    struct rule_period *p = arena_zalloc(call_mem(c), sizeof *p);
    if (!p || !dates_read_period(call_text(c, 0), p))
        return call_fail(c, "the text is not a period");
    return (struct rule_value){ .kind = K_PERIOD, .p = p };
}
