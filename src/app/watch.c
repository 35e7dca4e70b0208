/* wirelume watch: files, or the sample and then the network, one line an event. */
#include "app/command.h"
#include "app/replay.h"
#include "app/watchline.h"

static int live(struct replay *r)
{
    static const struct doors_need need = { .calls = CALLS_SENSOR, .traceless = true, .port = -1 };
    struct why why;
    err rc = replay_open_live(r, &why);
    if (rc) {
        fprintf(stderr, "watch: no live capture: %s\n", why.text);
        return rc == ERR_RIGHTS || rc == ERR_MISSING ? 0 : 1;
    }
    fprintf(stderr, "watch: live on %s; Ctrl-C ends\n", r->live.device);
    return replay_shut(r, &need, &why) ? start_refuse(&why) : replay_live(r);
}

int watch_command(const struct args *a)
{
    static struct replay r;
    struct watchline_conf conf = watchline_of_terminal();
    const char *sample;
    int status = 0;
    if (replay_begin(&r, a))
        return 1;
    r.output = &watchline_output;
    r.output_conf = &conf;
    if (a->rest.n) {
        r.closes = true;
        status = replay_files(&r, a->rest.v, a->rest.n);
    } else {
        sample = paths_sample(&r.start.config.mem);
        if (!sample)
            fputs("watch: the sample, etc/sample.pcap, is not beside the program\n", stderr);
        if (sample) {
            fprintf(stderr, "watch: %s, the sample that ships with the program\n", sample);
            status = replay_files(&r, &sample, 1);
        }
        if (!status && !r.interrupted)
            status = live(&r);
    }
    replay_end(&r);
    return status;
}
