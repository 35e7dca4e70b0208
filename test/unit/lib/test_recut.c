/* The golden runner's own tools: a capture told differently must still hold the same streams. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/craft.h"
#include "lib/recut.h"
#include "lib/tcpview.h"

#define SECRET "GET /some/where HTTP/1.1\r\nHost: example.com\r\n\r\n"

/* One connection: a request in three packets, a reply, both ends close. */
static void talk(struct traffic *f, uint8_t ip_ver)
{
    struct craft c = craft_start(ip_ver, 40000, 80);
    craft_handshake(f, &c);
    for (size_t at = 0; at < 45; at += 15)
        craft_tcp(f, &c, CRAFT_CLIENT, TCP_ACK | TCP_PSH, slice_of(SECRET + at, 15));
    craft_tcp(f, &c, CRAFT_SERVER, TCP_ACK, SLICE("HTTP/1.1 204 No Content\r\n\r\n"));
    craft_tcp(f, &c, CRAFT_CLIENT, TCP_ACK | TCP_FIN, SLICE("the last words"));
    craft_udp(f, &c, CRAFT_SERVER, SLICE("a datagram"));
}

/* What a receiver makes of the client's segments, whatever their order: bytes by sequence number.
 * Returns how many bytes there are; FIN must lie behind the last of them. */
static size_t receive(const struct traffic *f, uint8_t out[256])
{
    size_t end = 0, fin = 0;
    for (size_t i = 0; i < f->n; i++) {
        struct tcpview v;
        if (!tcpview_of(&f->v[i], &v) || v.ends[17] != (40000 & 255) || v.flags & TCP_SYN)
            continue;
        size_t at = v.seq - 1001; /* craft_start, and the SYN */
        assert_true(at + v.data_n <= 256);
        memcpy(out + at, f->v[i].p + v.data, v.data_n);
        end = at + v.data_n > end ? at + v.data_n : end;
        if (v.flags & TCP_FIN)
            fin = at + v.data_n;
    }
    assert_int_equal(fin, end);
    return end;
}

static void same_stream(const struct traffic *a, const struct traffic *b)
{
    uint8_t want[256] = { 0 }, got[256] = { 0 };
    size_t n = receive(a, want);
    assert_int_equal(n, 45 + 14);
    assert_int_equal(receive(b, got), n);
    assert_memory_equal(want, got, n);
}

static void times_in_order(const struct traffic *f)
{
    for (size_t i = 1; i < f->n; i++)
        assert_true(f->v[i - 1].ts_ns <= f->v[i].ts_ns);
}

static void small_segments(void **state)
{
    (void)state;
    for (uint8_t ip_ver = 4; ip_ver <= 6; ip_ver += 2) {
        struct traffic whole = { 0 }, small = { 0 };
        talk(&whole, ip_ver);
        recut_small(&small, &whole, 1);
        assert_int_equal(small.n, 3 + 45 + 27 + 14 + 1);
        same_stream(&whole, &small);
        times_in_order(&small);
        traffic_free(&whole);
        traffic_free(&small);
    }
}

static void shuffled_segments(void **state)
{
    (void)state;
    struct traffic whole = { 0 }, shuffled = { 0 };
    talk(&whole, 4);
    recut_shuffle(&shuffled, &whole);
    assert_int_equal(shuffled.n, 3 + 3 * 5 + 5 + 5 + 1);
    same_stream(&whole, &shuffled);
    times_in_order(&shuffled);
    traffic_free(&whole);
    traffic_free(&shuffled);
}

/* The three packets of the request change places and share one time. */
static void reversed_groups(void **state)
{
    (void)state;
    struct traffic whole = { 0 }, flat = { 0 }, reversed = { 0 };
    talk(&whole, 4);
    recut_reverse(&flat, &reversed, &whole);
    assert_int_equal(reversed.n, whole.n);
    same_stream(&whole, &reversed);
    assert_memory_equal(reversed.v[3].p, whole.v[5].p, whole.v[5].n);
    assert_true(flat.v[3].ts_ns == flat.v[5].ts_ns && reversed.v[3].ts_ns == flat.v[3].ts_ns);
    times_in_order(&reversed);
    traffic_free(&whole);
    traffic_free(&flat);
    traffic_free(&reversed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_segments),
        cmocka_unit_test(shuffled_segments),
        cmocka_unit_test(reversed_groups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
