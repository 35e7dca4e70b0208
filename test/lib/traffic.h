/* Captured frames in memory: read from a file, changed by a test, replayed. */
#pragma once

#include "in/capture.h"
#include "model/packet.h"

struct frame {
    int64_t ts_ns;
    uint8_t *p; /* n bytes, owned */
    uint32_t n, wire_len;
    uint16_t link_type, iface;
    uint16_t vlan_tci;
    bool vlan_valid;
};

struct traffic {
    struct frame *v;
    size_t n, cap;
};

/* Appends every readable frame of a capture file. A damaged file gives what can be read; one that
 * cannot be opened ends the program with a line. */
void traffic_read(struct traffic *f, const char *path);

/* Appends a frame of n bytes (copied from p, or zero when p is NULL) that is otherwise like `like`;
 * its wire_len is n. The result lives until the next append. */
struct frame *traffic_add(struct traffic *f, const struct frame *like, const void *p, size_t n);

/* Appends an exact copy. */
struct frame *traffic_copy(struct traffic *f, const struct frame *of);

/* Bytes of all frames. */
size_t traffic_bytes(const struct traffic *f);
void traffic_free(struct traffic *f);

/* The frames as a capture, for what reads one. */
struct traffic_capture {
    struct capture base;
    const struct traffic *f;
    size_t next;
};

/* From the first frame on; f must outlive it. */
struct traffic_capture traffic_capture_of(const struct traffic *f);
