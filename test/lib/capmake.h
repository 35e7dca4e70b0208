/* Builds capture files in memory, for tests. */
#pragma once

#include "base/slice.h"

struct capmake {
    uint8_t *p;
    size_t n, cap;
    bool big_endian;
    char path[64]; /* after capmake_file */
    int fd;
};

void capmake_free(struct capmake *m);
void capmake_bytes(struct capmake *m, const void *p, size_t n);
void capmake_u16(struct capmake *m, uint16_t v);
void capmake_u32(struct capmake *m, uint32_t v);

/* pcap: magic in the file's byte order, then one record at a time. */
void capmake_pcap(struct capmake *m, uint32_t magic, uint32_t link_word);
void capmake_record(struct capmake *m, uint32_t s, uint32_t part, struct slice frame,
                    uint32_t wire);

/* pcapng: a block with its lengths and padding. */
void capmake_block(struct capmake *m, uint32_t type, struct slice body);
void capmake_section(struct capmake *m);
void capmake_interface(struct capmake *m, uint16_t link_type, struct slice options);
void capmake_packet(struct capmake *m, uint32_t iface, uint64_t units, struct slice frame);

/* The bytes so far as a file without a name; m->path opens it until capmake_free. */
const char *capmake_file(struct capmake *m);
