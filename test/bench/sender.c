/* Four Beats clients with TLS that send the events of a file, a JSON object a line, to a receiver;
 * prints the seconds of each round and the events of it. Usage: sender PORT FILE ROUNDS WINDOWS */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bug.h"
#include "lib/beats_clients.h"
#include "os/clock.h"
#include "os/file.h"

#define CLIENTS     4
#define WINDOW      2048 /* bulk_max_size of Packetbeat */
#define WINDOWS_MAX 256
#define FILE_MAX    ((size_t)512 << 20)

static struct slice event[WINDOWS_MAX * WINDOW], window[WINDOWS_MAX];

/* How many whole windows there are. */
static unsigned make_windows(struct slice text)
{
    unsigned n = 0, windows;
    while (text.n && n < COUNT(event)) {
        ptrdiff_t end = slice_find(text, '\n');
        event[n++] = slice_first(text, end < 0 ? text.n : (size_t)end);
        text = slice_after(text, end < 0 ? text.n : (size_t)end + 1);
    }
    windows = n / WINDOW;
    for (unsigned i = 0; i < windows; i++)
        window[i] = beats_window_packed(event + i * WINDOW, WINDOW);
    return windows;
}

int main(int argc, char **argv)
{
    struct arena mem;
    struct slice text;
    struct why why;
    if (argc != 5)
        return 2;
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    arena_init(&mem, NULL, 0);
    if (file_read(&mem, argv[2], FILE_MAX, &text, &why)) {
        printf("%s\n", why.text);
        return 1;
    }
    unsigned port = (unsigned)strtoul(argv[1], NULL, 10), windows = make_windows(text);
    unsigned rounds = (unsigned)strtoul(argv[3], NULL, 10),
             each = (unsigned)strtoul(argv[4], NULL, 10);
    struct beats_client_conf conf = { CLIENTS, port, true, window, windows, WINDOW };
    struct beats_clients clients;
    BUG_ON(!windows);
    beats_clients_start(&clients, &conf);
    for (unsigned i = 0; i < rounds; i++) {
        int64_t start_ns = clock_mono_ns();
        if (!beats_clients_send(&clients, each))
            return 1;
        printf("%.3f %u\n", (double)(clock_mono_ns() - start_ns) / 1e9, each * CLIENTS * WINDOW);
    }
    beats_clients_stop(&clients);
    return 0;
}
