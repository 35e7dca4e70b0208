/* Base64 and base32 (RFC 4648), URL escapes (WHATWG URL, application/x-www-form-urlencoded). */
#include "codec/unescape.h"

int unescape_base64_letter(uint8_t b)
{
    if (b >= 'A' && b <= 'Z')
        return b - 'A';
    if (b >= 'a' && b <= 'z')
        return b - 'a' + 26;
    if (b >= '0' && b <= '9')
        return b - '0' + 52;
    return b == '+' ? 62 : b == '/' ? 63 : -1;
}

bool unescape_base64(struct slice text, struct buf *out)
{
    uint32_t bits = 0;
    unsigned n = 0, letters = 0;
    while (text.n && text.p[text.n - 1] == '=')
        text.n--;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\n' || text.p[i] == '\r')
            continue;
        int v = unescape_base64_letter(text.p[i]);
        if (v < 0)
            return false;
        bits = bits << 6 | (uint32_t)v;
        n += 6;
        letters++;
        if (n >= 8) {
            n -= 8;
            buf_u8(out, (uint8_t)(bits >> n));
        }
    }
    return letters % 4 != 1 && !out->full;
}

static int hex_value(uint8_t b)
{
    if (b >= '0' && b <= '9')
        return b - '0';
    b = ascii_lower(b);
    return b >= 'a' && b <= 'f' ? b - 'a' + 10 : -1;
}

bool unescape_query(struct slice text, struct buf *out)
{
    for (size_t i = 0; i < text.n; i++) {
        uint8_t b = text.p[i];
        if (b == '%') {
            int hi = i + 2 < text.n ? hex_value(text.p[i + 1]) : -1;
            int lo = i + 2 < text.n ? hex_value(text.p[i + 2]) : -1;
            if (hi < 0 || lo < 0)
                return false;
            b = (uint8_t)(hi << 4 | lo);
            i += 2;
        } else if (b == '+') {
            b = ' ';
        }
        buf_u8(out, b);
    }
    return !out->full;
}

void escape_base32(struct buf *out, struct slice bytes)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    for (size_t i = 0; i < bytes.n; i += 5) {
        size_t left = bytes.n - i < 5 ? bytes.n - i : 5;
        uint64_t bits = 0;
        for (size_t k = 0; k < 5; k++)
            bits = bits << 8 | (k < left ? bytes.p[i + k] : 0);
        size_t letters = (left * 8 + 4) / 5;
        for (size_t k = 0; k < 8; k++)
            buf_u8(out, k < letters ? (uint8_t)alphabet[bits >> (35 - 5 * k) & 31] : '=');
    }
}
