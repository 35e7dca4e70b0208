/* wirelume devices: the interfaces that can be captured from, in Packetbeat's form. */
#include "app/command.h"
#include "in/capture.h"

int devices_command(const struct args *a)
{
    char text[65536];
    struct buf b = buf_of(text, sizeof text);
    struct why why;
    (void)a;
    if (capture_devices(&b, &why)) {
        fprintf(stderr, "Error getting devices list: %s\n", why.text);
        return 1;
    }
    if (b.n)
        fwrite(text, 1, b.n, stdout);
    else
        puts("No devices found. You might need sudo?");
    return 0;
}
