/* Events of DNS transactions, as a Packetbeat sends them. */
#include "lib/dns_events.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/bug.h"

/* $ is a number, # a second of a minute, ^ a name's part, * 3 digits of a hash */

/* clang-format off */
static const char event_form[] =
    "{\"@timestamp\":\"2024-02-14T21:18:#.#5Z\",\"@metadata\":{\"beat\":\"packetbeat\",\"type\":\"_doc\",\"version\":\"8.12.1\"},"
    "\"agent\":{\"ephemeral_id\":\"6f1c58a5-2a5f-4f0e-9f5d-7f3f4d1d3c55\",\"id\":\"0c2c4d0e-7a53-4d0e-a3c8-b4a7de0f8d11\","
    "\"name\":\"sensor-01\",\"type\":\"packetbeat\",\"version\":\"8.12.1\"},"
    "\"client\":{\"bytes\":$,\"ip\":\"172.31.$.$\",\"port\":5$},\"destination\":{\"bytes\":$,\"ip\":\"172.31.0.2\",\"port\":53},"
    "\"dns\":{\"additionals_count\":0,\"answers\":[{\"class\":\"IN\",\"data\":\"3.$.$.$\",\"name\":\"^.^.amazonaws.com\",\"ttl\":\"$\",\"type\":\"A\"}],"
    "\"answers_count\":1,\"authorities_count\":0,\"flags\":{\"authentic_data\":false,\"authoritative\":false,\"checking_disabled\":false,"
    "\"recursion_available\":true,\"recursion_desired\":true,\"truncated_response\":false},\"header_flags\":[\"RD\",\"RA\"],\"id\":2$,"
    "\"op_code\":\"QUERY\",\"question\":{\"class\":\"IN\",\"etld_plus_one\":\"amazonaws.com\",\"name\":\"^.^.amazonaws.com\","
    "\"registered_domain\":\"amazonaws.com\",\"subdomain\":\"^.^\",\"top_level_domain\":\"com\",\"type\":\"A\"},"
    "\"resolved_ip\":[\"3.$.$.$\"],\"response_code\":\"NOERROR\",\"type\":\"answer\"},\"ecs\":{\"version\":\"8.0.0\"},"
    "\"event\":{\"category\":[\"network\"],\"dataset\":\"dns\",\"duration\":1717$,\"end\":\"2024-02-14T21:18:#.#5Z\",\"kind\":\"event\","
    "\"start\":\"2024-02-14T21:18:#.#5Z\",\"type\":[\"connection\",\"protocol\"]},\"host\":{\"name\":\"sensor-01\"},\"method\":\"QUERY\","
    "\"network\":{\"bytes\":$,\"community_id\":\"1:*******=\",\"direction\":\"egress\",\"protocol\":\"dns\","
    "\"transport\":\"udp\",\"type\":\"ipv4\"},\"query\":\"class IN, type A, ^.^.amazonaws.com\",\"resource\":\"^.^.amazonaws.com\","
    "\"server\":{\"bytes\":$,\"ip\":\"172.31.0.2\",\"port\":53},\"source\":{\"bytes\":$,\"ip\":\"172.31.$.$\",\"port\":5$},"
    "\"status\":\"OK\",\"type\":\"dns\"}";
/* clang-format on */

static uint32_t state = 1;

static uint32_t next_random(void)
{
    state ^= state << 13;
    state ^= state >> 17;
    return state ^= state << 5;
}

/* Names and addresses come again within an event, as they do in real ones. */
static void put_event(struct buf *b)
{
    char name[2][16];
    uint32_t number = next_random() % 1000;
    unsigned names = 0;
    for (unsigned i = 0; i < 2; i++)
        snprintf(name[i], sizeof name[i], "n%x", next_random() % (i ? 64 : 65536));
    for (const char *p = event_form; *p; p++) {
        if (*p == '$')
            buf_dec(b, next_random() % 3 ? number : next_random() % 1000);
        else if (*p == '#')
            buf_dec(b, 10 + next_random() % 50);
        else if (*p == '^')
            buf_cstr(b, name[names++ % 2]);
        else if (*p == '*')
            buf_printf(b, "%03x", next_random() % 4096);
        else
            buf_u8(b, (uint8_t)*p);
    }
}

size_t dns_events_make(struct slice *events, unsigned n)
{
    size_t cap = (size_t)n * 4096;
    struct buf b = buf_of(xmalloc(cap), cap);
    for (unsigned i = 0; i < n; i++) {
        size_t start = b.n;
        put_event(&b);
        events[i] = buf_since(&b, start);
    }
    BUG_ON(b.full);
    return b.n / n;
}
