/* A source of packets: a capture file, a live interface, several merged into one. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "model/counter.h"
#include "model/option.h"
#include "model/packet.h"

struct capture;

/* What read returns when it gives no packets. */
enum { CAPTURE_IDLE = 0, CAPTURE_END = -1, CAPTURE_FAILED = -2 };

struct capture_stats {
    uint64_t packets, drops;          /* of the kernel, since opening; 0 for files */
    uint64_t bytes_read, bytes_total; /* files: progress; total 0 when unknown (stdin) */
};

struct capture_ops {
    /* Up to max packets, in order; each frame stays valid until the next read. Blocks at most
     * 100 ms (live). > 0: that many; CAPTURE_IDLE; CAPTURE_END; CAPTURE_FAILED with w filled. */
    int (*read)(struct capture *c, struct packet *p, unsigned max, struct why *w);
    void (*stats)(struct capture *c, struct capture_stats *s);
    void (*close)(struct capture *c); /* frees c */
};

struct capture {
    const struct capture_ops *ops;
    bool live;     /* packets that are not read in time are lost */
    bool realtime; /* packets carry the present time: it passes also when none come */
    bool no_wait;  /* set by the reader, who then polls fd: read does not block */
    unsigned pass; /* files: which repetition (-l) the packets of the last read are of, from 0 */
    int64_t passed_ns; /* a part of files: the largest time of the whole of them in the pass before
                        * `pass`, or with CAPTURE_END of this one; 0: the packets tell */
    int fd;            /* readable when there are packets; -1: none; may change with each read */
};

/* Files: one or more paths or globs, "-" for standard input; pcap, pcapng, gzip and zstd of them;
 * several are merged by time. A file that is cut or corrupt is read as far as it goes: *warned is
 * then set by read and w of the last read tells where and why. filter: BPF text or NULL. */
struct capture_file_conf {
    const char *const *paths;
    unsigned n_paths;
    const char *filter;
    bool paced;         /* keep the file's own pace and stamp packets with the present time */
    bool one_at_a_time; /* -O: Enter before each packet */
    int64_t loops;      /* -l: how often to play; <= 1, and always with pipes: once */
    int64_t starts_ns;  /* not 0: the first packet has this time, and all are moved as far */
};
MUST_CHECK err capture_open_files(const struct capture_file_conf *conf, struct capture **out,
                                  struct why *w);

/* A second reader of the same files, from their beginning, as c was opened; ERR_UNSUPPORTED where
 * that cannot be (pipes, the Enter key), or costs more than copying what one has read (packed
 * files, and those that keep a pace). */
MUST_CHECK err capture_open_again(const struct capture *c, struct capture **out, struct why *w);

/* True, with one line in w, when a file of the capture was cut, corrupt or empty: exit status 1 is
 * then due although everything readable was analysed. */
bool capture_was_damaged(const struct capture *c, struct why *w);

/* One entry of packetbeat.interfaces (packetbeat-core.md 2.3). */
struct interface_conf {
    const char *device; /* name, index, "any", default_route, default_route_ipv4, …_ipv6 */
    const char *type;   /* "af_packet", "pcap"; NULL, "" and "autodetect": af_packet */
    int64_t snaplen, buffer_size_mb, poll_default_route_ns, metrics_interval_ns;
    int64_t fanout_group; /* -1: unset */
    const char *bpf_filter;
    bool with_vlans, auto_promisc_mode, ignore_outgoing;
    struct texts internal_networks;
    const char *file, *dumpfile;
    bool topspeed, oneatatime;
    int64_t loop;
};
enum capture_type { CAPTURE_AF_PACKET, CAPTURE_PCAP, CAPTURE_UNKNOWN };

extern const struct option interface_options[]; /* owner: struct interface_conf */

enum capture_type capture_type_of(const struct interface_conf *conf);

/* What can be said about all entries without the right to capture: types, filters, devices named
 * twice. ERR_CONFIG. */
MUST_CHECK err capture_check(const struct interface_conf *conf, size_t n, struct why *w);

/* Live. Kernel drops are read into stats. ERR_RIGHTS with the exact setcap line in w when the right
 * is missing; ERR_MISSING: no such device. conf must outlive it. */
MUST_CHECK err capture_open_live(const struct interface_conf *conf, uint16_t iface,
                                 struct capture **out, struct why *w);

/* The same for n workers: out[i] has the packets of worker i's flows, both directions
 * of each (in/fanout.h), and a part of buffer_size_mb. What cannot be shared is out[0]'s alone, the
 * others are NULL: type pcap, and a device that follows the default route. */
#define CAPTURE_SHARES_MAX 64
MUST_CHECK err capture_open_shared(const struct interface_conf *conf, uint16_t iface,
                                   struct capture **out, unsigned n, struct why *w);

/* The devices that can be captured, one line each: "0: eth0 (description) (addresses)". */
MUST_CHECK err capture_devices(struct buf *out, struct why *w);

/* Writes packets as a nanosecond pcap (--dump) PREFIX-YYYYMMDDhhmmss.pcap; NULL on failure with w
 * filled. Tags that the kernel took off are put back; packets of another link type are left out. */
struct capture_dump;
struct capture_dump *capture_dump_open(const char *prefix, uint16_t link_type, struct why *w);
MUST_CHECK err capture_dump_write(struct capture_dump *d, const struct packet *p, struct why *w);

/* What was written so far is in the file afterwards. */
MUST_CHECK err capture_dump_flush(struct capture_dump *d, struct why *w);
void capture_dump_close(struct capture_dump *d);
