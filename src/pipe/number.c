/* Numbers from texts. The texts are short: longer ones are no numbers. */
#include "pipe/number.h"

#include <stdlib.h>

#include "base/buf.h"

#define TEXT_MAX 1100 /* jsondoc's longest number, and more than anybody writes */

static int digit_of(uint8_t b)
{
    if (b >= '0' && b <= '9')
        return b - '0';
    b = ascii_lower(b);
    return b >= 'a' && b <= 'f' ? b - 'a' + 10 : 16;
}

bool number_int(struct slice text, unsigned bits, int64_t *out)
{
    bool minus = text.n && text.p[0] == '-';
    if (minus || (text.n && text.p[0] == '+'))
        text = slice_after(text, 1);
    unsigned base = 10;
    if (text.n > 2 && text.p[0] == '0' && ascii_lower(text.p[1]) == 'x') {
        base = 16;
        text = slice_after(text, 2);
    }
    uint64_t v = 0, max = (UINT64_C(1) << (bits - 1)) - !minus;
    for (size_t i = 0; i < text.n; i++) {
        unsigned digit = (unsigned)digit_of(text.p[i]);
        if (digit >= base || v > (max - digit) / base)
            return false;
        v = v * base + digit;
    }
    *out = (int64_t)(minus ? 0 - v : v);
    return text.n > 0;
}

bool number_double(struct slice text, double *out)
{
    char copy[TEXT_MAX], *end;
    if (!text.n || text.n >= sizeof copy || text.p[0] <= ' ')
        return false;
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    *out = strtod(copy, &end);
    return end == copy + text.n;
}

bool number_bool(struct slice text, bool *out)
{
    static const char *const words[2][6] = { { "0", "f", "F", "false", "False", "FALSE" },
                                             { "1", "t", "T", "true", "True", "TRUE" } };
    for (unsigned truth = 0; truth < 2; truth++)
        for (size_t i = 0; i < COUNT(words[0]); i++)
            if (slice_eq(text, slice_cstr(words[truth][i]))) {
                *out = truth;
                return true;
            }
    return false;
}

double number_float(double d)
{
    float want = (float)d;
    char text[64];
    for (int digits = 6; digits <= 9; digits++) {
        struct buf b = buf_of(text, sizeof text - 1);
        buf_printf(&b, "%.*g", digits, (double)want);
        text[b.n] = '\0';
        if (strtof(text, NULL) == want)
            break;
    }
    return strtod(text, NULL);
}
