/* Reads small captures and runs the decoder over them. */
#include "lib/frames.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static uint32_t u32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

struct frames frames_read(const char *path)
{
    struct frames f = { 0 };
    FILE *in = fopen(path, "rb");
    if (!in)
        fail_msg("%s is not there", path);
    const size_t max = 65536;
    f.file = malloc(max);
    size_t n = fread(f.file, 1, max, in);
    fclose(in);
    if (n < 24 || u32(f.file) != 0xa1b2c3d4)
        fail_msg("%s is not a capture", path);
    f.link_type = (uint16_t)u32(f.file + 20);
    for (size_t at = 24; at + 16 <= n && f.n < FRAMES_MAX; f.n++) {
        f.ts_ns[f.n] = u32(f.file + at) * INT64_C(1000000000) + u32(f.file + at + 4) * 1000;
        f.frame[f.n] = slice_of(f.file + at + 16, u32(f.file + at + 8));
        at += 16 + f.frame[f.n].n;
    }
    return f;
}

void frames_free(struct frames *f)
{
    free(f->file);
}

void decoding_begin(struct decoding *x)
{
    *x = (struct decoding){ .conf = { .tunnels = UINT32_MAX, .defrag_bytes = 1 << 20 } };
    x->d = decoder_new(&x->conf, &x->counters);
}

static void visits_forget(struct decoding *x)
{
    for (unsigned i = 0; i < x->n; i++)
        free(x->payload[i]);
    x->n = 0;
}

void decoding_end(struct decoding *x)
{
    visits_forget(x);
    decoder_free(x->d);
}

static void visit(void *ctx, struct packet *p)
{
    struct decoding *x = ctx;
    assert_true(x->n < VISITS_MAX);
    uint8_t *copy = malloc(p->payload.n + 1);
    if (p->payload.n)
        memcpy(copy, p->payload.p, p->payload.n);
    x->payload[x->n] = copy;
    x->visit[x->n] = *p;
    x->visit[x->n++].payload.p = copy;
}

void decoding_at(struct decoding *x, const struct packet *p)
{
    visits_forget(x);
    uint8_t *exact = malloc(p->frame.n);
    if (p->frame.n)
        memcpy(exact, p->frame.p, p->frame.n);
    struct packet copy = *p;
    copy.frame.p = exact;
    decode_packet(x->d, &copy, visit, x);
    free(exact);
}

void decoding_frame(struct decoding *x, uint16_t link_type, struct slice frame, uint32_t wire_len)
{
    struct packet p = { .frame = frame, .wire_len = wire_len, .link_type = link_type };
    p.ts_ns = 1;
    decoding_at(x, &p);
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

struct slice frames_hex(const char *text)
{
    static uint8_t bytes[4096];
    size_t n = 0; /* of digits */
    for (; *text; text++) {
        if (digit(*text) < 0)
            continue;
        assert_true(n / 2 < sizeof bytes);
        bytes[n / 2] = (uint8_t)((n % 2 ? bytes[n / 2] << 4 : 0) | digit(*text));
        n++;
    }
    assert_int_equal(n % 2, 0);
    return slice_of(bytes, n / 2);
}

void decoding_hex(struct decoding *x, uint16_t link_type, const char *text)
{
    struct slice s = frames_hex(text);
    decoding_frame(x, link_type, s, (uint32_t)s.n);
}

struct tally decoding_file(struct decoding *x, const struct frames *f)
{
    struct tally t = { 0 };
    for (unsigned i = 0; i < f->n; i++) {
        struct packet p = { .frame = f->frame[i], .link_type = f->link_type, .ts_ns = f->ts_ns[i] };
        p.wire_len = (uint32_t)p.frame.n;
        decoding_at(x, &p);
        for (unsigned k = 0; k < x->n; k++) {
            const struct packet *v = &x->visit[k];
            t.visits++;
            t.udp += v->l4 == IPPROTO_N_UDP && v->has_ports;
            t.tcp += v->l4 == IPPROTO_N_TCP && v->has_ports;
            t.icmp += (v->l4 == IPPROTO_N_ICMP || v->l4 == IPPROTO_N_ICMPV6) && v->icmp_id == 9;
            t.dns += slice_starts(v->payload, SLICE("\0M\1\0")) ||
                     slice_starts(v->payload, SLICE("\0M\x81\x80"));
            t.macs += v->has_mac;
            t.depth = v->depth > t.depth ? v->depth : t.depth;
        }
    }
    return t;
}

static void frame_cut(struct decoding *x, uint16_t link_type, struct slice frame)
{
    for (size_t n = 0; n < frame.n; n++) {
        for (unsigned by_capture = 0; by_capture < 2; by_capture++) {
            decoding_frame(x, link_type, slice_first(frame, n),
                           (uint32_t)(by_capture ? frame.n : n));
            for (unsigned i = 0; i < x->n; i++)
                assert_true(x->visit[i].payload.n <= n);
        }
    }
}

void decoding_cut(struct decoding *x, const struct frames *f)
{
    for (unsigned i = 0; i < f->n; i++)
        frame_cut(x, f->link_type, f->frame[i]);
}

static void frame_turn(struct decoding *x, uint16_t link_type, uint8_t *bytes, uint32_t n)
{
    static const uint8_t turns[] = { 0x01, 0x80, 0xff };
    for (size_t at = 0; at < n && at < 200; at++) {
        for (size_t t = 0; t < COUNT(turns); t++) {
            bytes[at] ^= turns[t];
            decoding_frame(x, link_type, slice_of(bytes, n), n);
            bytes[at] ^= turns[t];
        }
    }
}

void decoding_turn(struct decoding *x, struct frames *f)
{
    for (unsigned i = 0; i < f->n; i++)
        frame_turn(x, f->link_type, f->file + (f->frame[i].p - f->file), (uint32_t)f->frame[i].n);
}
