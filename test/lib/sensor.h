/* The whole way from a capture file to lines, on one thread and without a configuration file: for
 * benchmarks. What runs is the program's own code; only the loop around it is not. */
#pragma once

#include "in/capture.h"
#include "net/net.h"
#include "pipe/pipe.h"

enum sensor_stage {
    SENSOR_READ,   /* packets are taken from the file, nothing else */
    SENSOR_DECODE, /* and decoded */
    SENSOR_NET,    /* and go through flows, streams and protocols; events are made and forgotten */
    SENSOR_PIPE,   /* and events become lines, which are forgotten */
};

struct sensor_conf {
    enum sensor_stage stage;
    bool flows;     /* report flows */
    bool protocols; /* all, with their defaults */
};

struct sensor {
    struct sensor_conf conf;
    struct net_conf net_conf;
    struct counters counters;
    struct arena boot;
    struct chunk_pool chunks;
    struct batch batch;
    struct capture *capture;
    struct net *net;
    struct decoder *decoder;
    struct pipe *pipe;
    uint64_t packets, events, bytes; /* bytes: of the lines */
    int64_t later_ns;
    int64_t last_ns;          /* time of the last packet */
    struct packet packet[64]; /* as a worker reads them */
};

/* Exits with a message on failure. One sensor at a time: there is one schema. */
void sensor_open(struct sensor *s, const struct sensor_conf *conf, const char *path);

/* Up to max packets (0: all that are left); false at the end of the file. */
bool sensor_run(struct sensor *s, uint64_t max);

/* Another file, or the same again, whose packets are stamped later_ns later than they say. */
void sensor_next(struct sensor *s, const char *path, int64_t later_ns);

/* Reports what is open and gives the last events on. */
void sensor_finish(struct sensor *s);
void sensor_close(struct sensor *s);
