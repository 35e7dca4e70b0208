/* The kernel's sharing program, run here by libpcap's interpreter on golden captures: whatever
 * belongs to one flow goes one way, and many flows go all ways alike. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <glob.h>
#include <pcap/pcap.h>
#include <stdlib.h>

#include "base/bug.h"
#include "in/fanout.h"
#include "lib/craft.h"
#include "lib/frames.h"
#include "net/defrag.h"
#include "net/share.h"

#define SEEN_MAX 4096

static const struct fanout_place place = { .network = 14, .protocol = 12 };
static const struct hash_key key = { 3, 5 };
static struct sock_filter code[FANOUT_MAX];

static uint32_t answer(struct slice frame)
{
    return bpf_filter((const struct bpf_insn *)(const void *)code, frame.p, (uint32_t)frame.n,
                      (uint32_t)frame.n);
}

/* What the program may know of a frame: plain layers, two tunnels at most. */
static bool is_within_reach(const struct decoding *x)
{
    const struct packet *p = x->n ? &x->visit[x->n - 1] : NULL;
    return p && p->ip_ver && p->depth <= 2 && p->tunnel != TUNNEL_TEREDO &&
           !decoder_datagrams(x->d)->n && (p->l4 == IPPROTO_N_UDP || p->l4 == IPPROTO_N_TCP);
}

struct seen {
    unsigned share;
    uint32_t answer;
} seen[SEEN_MAX];
static unsigned n_seen;

/* Flows are told apart by a share of very many. */
static void expect_same(const char *path, unsigned share, uint32_t got)
{
    for (unsigned i = 0; i < n_seen; i++)
        if (seen[i].share == share && seen[i].answer != got)
            fail_msg("%s: one flow, two answers", path);
        else if (seen[i].share == share)
            return;
    assert_true(n_seen < SEEN_MAX);
    seen[n_seen++] = (struct seen){ share, got };
}

static unsigned look(const char *path)
{
    struct traffic f = { 0 };
    struct decoding x;
    unsigned frames = 0;
    decoding_begin(&x);
    traffic_read(&f, path);
    for (size_t i = 0; i < f.n; i++) {
        struct slice frame = slice_of(f.v[i].p, f.v[i].n);
        struct packet p = { .frame = frame,
                            .wire_len = f.v[i].wire_len,
                            .ts_ns = f.v[i].ts_ns,
                            .link_type = f.v[i].link_type };
        if (p.link_type != LINK_ETHERNET || p.wire_len != frame.n)
            continue;
        decoding_at(&x, &p);
        if (!is_within_reach(&x))
            continue;
        expect_same(path, share_of(&x.visit[x.n - 1], &key, 1u << 31), answer(frame));
        frames++;
    }
    traffic_free(&f);
    decoding_end(&x);
    return frames;
}

static void test_flows_stay_together(void **state)
{
    (void)state;
    static const char *const patterns[] = { "test/golden/tunnel/*.pcap", "test/golden/link/*.pcap",
                                            "test/golden/dns/*.pcap", "test/golden/http/*.pcap" };
    unsigned frames = 0;
    for (unsigned i = 0; i < COUNT(patterns); i++) {
        glob_t g;
        assert_int_equal(glob(patterns[i], 0, NULL, &g), 0);
        for (size_t k = 0; k < g.gl_pathc; k++) {
            n_seen = 0;
            frames += look(g.gl_pathv[k]);
        }
        globfree(&g);
    }
    print_message("# %u instructions, %u frames\n", fanout_program(code, &place), frames);
    assert_true(frames > 1000);
}

static void test_fragments_stay_with_their_flow(void **state)
{
    (void)state;
    struct traffic f = { 0 };
    struct craft c = craft_start(4, 40000, 53);
    uint8_t data[64] = { 0 };
    craft_udp(&f, &c, CRAFT_CLIENT, slice_of(data, sizeof data));
    craft_fragment(&f, &c, 0, true, slice_of(data, 64));
    craft_fragment(&f, &c, 64, false, slice_of(data, 64));
    uint32_t first = answer(slice_of(f.v[0].p, f.v[0].n));
    for (size_t i = 1; i < f.n; i++)
        assert_int_equal(answer(slice_of(f.v[i].p, f.v[i].n)), first);
    traffic_free(&f);
}

/* Both directions, by the ports of TCP alone, by the addresses alone. */
static void spread(uint8_t ip_ver, bool by_ports)
{
    enum { FLOWS = 4000, WAYS = 4 };
    unsigned hits[WAYS] = { 0 };
    for (unsigned i = 0; i < FLOWS; i++) {
        struct traffic f = { 0 };
        struct craft c = craft_start(ip_ver, (uint16_t)(by_ports ? 20000 + i : 40000), 80);
        c.client += by_ports ? 0 : i;
        craft_tcp(&f, &c, CRAFT_CLIENT, TCP_SYN, SLICE(""));
        craft_tcp(&f, &c, CRAFT_SERVER, TCP_SYN | TCP_ACK, SLICE(""));
        uint32_t there = answer(slice_of(f.v[0].p, f.v[0].n));
        assert_int_equal(there, answer(slice_of(f.v[1].p, f.v[1].n)));
        hits[there % WAYS]++;
        traffic_free(&f);
    }
    for (unsigned i = 0; i < WAYS; i++)
        assert_in_range(hits[i], FLOWS / WAYS * 8 / 10, FLOWS / WAYS * 12 / 10);
}

static void test_all_ways_alike(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++)
        spread(i & 1 ? 6 : 4, i & 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flows_stay_together),
        cmocka_unit_test(test_fragments_stay_with_their_flow),
        cmocka_unit_test(test_all_ways_alike),
    };
    fanout_program(code, &place);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
