/* Functions of capital and small letters, of all scripts (Unicode, by ICU). */
#include <unicode/uchar.h>

#include "pack/eval.h"
#include "pack/function.h"
#include "pack/unicode.h"

static struct rule_value change_case(struct call *c, bool upper)
{
    struct slice s = call_text(c, 0);
    size_t cap = unicode_case_bytes(s);
    struct buf b = call_buf(c, cap);
    if (!b.full && !unicode_case(s, call_text(c, 1), upper, &b))
        return call_fail(c, "the text is too long");
    return call_done(c, &b);
}

struct rule_value fn_uppercase(struct call *c)
{
    return change_case(c, true);
}

struct rule_value fn_lowercase(struct call *c)
{
    return change_case(c, false);
}

/* Java changes character by character here, so that no text grows. */
static struct rule_value each(struct call *c, int32_t (*change)(int32_t), bool only_first)
{
    struct slice s = call_text(c, 0);
    struct buf b = call_buf(c, s.n * 2 + 4);
    for (size_t i = 0; i < s.n && !b.full;) {
        int32_t cp = unicode_next(s, &i);
        unicode_put(&b, only_first && b.n ? cp : change(cp));
        if (only_first)
            break;
    }
    if (only_first && s.n) {
        size_t i = 0;
        unicode_next(s, &i);
        buf_add(&b, slice_after(s, i));
    }
    return call_done(c, &b);
}

static int32_t swap(int32_t cp)
{
    if (u_isupper(cp) || u_istitle(cp))
        return u_tolower(cp);
    return u_islower(cp) ? u_toupper(cp) : cp;
}

struct rule_value fn_capitalize(struct call *c)
{
    return each(c, u_totitle, true);
}

struct rule_value fn_uncapitalize(struct call *c)
{
    return each(c, u_tolower, true);
}

struct rule_value fn_swapcase(struct call *c)
{
    return each(c, swap, false);
}
