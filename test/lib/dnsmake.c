/* DNS messages for tests. */
#include "lib/dnsmake.h"

static uint8_t memory[70000];
struct buf dnsmake;

void dnsmake_u16(unsigned v)
{
    buf_u8(&dnsmake, (uint8_t)(v >> 8));
    buf_u8(&dnsmake, (uint8_t)v);
}

void dnsmake_begin(unsigned id, unsigned flags)
{
    dnsmake = buf_of(memory, sizeof memory);
    dnsmake_u16(id);
    dnsmake_u16(flags);
    buf_put(&dnsmake, "\0\0\0\0\0\0\0\0", 8);
}

void dnsmake_count(unsigned n)
{
    dnsmake.p[5 + 2 * n]++;
}

void dnsmake_question(const char *name, unsigned type)
{
    dnsmake_count(0);
    buf_put(&dnsmake, name, strlen(name) + 1);
    dnsmake_u16(type);
    dnsmake_u16(1);
}

void dnsmake_record(unsigned section, unsigned type, struct slice rdata)
{
    dnsmake_count(section);
    buf_lit(&dnsmake, TO_QUESTION);
    dnsmake_u16(type);
    dnsmake_u16(1);
    buf_put(&dnsmake, "\0\0\0\x3c", 4);
    dnsmake_u16((unsigned)rdata.n);
    buf_add(&dnsmake, rdata);
}

void dnsmake_opt(unsigned ext_rcode, unsigned flags, struct slice options)
{
    dnsmake_count(3);
    buf_u8(&dnsmake, 0);
    dnsmake_u16(RR_OPT);
    dnsmake_u16(1232);
    buf_u8(&dnsmake, (uint8_t)ext_rcode);
    buf_u8(&dnsmake, 0);
    dnsmake_u16(flags);
    dnsmake_u16((unsigned)options.n);
    buf_add(&dnsmake, options);
}

struct slice dnsmake_framed(void)
{
    static uint8_t frame[70000];
    struct buf b = buf_of(frame, sizeof frame);
    buf_u8(&b, (uint8_t)(dnsmake.n >> 8));
    buf_u8(&b, (uint8_t)dnsmake.n);
    buf_add(&b, buf_slice(&dnsmake));
    return buf_slice(&b);
}
