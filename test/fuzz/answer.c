/* Fuzz target: what is asked of others and what bodies are: the first byte chooses an HTTP answer,
 * a DNS answer, a media type, a JSON text as a value, a number or an escaped text. */
#include <stdlib.h>

#include "codec/mime.h"
#include "codec/unescape.h"
#include "codec/wellformed.h"
#include "host/dnsask.h"
#include "host/httpget.h"
#include "pipe/jsonvalue.h"
#include "pipe/number.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(bool cond)
{
    if (!cond)
        __builtin_trap();
}

static unsigned sum;

static void read_all(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        sum += s.p[i];
}

static void http(struct slice s, struct arena *a)
{
    struct http_answer answer;
    if (http_read_answer(s, a, &answer))
        read_all(answer.body);
}

static void dns(struct slice s, struct arena *a)
{
    uint8_t question[512];
    struct dns_answers out;
    static const uint16_t any = 0x3131;
    size_t n = dns_write_question((enum dns_question)(s.n % 4), SLICE("192.0.2.1"), any, question);
    if (s.n >= 2 && n && dns_read_answers(s, slice_of(question, n), a, &out))
        for (unsigned i = 0; i < out.n; i++)
            read_all(out.v[i]);
}

/* What is read as a value is well formed. */
static void json(struct slice s, struct arena *a)
{
    static struct jsondoc doc;
    struct value v;
    if (!doc.max)
        jsondoc_init(&doc, 4096);
    struct jsonvalue_how how = { &doc, a, 3, true };
    bool read = jsonvalue_read(&how, s, &v);
    bool bom = slice_starts(s, SLICE("\xef\xbb\xbf"));
    require(!read || bom || wellformed_json(s) || s.n > 16384);
}

static void texts(struct slice s, struct arena *a)
{
    int64_t i;
    double d;
    bool t;
    struct buf b = buf_of(arena_alloc(a, s.n), s.n);
    number_int(s, 32, &i);
    number_int(s, 64, &i);
    number_bool(s, &t);
    if (number_double(s, &d))
        number_float(d);
    require(!b.p || !unescape_base64(s, &b) || b.n <= s.n);
    buf_reset(&b);
    require(!b.p || !unescape_query(s, &b) || b.n <= s.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a;
    if (!n)
        return 0;
    uint8_t *exact = malloc(n);
    memcpy(exact, data + 1, n - 1);
    struct slice s = slice_of(exact, n - 1);
    arena_init(&a, NULL, (size_t)64 << 20);
    switch (data[0] % 5) {
    case 0:
        http(s, &a);
        break;
    case 1:
        dns(s, &a);
        break;
    case 2:
        mime_detect(s);
        wellformed_xml(s);
        break;
    case 3:
        json(s, &a);
        break;
    default:
        texts(s, &a);
        break;
    }
    arena_free(&a);
    free(exact);
    return 0;
}
