/* Keys that are equal for both directions, the growing table, the choice of who must go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/bug.h"
#include "base/slab.h"
#include "model/stream.h"
#include "net/flowtable.h"
#include "net/net.h"

static const struct hash_key hash_key = { 1, 2 };

static struct packet udp4(uint8_t src, uint16_t sport, uint8_t dst, uint16_t dport)
{
    return (struct packet){ .ip_ver = 4,
                            .l4 = IPPROTO_N_UDP,
                            .has_ports = true,
                            .src = addr_v4((uint8_t[]){ 10, 0, 0, src }),
                            .dst = addr_v4((uint8_t[]){ 10, 0, 0, dst }),
                            .sport = sport,
                            .dport = dport };
}

static struct packet answer(struct packet p)
{
    struct packet back = p;
    back.src = p.dst;
    back.dst = p.src;
    back.sport = p.dport;
    back.dport = p.sport;
    memcpy(back.mac[0], p.mac[1], sizeof back.mac[0]);
    memcpy(back.mac[1], p.mac[0], sizeof back.mac[1]);
    back.outer[0] = p.outer[1];
    back.outer[1] = p.outer[0];
    return back;
}

static bool same(const struct packet *a, const struct packet *b)
{
    struct flow_key x, y;
    flow_key_of(&x, a, &hash_key);
    flow_key_of(&y, b, &hash_key);
    bool equal = memcmp(&x, &y, sizeof x) == 0;
    assert_true(!equal || x.hash == y.hash);
    return equal;
}

static void both_directions_have_one_key(void **state)
{
    (void)state;
    struct packet p = udp4(1, 5000, 2, 53), back = answer(p);
    struct flow_key k;
    assert_true(flow_key_of(&k, &p, &hash_key));
    assert_false(flow_key_of(&k, &back, &hash_key));
    assert_true(same(&p, &back));
    struct packet self = udp4(1, 9, 1, 8), self_back = answer(self);
    assert_true(same(&self, &self_back));
    assert_false(flow_key_of(&k, &self, &hash_key));
    struct packet swapped = udp4(1, 53, 2, 5000);
    assert_false(same(&p, &swapped));
}

static void macs_do_not_split_a_flow(void **state)
{
    (void)state;
    struct packet p = udp4(1, 5000, 2, 53), other = p;
    other.has_mac = true;
    other.mac[0][5] = 9;
    assert_true(same(&p, &other));
    struct packet arp = { .has_mac = true, .mac = { { 1 }, { 2 } } }, arp_back = answer(arp);
    assert_true(same(&arp, &arp_back));
    other = arp;
    other.mac[0][0] = 3;
    assert_false(same(&arp, &other));
}

/* 0.0.0.0 is everybody without an address. */
static void macs_split_the_nameless(void **state)
{
    (void)state;
    struct packet p = udp4(1, 68, 255, 67), other;
    memset(p.src.b + 12, 0, 4);
    p.has_mac = true;
    other = p;
    assert_true(same(&p, &other));
    other.mac[0][5] = 9;
    assert_false(same(&p, &other));
    other = p;
    other.mac[1][5] = 9;
    assert_true(same(&p, &other));
    memset(p.src.b, 0, sizeof p.src.b);
    other = p;
    other.mac[0][5] = 9;
    assert_false(same(&p, &other));
}

static void vlan_and_tunnel_split(void **state)
{
    (void)state;
    struct packet p = udp4(1, 5000, 2, 53), other = p;
    other.n_vlan = 1;
    other.vlan[0] = 7;
    assert_false(same(&p, &other));
    other = p;
    other.tunnel_key = 5;
    assert_false(same(&p, &other));
    struct packet nested = p;
    nested.outer_ver = 4;
    nested.outer[0].b[15] = 1;
    nested.outer[1].b[15] = 2;
    struct packet nested_back = answer(nested), elsewhere = nested;
    assert_true(same(&nested, &nested_back));
    elsewhere.outer[1].b[15] = 3;
    assert_false(same(&nested, &elsewhere));
    assert_false(same(&p, &nested));
}

#define MANY 20000

/* Flows and their keys, in memory that names reach (base/slab.h). */
static struct flow *flows;
static struct flow_key *wides;

static void table_begin(struct flowtable *t, size_t max)
{
    flows = (struct flow *)xcalloc(MANY + 1, sizeof *flows) + 1;
    wides = xcalloc(MANY, sizeof *wides);
    flowtable_init(t, &hash_key, max, (uint8_t *)(flows - 1));
}

static void table_end(struct flowtable *t)
{
    flowtable_free(t);
    xfree(flows - 1);
    xfree(wides);
}

static void add(struct flowtable *t, unsigned i, const struct packet *p)
{
    struct flow_key k;
    flow_key_of(&k, p, &hash_key);
    assert_null(flowtable_find(t, &k));
    flow_set_key(&flows[i], &k, &wides[i]);
    struct flow_key got = flow_key(&flows[i]);
    assert_memory_equal(&got, &k, sizeof k);
    flowtable_add(t, &flows[i], &k);
}

#define VLANS 20

/* The flows of one 5-tuple in VLANs 0 (no tag), 1, 2, … */
static struct packet in_vlan(unsigned i)
{
    struct packet p = udp4(1, 5000, 2, 53);
    p.n_vlan = i > 0;
    p.vlan[0] = (uint16_t)i;
    return p;
}

static void add_vlans(struct flowtable *t)
{
    for (unsigned i = 0; i < VLANS; i++) {
        struct packet p = in_vlan(i);
        add(t, i, &p);
    }
}

static void vlans_are_siblings(void **state)
{
    (void)state;
    struct flowtable t;
    table_begin(&t, 100);
    struct flow *it = NULL;
    add_vlans(&t);
    struct flow_key first = flow_key(&flows[0]);
    for (unsigned i = FLOW_SIBLINGS_MAX; i-- > 0;) {
        it = flowtable_sibling(&t, &first, it);
        assert_ptr_equal(it, &flows[i]);
        assert_true(it->has_siblings);
    }
    assert_null(flowtable_sibling(&t, &first, it));
    for (unsigned i = FLOW_SIBLINGS_MAX; i < VLANS; i++)
        assert_false(flows[i].has_siblings);
    for (unsigned i = 0; i < VLANS; i++) {
        struct packet p = in_vlan(i), back = answer(p);
        struct flow_key k;
        flow_key_of(&k, &back, &hash_key);
        assert_ptr_equal(flowtable_find(&t, &k), &flows[i]);
        flowtable_remove(&t, &flows[i]);
        assert_null(flowtable_find(&t, &k));
    }
    table_end(&t);
}

/* The untagged one comes when there are as many as can be siblings. */
static void a_late_sibling_is_found(void **state)
{
    (void)state;
    struct flowtable t;
    table_begin(&t, 100);
    for (unsigned i = 0; i < VLANS; i++) {
        struct packet p = in_vlan((i + 1) % VLANS);
        add(&t, i, &p);
    }
    for (unsigned i = 0; i < VLANS; i++) {
        struct packet p = in_vlan((i + 1) % VLANS);
        struct flow_key k;
        flow_key_of(&k, &p, &hash_key);
        assert_ptr_equal(flowtable_find(&t, &k), &flows[i]);
        assert_int_equal(flows[i].has_siblings, i < FLOW_SIBLINGS_MAX);
    }
    table_end(&t);
}

/* What stands in a frame gives the key that the decoded packet gives. */
static void plain_keys_are_keys(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        struct packet p = udp4(i & 1 ? 9 : 1, i & 2 ? 5000 : 53, i & 4 ? 1 : 3, 53);
        struct flow_key k;
        bool src_is_low = flow_key_of(&k, &p, &hash_key);
        struct plain_ends ends = plain_ends_of(p.src.b + 12, p.dst.b + 12, p.sport, p.dport);
        struct plain_key plain;
        assert_int_equal(plain_order(&ends, &plain, p.l4), src_is_low);
        plain.hash = plain_hash(&plain, &hash_key);
        struct flow_key same_key = flow_key_of_plain(&plain);
        assert_memory_equal(&same_key, &k, sizeof k);
    }
}

static void icmp_has_its_id(void **state)
{
    (void)state;
    struct packet p = udp4(1, 8, 2, 0);
    p.l4 = IPPROTO_N_ICMP;
    p.has_ports = false;
    p.icmp_id = 77;
    struct packet back = answer(p), other = p;
    back.sport = back.dport = 0;
    assert_true(same(&p, &back));
    other.icmp_id = 78;
    assert_false(same(&p, &other));
}

static struct flow *find(const struct flowtable *t, unsigned i)
{
    struct flow_key k = flow_key(&flows[i]);
    return flowtable_find(t, &k);
}

static void table_grows_and_shrinks(void **state)
{
    (void)state;
    struct flowtable t;
    table_begin(&t, MANY);
    for (unsigned i = 0; i < MANY; i++) {
        struct packet p = udp4((uint8_t)(i >> 8), (uint16_t)i, 200, 53);
        p.l4 = i % 3 ? IPPROTO_N_UDP : IPPROTO_N_TCP;
        p.tunnel_key = i % 5 == 0;
        add(&t, i, &p);
    }
    assert_true(flowtable_is_full(&t));
    assert_int_equal(t.n_buckets, 2 * MANY - 2);
    for (unsigned i = 0; i < MANY; i++)
        assert_ptr_equal(find(&t, i), &flows[i]);
    for (unsigned i = 0; i < MANY; i += 2)
        flowtable_remove(&t, &flows[i]);
    for (unsigned i = 0; i < MANY; i++)
        assert_ptr_equal(find(&t, i), i % 2 ? &flows[i] : NULL);
    assert_int_equal(t.n, MANY / 2);
    table_end(&t);
}

/* Every part of a key counts in its hash. */
static void hash_spreads(void **state)
{
    (void)state;
    struct packet base = udp4(1, 5000, 2, 53);
    struct flow_key k;
    flow_key_of(&k, &base, &hash_key);
    for (unsigned part = 0; part < 7; part++) {
        struct packet p = base;
        if (part < 2)
            p.src.b[12 + part] ^= 1;
        else if (part < 4)
            p.dst.b[11 + part] ^= 1;
        else if (part == 4)
            p.l4 = IPPROTO_N_TCP;
        else if (part == 5)
            p.tunnel_key = 1;
        else
            p.dport++;
        struct flow_key other;
        flow_key_of(&other, &p, &hash_key);
        assert_int_not_equal(other.hash, k.hash);
    }
}

static void victim_is_old_and_silent(void **state)
{
    (void)state;
    struct flowtable t;
    table_begin(&t, 10);
    assert_null(flowtable_victim(&t));
    for (unsigned i = 0; i < 4; i++) {
        struct packet p = udp4(1, (uint16_t)(1000 + i), 2, 53);
        add(&t, i, &p);
    }
    for (unsigned i = 0; i < 3; i++)
        flows[i].packets[FLOW_FIRST] = flows[i].packets[FLOW_BACK] = 1;
    flows[0].is_recent = flows[2].is_recent = flows[3].is_recent = 1;
    assert_ptr_equal(flowtable_victim(&t), &flows[3]); /* had no answer */
    flowtable_remove(&t, &flows[3]);
    flows[0].is_recent = flows[2].is_recent = 1;
    assert_ptr_equal(flowtable_victim(&t), &flows[1]); /* silent */
    flowtable_remove(&t, &flows[1]);
    flows[0].is_recent = flows[2].is_recent = 1;
    assert_non_null(flowtable_victim(&t));
    flows[2].end_reason = FLOW_END_TIMEOUT;
    assert_ptr_equal(flowtable_victim(&t), &flows[2]); /* is over */
    table_end(&t);
}

/* Single packets of ever new senders, and one in 500 of one connection: that one is never ended,
 * whatever the table's size; nor are others that were answered and are silent now. */
static void flood_ends_none_that_was_answered(void **state)
{
    enum { MOST = 3100, NTH = 20 };
    (void)state;
    for (unsigned size = 3000; size < MOST; size += 11) {
        struct flowtable t;
        table_begin(&t, size);
        for (unsigned i = 0; i < 200000; i++) {
            struct flow *flow = i < size ? &flows[i] : flowtable_victim(&t);
            assert_true(i < size || (flow - flows) % NTH);
            if (i >= size)
                flowtable_remove(&t, flow);
            struct flow_key k = { .ip_ver = 4, .hash = i * 2654435761u };
            memcpy(k.addr[0].b + 12, &i, sizeof i);
            *flow = (struct flow){ .is_recent = 1 };
            flow_set_key(flow, &k, &wides[flow - flows]);
            flow_count(flow, FLOW_FIRST, 1, 60);
            flow->packets[FLOW_BACK] = (flow - flows) % NTH == 0;
            flowtable_add(&t, flow, &k);
            flows[0].is_recent |= i % 500 == 0;
        }
        table_end(&t);
    }
}

static void flow_is_small(void **state)
{
    (void)state;
    print_message("# bytes: flow %zu (struct %zu), with an empty stream %zu\n", net_flow_bytes(),
                  sizeof(struct flow),
                  net_flow_bytes() + slab_class_bytes(sizeof(struct tcp_stream)));
    assert_true(net_flow_bytes() <= 128);
    assert_true(offsetof(struct flow, wheel) <= 64); /* what each packet touches */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_directions_have_one_key),
        cmocka_unit_test(macs_do_not_split_a_flow),
        cmocka_unit_test(both_directions_have_one_key),
        cmocka_unit_test(macs_split_the_nameless),
        cmocka_unit_test(vlan_and_tunnel_split),
        cmocka_unit_test(vlans_are_siblings),
        cmocka_unit_test(a_late_sibling_is_found),
        cmocka_unit_test(icmp_has_its_id),
        cmocka_unit_test(plain_keys_are_keys),
        cmocka_unit_test(table_grows_and_shrinks),
        cmocka_unit_test(hash_spreads),
        cmocka_unit_test(victim_is_old_and_silent),
        cmocka_unit_test(flow_is_small),
        cmocka_unit_test(flood_ends_none_that_was_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
