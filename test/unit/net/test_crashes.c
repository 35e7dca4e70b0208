/* Inputs that crashed other analyzers, as published: Packetbeat's CVE-2025-68381 (memcache's UDP
 * frame header), -68382 (NFS, cut RPC), -68388 (IPv4 fragments without end), 2026-0529 (MongoDB's
 * lengths), 2026-26933 (indices in several parsers), and ICMPv6 of a few bytes. Read under
 * AddressSanitizer, each frame in a block of its size; protocols that are not parsed yet come as
 * flows. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "lib/craft.h"
#include "lib/replay.h"

#define MIB           ((uint64_t)1 << 20)
#define FRAGMENTS     50000
#define DEFRAG_BYTES  (4 * MIB)
#define MEMCACHE_HEAD 8

static struct traffic f;
static struct lines out;

static int setup(void **state)
{
    (void)state;
    f = (struct traffic){ 0 };
    out = (struct lines){ 0 };
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    traffic_free(&f);
    lines_free(&out);
    return 0;
}

/* Through the whole path; nothing may be lost for want of room. */
static void run(const char *yaml)
{
    static struct replay_conf conf;
    replay_conf_text(&conf, slice_cstr(yaml), "test");
    replay_all(&conf, &f, &out);
    replay_conf_free(&conf);
}

/* Every message of the captures, cut at every byte. */
static void cut_everywhere(unsigned port, bool tcp, struct slice message)
{
    for (size_t n = 0; n <= message.n; n++) {
        struct craft c = craft_start(4, (uint16_t)(20000 + n), (uint16_t)port);
        if (tcp) {
            craft_handshake(&f, &c);
            craft_tcp(&f, &c, n & 1 ? CRAFT_SERVER : CRAFT_CLIENT, 0, slice_first(message, n));
        } else {
            craft_udp(&f, &c, n & 1 ? CRAFT_SERVER : CRAFT_CLIENT, slice_first(message, n));
        }
    }
}

static void icmp_of_a_few_bytes(void **state)
{
    (void)state;
    static const uint8_t types[] = { 0, 1, 2, 3, 4, 8, 11, 128, 129, 133, 134, 135, 136, 137, 143 };
    for (size_t t = 0; t < COUNT(types); t++) {
        for (size_t n = 0; n <= 8; n++) {
            uint8_t body[8] = { types[t] };
            for (unsigned ip = 4; ip <= 6; ip += 2) {
                struct craft c = craft_start((uint8_t)ip, 0, 0);
                craft_ip(&f, &c, CRAFT_CLIENT, ip == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6,
                         slice_of(body, n));
            }
        }
    }
    run("flows: { enabled: true }");
    assert_true(out.n > 0);
}

/* All numbers and counts that matter: none, the first ones, the last ones. */
static void memcache_numbers_beyond_the_count(void **state)
{
    (void)state;
    static const uint16_t edges[] = { 0, 1, 2, 3, 255, 256, 0x7fff, 0x8000, 0xfffe, 0xffff };
    for (size_t i = 0; i < COUNT(edges); i++) {
        for (size_t k = 0; k < COUNT(edges); k++) {
            uint8_t head[MEMCACHE_HEAD + 6] = { 0, 7 };
            head[2] = (uint8_t)(edges[i] >> 8), head[3] = (uint8_t)edges[i];
            head[4] = (uint8_t)(edges[k] >> 8), head[5] = (uint8_t)edges[k];
            memcpy(head + MEMCACHE_HEAD, "get a\r", 6);
            struct craft c = craft_start(4, 30000, 11211);
            craft_udp(&f, &c, CRAFT_CLIENT, slice_of(head, sizeof head));
        }
    }
    run("flows: { enabled: true }");
    assert_int_equal(out.n, 1);
}

static void rpc_cut_at_every_byte(void **state)
{
    (void)state;
    /* RFC 5531: last fragment of 40 bytes, xid, call, version 2, program NFS, version 3, GETATTR */
    static const uint8_t call[] = { 0x80, 0, 0,    40,   0,    0,    0, 1, 0, 0, 0, 0, 0, 0, 0,
                                    2,    0, 1,    0x86, 0xa3, 0,    0, 0, 3, 0, 0, 0, 1, 0, 0,
                                    0,    1, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0 };
    cut_everywhere(2049, true, slice_of(call, sizeof call));
    cut_everywhere(2049, false, slice_of(call + 4, sizeof call - 4));
    run("flows: { enabled: true }");
    assert_true(out.n > 0);
}

static void mongodb_lengths_that_cannot_be(void **state)
{
    (void)state;
    static const uint32_t lengths[] = { 0, 1, 15, 16, 0x7fffffff, 0x80000000, 0xffffffff };
    for (size_t i = 0; i < COUNT(lengths); i++) {
        /* OP_MSG: length, request, response, opcode 2013, flags, section 0, document's length */
        uint8_t m[26] = { 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xdd, 7 };
        for (unsigned b = 0; b < 4; b++)
            m[b] = m[21 + b] = (uint8_t)(lengths[i] >> (8 * b));
        cut_everywhere(27017, true, slice_of(m, sizeof m));
    }
    run("flows: { enabled: true }");
    assert_true(out.n > 0);
}

/* Lengths and counts of a message that is right, each byte once 0, 1 less, 1 more and 255. */
static void mutate_everywhere(unsigned port, bool tcp, struct slice message)
{
    uint8_t copy[512];
    assert_true(message.n <= sizeof copy);
    for (size_t i = 0; i < message.n; i++) {
        const uint8_t was = message.p[i];
        const uint8_t others[] = { 0, (uint8_t)(was - 1), (uint8_t)(was + 1), 255 };
        for (size_t k = 0; k < COUNT(others); k++) {
            struct craft c = craft_start(4, (uint16_t)(10000 + 4 * i + k), (uint16_t)port);
            memcpy(copy, message.p, message.n);
            copy[i] = others[k];
            if (tcp)
                craft_handshake(&f, &c);
            if (tcp)
                craft_tcp(&f, &c, CRAFT_CLIENT, 0, slice_of(copy, message.n));
            else
                craft_udp(&f, &c, CRAFT_CLIENT, slice_of(copy, message.n));
        }
    }
}

static void parsers_with_every_byte_wrong(void **state)
{
    (void)state;
    static const uint8_t dns[] = {
        0, 1, 1, 0, 0, 1, 0, 1, 0, 0, 0, 1, 3, 'w', 'w', 'w', 2,  'a', 'b', 0, 0, 1, 0, 1, 0xc0, 12,
        0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 1, 2, 3, 4,   0,   0,   41, 16,  0,   0, 0, 0, 0, 0, 0
    };
    static const struct slice http =
        SLICE("POST /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nCookie: a=b\r\n"
              "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    cut_everywhere(53, false, slice_of(dns, sizeof dns));
    cut_everywhere(80, true, http);
    mutate_everywhere(53, false, slice_of(dns, sizeof dns));
    mutate_everywhere(80, true, http);
    run("flows: { enabled: true }");
    assert_true(out.n > 0);
}

/* First fragments whose others never come: memory stays in its cap, and it is counted. */
static void fragments_without_end(void **state)
{
    (void)state;
    static struct replay_conf conf;
    static const uint8_t data[64];
    replay_conf_text(&conf, SLICE("limits: { defrag: 4MiB }"), "test");
    struct replay *r = replay_new(&conf, REPLAY_BATCH_BYTES);
    struct craft c = craft_start(4, 1, 2);
    for (unsigned i = 0; i < FRAGMENTS; i++) {
        c.ip_id = (uint16_t)i;
        c.client = i >> 16 | 0x0a000000;
        craft_fragment(&f, &c, 0, true, slice_of(data, sizeof data));
    }
    replay_feed(r, &f);
    assert_true(counter_get(r->counters, COUNTER_DEFRAG_EVICTED) > FRAGMENTS / 2);
    replay_finish(r);
    replay_free(r);
    replay_conf_free(&conf);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(icmp_of_a_few_bytes),           CASE(memcache_numbers_beyond_the_count),
        CASE(rpc_cut_at_every_byte),         CASE(mongodb_lengths_that_cannot_be),
        CASE(parsers_with_every_byte_wrong), CASE(fragments_without_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
