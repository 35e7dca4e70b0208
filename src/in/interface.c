/* The options of packetbeat.interfaces (packetbeat-core.md 2.3) and what can be checked in them. */
#include "in/capture.h"
#include "in/device.h"
#include "in/filter.h"

#define NS_PER_DAY (86400 * INT64_C(1000000000))

enum capture_type capture_type_of(const struct interface_conf *conf)
{
    struct slice type = slice_cstr(conf->type);
    if (type.n == 0 || slice_eq(type, SLICE("autodetect")) || slice_eq(type, SLICE("af_packet")))
        return CAPTURE_AF_PACKET;
    return slice_eq(type, SLICE("pcap")) ? CAPTURE_PCAP : CAPTURE_UNKNOWN;
}

static const char *name_of_device(const struct interface_conf *conf)
{
    return conf->device && conf->device[0] ? conf->device : "any";
}

static err check_one(const struct interface_conf *conf, struct why *w)
{
    const char *device = name_of_device(conf);
    enum capture_type type = capture_type_of(conf);
    struct slice kind = slice_after(slice_cstr(device), sizeof("default_route") - 1);
    if (type == CAPTURE_UNKNOWN)
        return why_set(w, ERR_CONFIG, "unknown sniffer type for %s: \"%s\" (af_packet or pcap)",
                       device, conf->type);
    if (device_is_route(device) && kind.n && !slice_eq(kind, SLICE("_ipv4")) &&
        !slice_eq(kind, SLICE("_ipv6")))
        return why_set(w, ERR_CONFIG,
                       "device \"%s\" is not known: default_route, default_route_ipv4 or "
                       "default_route_ipv6",
                       device);
    if (conf->fanout_group >= 0 && type != CAPTURE_AF_PACKET)
        return why_set(w, ERR_CONFIG, "fanout_group is only valid with af_packet type");
    if (conf->buffer_size_mb < 1 && type == CAPTURE_AF_PACKET)
        return why_set(w, ERR_CONFIG, "buffer size too small: buffer_size_mb is %lld, at least 1",
                       (long long)conf->buffer_size_mb);
    return conf->bpf_filter && conf->bpf_filter[0] ? filter_check(conf->bpf_filter, w) : ERR_OK;
}

err capture_check(const struct interface_conf *conf, size_t n, struct why *w)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i; k++)
            if (strcmp(name_of_device(&conf[i]), name_of_device(&conf[k])) == 0)
                return why_set(w, ERR_CONFIG, "duplicated device configurations: %s",
                               name_of_device(&conf[i]));
        err e = check_one(&conf[i], w);
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

/* clang-format off */
const struct option interface_options[] = {
    OPT(interface_conf, device, TEXT, "device", "any", 0, 0, 0,
        "Device to capture on: a name, its index in `wirelume devices`, any, default_route, default_route_ipv4 or default_route_ipv6."),
    OPT(interface_conf, type, TEXT, "type", NULL, 0, 0, 0,
        "How to capture: af_packet (the default) or pcap."),
    OPT(interface_conf, snaplen, INT, "snaplen", "65535", 1, 262144, 0,
        "Bytes kept of each packet."),
    OPT(interface_conf, buffer_size_mb, INT, "buffer_size_mb", "24", 0, 65536, 0,
        "Size of the ring that the kernel fills, in MiB."),
    OPT(interface_conf, bpf_filter, TEXT, "bpf_filter", NULL, 0, 0, 0,
        "Only packets that this BPF expression matches are read; it replaces the generated filter."),
    OPT(interface_conf, with_vlans, BOOL, "with_vlans", "false", 0, 0, 0,
        "The generated filter also matches packets with a VLAN tag."),
    OPT(interface_conf, auto_promisc_mode, BOOL, "auto_promisc_mode", "false", 0, 0, 0,
        "Puts the device into promiscuous mode while capturing (af_packet; pcap always does)."),
    OPT(interface_conf, ignore_outgoing, BOOL, "ignore_outgoing", "false", 0, 0, 0,
        "Does not capture what this machine sends on the device (af_packet)."),
    OPT(interface_conf, fanout_group, INT, "fanout_group", "-1", -1, 65535, 0,
        "Processes with the same number share the packets of a device (af_packet); -1: none."),
    OPT(interface_conf, poll_default_route_ns, DURATION, "poll_default_route", "0", 0, 365 * NS_PER_DAY, 0,
        "How often the default route is looked up again; 0: never, else at least 1s."),
    OPT(interface_conf, metrics_interval_ns, DURATION, "metrics_interval", "5s", 0, 0, OPT_INERT,
        "How often the kernel's counts are read; here they are read when asked for."),
    OPT(interface_conf, internal_networks, TEXTS, "internal_networks", NULL, 0, 0, 0,
        "Networks (CIDR or a name such as private) that are internal, for network.direction."),
    OPT(interface_conf, file, TEXT, "file", NULL, 0, 0, 0,
        "Capture file to read instead of capturing (as -I)."),
    OPT(interface_conf, dumpfile, TEXT, "dumpfile", NULL, 0, 0, 0,
        "Prefix of a capture file that all packets are written to (as --dump)."),
    OPT(interface_conf, topspeed, BOOL, "topspeed", "false", 0, 0, 0,
        "Reads a capture file as fast as it can, with the times in it (as -t)."),
    OPT(interface_conf, oneatatime, BOOL, "oneatatime", "false", 0, 0, 0,
        "Waits for the Enter key before each packet (as -O)."),
    OPT(interface_conf, loop, INT, "loop", "1", 0, 0, 0,
        "How often a capture file is read (as -l)."),
    { 0 }
};
/* clang-format on */
