/* An assembler of a dozen lines, then the program: layers in the order in which they may stand,
 * once for each level of tunnels, all jumps forwards. X is the offset of the header in work from
 * the network layer. */
#include "in/fanout.h"

#include "base/bug.h"
#include "base/hash.h"

#define LEVELS    3 /* tunnels in tunnels: two are opened */
#define FIXES_MAX 512

/* Scratch words of the program. */
enum { M_NEXT, M_SRC, M_DST, M_PORTS, M_A, M_LENGTH, M_X };

/* Places in the program: those of a level, then the common end. */
enum { ETHERTYPE, ANY_IP, IP4, IP6, TRANSPORT, UDP, GRE, PLACES };
#define AT(level, place) ((level)*PLACES + (place))
#define FINISH           (LEVELS * PLACES)
#define LOCAL            (FINISH + 1) /* the first of those that are made as needed */

enum { ODD_XOR, ODD_SUM, ODD_MIX, ODD_PORTS_XOR, ODD_PORTS_SUM, ODD_FOLD, ODDS };

struct fix {
    unsigned at;
    int label;
};

struct program {
    struct sock_filter *out;
    unsigned n;
    uint32_t network, odd[ODDS];
    struct fix fix[FIXES_MAX];
    unsigned n_fixes;
    int label_at[FIXES_MAX];
    int next_label;
};

/* ---- the assembler */

static void put(struct program *p, unsigned code, uint32_t k)
{
    BUG_ON(p->n == FANOUT_MAX);
    p->out[p->n++] = (struct sock_filter){ .code = (uint16_t)code, .k = k };
}

static void load(struct program *p, unsigned size, uint32_t offset)
{
    put(p, BPF_LD | size | BPF_IND, p->network + offset);
}

static void store(struct program *p, uint32_t m)
{
    put(p, BPF_ST, m);
}

static void recall(struct program *p, uint32_t m)
{
    put(p, BPF_LD | BPF_MEM, m);
}

static void recall_x(struct program *p, uint32_t m)
{
    put(p, BPF_LDX | BPF_MEM, m);
}

static void alu(struct program *p, unsigned op, uint32_t k)
{
    put(p, BPF_ALU | op | BPF_K, k);
}

static void alu_x(struct program *p, unsigned op)
{
    put(p, BPF_ALU | op | BPF_X, 0);
}

static int label_new(struct program *p)
{
    return p->next_label++;
}

static void label_here(struct program *p, int label)
{
    p->label_at[label] = (int)p->n;
}

static void go(struct program *p, int label)
{
    BUG_ON(p->n_fixes == FIXES_MAX);
    p->fix[p->n_fixes++] = (struct fix){ p->n, label };
    put(p, BPF_JMP | BPF_JA, 0);
}

/* A conditional jump reaches 255 instructions: it jumps over one that reaches all. */
static void go_if(struct program *p, unsigned condition, uint32_t k, int label)
{
    put(p, BPF_JMP | condition | BPF_K, k);
    p->out[p->n - 1].jf = 1;
    go(p, label);
}

static void go_unless(struct program *p, unsigned condition, uint32_t k, int label)
{
    put(p, BPF_JMP | condition | BPF_K, k);
    p->out[p->n - 1].jt = 1;
    go(p, label);
}

/* Moves X; A is lost. */
static void advance(struct program *p, uint32_t n)
{
    put(p, BPF_MISC | BPF_TXA, 0);
    alu(p, BPF_ADD, n);
    put(p, BPF_MISC | BPF_TAX, 0);
}

static void advance_by(struct program *p, uint32_t m)
{
    put(p, BPF_MISC | BPF_TXA, 0);
    recall_x(p, m);
    alu_x(p, BPF_ADD);
    put(p, BPF_MISC | BPF_TAX, 0);
}

static void resolve(struct program *p)
{
    for (unsigned i = 0; i < p->n_fixes; i++) {
        int to = p->label_at[p->fix[i].label];
        BUG_ON(to <= (int)p->fix[i].at);
        p->out[p->fix[i].at].k = (uint32_t)to - p->fix[i].at - 1;
    }
}

/* ---- layers */

/* A holds an EtherType, which X is behind. */
static void vlan(struct program *p)
{
    int tagged = label_new(p), plain = label_new(p);
    go_if(p, BPF_JEQ, 0x8100, tagged);
    go_unless(p, BPF_JEQ, 0x88a8, plain);
    label_here(p, tagged);
    load(p, BPF_H, 2);
    store(p, M_A);
    advance(p, 4);
    recall(p, M_A);
    label_here(p, plain);
}

static void mpls(struct program *p, int level)
{
    enum { LABELS = 4 };
    for (int i = 0; i < LABELS; i++) {
        load(p, BPF_B, 2);
        store(p, M_A);
        advance(p, 4);
        recall(p, M_A);
        go_if(p, BPF_JSET, 1, AT(level, ANY_IP)); /* bottom of the stack */
    }
    go(p, FINISH);
}

static void ethertype(struct program *p, int level)
{
    int pppoe = label_new(p), other = label_new(p);
    label_here(p, AT(level, ETHERTYPE));
    vlan(p);
    vlan(p);
    go_if(p, BPF_JEQ, 0x0800, AT(level, IP4));
    go_if(p, BPF_JEQ, 0x86dd, AT(level, IP6));
    go_if(p, BPF_JEQ, 0x8864, pppoe);
    go_unless(p, BPF_JEQ, 0x8847, other);
    mpls(p, level);
    label_here(p, pppoe);
    load(p, BPF_H, 6);
    store(p, M_A);
    advance(p, 8);
    recall(p, M_A);
    go_if(p, BPF_JEQ, 0x21, AT(level, IP4));
    go_if(p, BPF_JEQ, 0x57, AT(level, IP6));
    label_here(p, other);
    go(p, FINISH);
}

static void any_ip(struct program *p, int level)
{
    label_here(p, AT(level, ANY_IP));
    load(p, BPF_B, 0);
    alu(p, BPF_RSH, 4);
    go_if(p, BPF_JEQ, 4, AT(level, IP4));
    go_if(p, BPF_JEQ, 6, AT(level, IP6));
    go(p, FINISH);
}

static void ip4(struct program *p, int level)
{
    label_here(p, AT(level, IP4));
    load(p, BPF_W, 12);
    store(p, M_SRC);
    load(p, BPF_W, 16);
    store(p, M_DST);
    load(p, BPF_H, 6);
    go_if(p, BPF_JSET, 0x3fff, FINISH); /* a fragment */
    load(p, BPF_B, 0);
    alu(p, BPF_AND, 15);
    alu(p, BPF_LSH, 2);
    store(p, M_LENGTH);
    load(p, BPF_B, 9);
    store(p, M_NEXT);
    advance_by(p, M_LENGTH);
    go(p, AT(level, TRANSPORT));
}

/* Four words of an address become one. */
static void fold(struct program *p, uint32_t offset, uint32_t m)
{
    alu(p, BPF_AND, 0);
    store(p, m);
    for (uint32_t i = 0; i < 4; i++) {
        recall_x(p, M_X);
        load(p, BPF_W, offset + 4 * i);
        recall_x(p, m);
        alu_x(p, BPF_ADD);
        alu(p, BPF_MUL, p->odd[ODD_FOLD]);
        store(p, m);
    }
    recall_x(p, M_X);
}

static void ip6_extension(struct program *p)
{
    int extension = label_new(p), none = label_new(p);
    recall(p, M_NEXT);
    go_if(p, BPF_JEQ, 0, extension);
    go_if(p, BPF_JEQ, 43, extension);
    go_unless(p, BPF_JEQ, 60, none);
    label_here(p, extension);
    load(p, BPF_B, 0);
    store(p, M_NEXT);
    load(p, BPF_B, 1);
    alu(p, BPF_ADD, 1);
    alu(p, BPF_LSH, 3);
    store(p, M_LENGTH);
    advance_by(p, M_LENGTH);
    label_here(p, none);
}

static void ip6(struct program *p, int level)
{
    label_here(p, AT(level, IP6));
    put(p, BPF_STX, M_X);
    fold(p, 8, M_SRC);
    fold(p, 24, M_DST);
    load(p, BPF_B, 6);
    store(p, M_NEXT);
    advance(p, 40);
    ip6_extension(p);
    ip6_extension(p);
    go(p, AT(level, TRANSPORT));
}

/* Equal for both directions. */
static void ports(struct program *p)
{
    load(p, BPF_W, 0);
    store(p, M_A);
    alu(p, BPF_RSH, 16);
    store(p, M_X);
    recall(p, M_A);
    alu(p, BPF_AND, 0xffff);
    store(p, M_A);
    recall_x(p, M_X);
    alu_x(p, BPF_XOR);
    alu(p, BPF_MUL, p->odd[ODD_PORTS_XOR]);
    store(p, M_PORTS);
    recall(p, M_A);
    alu_x(p, BPF_ADD);
    alu(p, BPF_MUL, p->odd[ODD_PORTS_SUM]);
    recall_x(p, M_PORTS);
    alu_x(p, BPF_ADD);
    store(p, M_PORTS);
    go(p, FINISH);
}

static void transport(struct program *p, int level)
{
    int other = label_new(p);
    label_here(p, AT(level, TRANSPORT));
    recall(p, M_NEXT);
    go_unless(p, BPF_JEQ, 6, other);
    ports(p);
    label_here(p, other);
    if (level + 1 < LEVELS) {
        go_if(p, BPF_JEQ, 4, AT(level + 1, IP4));
        go_if(p, BPF_JEQ, 41, AT(level + 1, IP6));
        go_if(p, BPF_JEQ, 17, AT(level, UDP));
        go_if(p, BPF_JEQ, 47, AT(level, GRE));
    }
    go(p, FINISH);
}

/* ---- tunnels; as net/tunnel.c tells them */

static void inner_frame(struct program *p, int level)
{
    load(p, BPF_H, 12);
    store(p, M_A);
    advance(p, 14);
    recall(p, M_A);
    go(p, AT(level + 1, ETHERTYPE));
}

/* The datagram has room for the tunnel's header and an IP header. */
static void need(struct program *p, uint32_t header)
{
    load(p, BPF_H, 4);
    go_unless(p, BPF_JGE, 8 + header + 20, FINISH);
}

static void vxlan(struct program *p, int level)
{
    need(p, 8 + 14);
    load(p, BPF_W, 8);
    alu(p, BPF_AND, 0x7f000000);
    go_unless(p, BPF_JEQ, 0x08000000, FINISH);
    load(p, BPF_B, 15);
    go_unless(p, BPF_JEQ, 0, FINISH);
    advance(p, 16);
    inner_frame(p, level);
}

/* A holds the type of what is inside, which X is at. */
static void inner_of(struct program *p, int level)
{
    int frame = label_new(p);
    go_if(p, BPF_JEQ, 0x6558, frame);
    go(p, AT(level + 1, ETHERTYPE));
    label_here(p, frame);
    inner_frame(p, level);
}

static void geneve(struct program *p, int level)
{
    need(p, 8);
    load(p, BPF_B, 8);
    go_if(p, BPF_JSET, 0xc0, FINISH);
    alu(p, BPF_LSH, 2);
    store(p, M_LENGTH);
    load(p, BPF_H, 10);
    store(p, M_NEXT);
    advance(p, 16);
    advance_by(p, M_LENGTH);
    recall(p, M_NEXT);
    inner_of(p, level);
}

static void gtpu(struct program *p, int level)
{
    enum { EXTENSIONS = 3 };
    int bare = label_new(p), no_extension = label_new(p);
    need(p, 8);
    load(p, BPF_H, 8);
    alu(p, BPF_AND, 0xf0ff);
    go_unless(p, BPF_JEQ, 0x30ff, FINISH);
    load(p, BPF_B, 8);
    go_unless(p, BPF_JSET, 7, bare);
    go_unless(p, BPF_JSET, 4, no_extension);
    advance(p, 20);
    for (int i = 0; i < EXTENSIONS; i++) {
        load(p, BPF_B, (uint32_t)-1);
        go_if(p, BPF_JEQ, 0, AT(level + 1, ANY_IP));
        load(p, BPF_B, 0);
        alu(p, BPF_LSH, 2);
        store(p, M_LENGTH);
        advance_by(p, M_LENGTH);
    }
    go(p, AT(level + 1, ANY_IP));
    label_here(p, no_extension);
    advance(p, 20);
    go(p, AT(level + 1, ANY_IP));
    label_here(p, bare);
    advance(p, 16);
    go(p, AT(level + 1, ANY_IP));
}

static void udp(struct program *p, int level)
{
    int is_vxlan = label_new(p), is_geneve = label_new(p), is_gtpu = label_new(p);
    label_here(p, AT(level, UDP));
    load(p, BPF_H, 2);
    go_if(p, BPF_JEQ, 4789, is_vxlan);
    go_if(p, BPF_JEQ, 8472, is_vxlan);
    go_if(p, BPF_JEQ, 6081, is_geneve);
    go_if(p, BPF_JEQ, 2152, is_gtpu);
    go(p, FINISH);
    label_here(p, is_vxlan);
    vxlan(p, level);
    label_here(p, is_geneve);
    geneve(p, level);
    label_here(p, is_gtpu);
    gtpu(p, level);
}

static void gre_option(struct program *p, uint32_t flag)
{
    int none = label_new(p);
    recall(p, M_NEXT);
    go_unless(p, BPF_JSET, flag, none);
    advance(p, 4);
    label_here(p, none);
}

static void gre(struct program *p, int level)
{
    int erspan = label_new(p), headless = label_new(p);
    label_here(p, AT(level, GRE));
    load(p, BPF_H, 2);
    store(p, M_LENGTH); /* the type of what is inside */
    load(p, BPF_H, 0);
    go_if(p, BPF_JSET, 0x4007, FINISH);
    store(p, M_NEXT);
    advance(p, 4);
    gre_option(p, 0x8000);
    gre_option(p, 0x2000);
    gre_option(p, 0x1000);
    recall(p, M_LENGTH);
    go_if(p, BPF_JEQ, 0x88be, erspan);
    inner_of(p, level);
    label_here(p, erspan); /* type II has a sequence number and a header of its own */
    recall(p, M_NEXT);
    go_unless(p, BPF_JSET, 0x1000, headless);
    advance(p, 8);
    label_here(p, headless);
    inner_frame(p, level);
}

/* ---- all of it */

static void finish(struct program *p)
{
    label_here(p, FINISH);
    recall(p, M_SRC);
    recall_x(p, M_DST);
    alu_x(p, BPF_XOR);
    alu(p, BPF_MUL, p->odd[ODD_XOR]);
    store(p, M_A);
    recall(p, M_SRC);
    alu_x(p, BPF_ADD);
    alu(p, BPF_MUL, p->odd[ODD_SUM]);
    recall_x(p, M_A);
    alu_x(p, BPF_ADD);
    recall_x(p, M_PORTS);
    alu_x(p, BPF_ADD);
    for (uint32_t shift = 15; shift >= 13; shift -= 2) {
        store(p, M_A);
        alu(p, BPF_RSH, shift);
        recall_x(p, M_A);
        alu_x(p, BPF_XOR);
        if (shift == 15)
            alu(p, BPF_MUL, p->odd[ODD_MIX]);
    }
    put(p, BPF_RET | BPF_A, 0);
}

/* The kernel demands that all that is recalled was stored. */
static void begin(struct program *p, const struct fanout_place *place)
{
    static const uint32_t used[] = { M_SRC, M_DST, M_PORTS, M_A, M_LENGTH, M_X, M_NEXT };
    put(p, BPF_LD | BPF_IMM, 0);
    for (unsigned i = 0; i < COUNT(used); i++)
        store(p, used[i]);
    put(p, BPF_LDX | BPF_IMM, 0);
    if (place)
        put(p, BPF_LD | BPF_H | BPF_ABS, place->protocol);
    else
        put(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL));
}

/* All groups of the process share alike: a flow that two devices show is one worker's. */
static void draw_numbers(uint32_t odd[ODDS])
{
    static struct hash_key key;
    static bool drawn;
    if (!drawn)
        key = hash_key_random();
    drawn = true;
    for (uint32_t i = 0; i < ODDS; i++)
        odd[i] = (uint32_t)hash_bytes(&key, &i, sizeof i) | 1;
}

unsigned fanout_program(struct sock_filter *out, const struct fanout_place *place)
{
    struct program p = { .out = out, .next_label = LOCAL };
    p.network = place ? place->network : (uint32_t)SKF_NET_OFF;
    draw_numbers(p.odd);
    begin(&p, place);
    for (int level = 0; level < LEVELS; level++) {
        ethertype(&p, level);
        any_ip(&p, level);
        ip4(&p, level);
        ip6(&p, level);
        transport(&p, level);
        if (level + 1 < LEVELS) {
            udp(&p, level);
            gre(&p, level);
        }
    }
    finish(&p);
    resolve(&p);
    return p.n;
}
