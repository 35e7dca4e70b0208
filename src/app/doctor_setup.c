/* wirelume doctor: what the configuration asks for. */
#include <errno.h>
#include <unistd.h>

#include "app/doctor.h"
#include "app/packs.h"
#include "app/routing.h"
#include "base/buf.h"
#include "in/capture.h"
#include "in/device.h"
#include "os/account.h"
#include "os/features.h"
#include "os/folder.h"
#include "os/port.h"

#define MIB         ((uint64_t)1 << 20)
#define SPACE_BAD   (256 * MIB)
#define SPACE_NOTE  (4096 * MIB)
#define DEVICES_MAX 65536

/* ---- the configuration */

static void look_at_device(struct doctor *d, const struct interface_conf *i)
{
    char name[DEVICE_NAME_MAX], text[512];
    struct why w = { "" };
    if (i->file && *i->file)
        return;
    err rc = device_resolve(i->device ? i->device : "", name, &w);
    snprintf(text, sizeof text, "%s is %s", i->device && *i->device ? i->device : "any", name);
    doctor_say(d, rc ? FINDING_BAD : FINDING_OK, "interface", rc ? w.text : text,
               rc ? "packetbeat.interfaces.device; wirelume devices lists them" : NULL);
}

static void list_devices(struct doctor *d)
{
    static char text[DEVICES_MAX];
    char name[512];
    struct buf b = buf_of(text, sizeof text);
    struct why w = { "" };
    if (capture_devices(&b, &w)) {
        doctor_say(d, FINDING_NOTE, "interfaces", w.text, NULL);
        return;
    }
    struct slice rest = buf_slice(&b);
    for (ptrdiff_t end; (end = slice_find(rest, '\n')) >= 0;) {
        snprintf(name, sizeof name, "%.*s", (int)end, (const char *)rest.p);
        doctor_say(d, FINDING_OK, "interfaces", name, NULL);
        rest = slice_after(rest, (size_t)end + 1);
    }
}

void doctor_configuration(struct doctor *d)
{
    const struct settings *s = &d->start.settings;
    if (d->no_file)
        doctor_say(d, FINDING_NOTE, "configuration",
                   "none: watch, import and up need none; run and serve do", NULL);
    else
        doctor_say(d, FINDING_OK, "configuration", d->start.config.file, NULL);
    for (unsigned i = 0; i < s->n_notes; i++)
        doctor_say(d, FINDING_NOTE, "configuration", s->notes[i], NULL);
    list_devices(d);
    if (d->no_file || d->receives)
        return;
    for (unsigned i = 0; i < s->n_interfaces; i++)
        look_at_device(d, &s->interface[i]);
}

void doctor_packs(struct doctor *d)
{
    struct packs_conf conf;
    struct packs *packs = NULL;
    struct why note = { "" }, w = { "" };
    char text[256];
    err rc = packs_configure(&conf, &d->start.config, &note, &w);
    if (!rc && note.text[0])
        doctor_say(d, FINDING_NOTE, "packs", note.text, NULL);
    if (!rc)
        rc = packs_load_or(&conf, &packs, &w);
    if (rc) {
        doctor_say(d, FINDING_BAD, "packs", w.text, "wirelume pack check says all of it");
        return;
    }
    for (unsigned i = 0; i < packs->n; i++) {
        snprintf(text, sizeof text, "%.60s %.30s is valid", packs->pack[i].name,
                 packs->pack[i].version);
        doctor_say(d, FINDING_OK, "packs", text, NULL);
    }
    packs_drop(packs);
}

/* ---- ports */

static void look_at_port(struct doctor *d, enum port_kind kind, const char *key, uint64_t port)
{
    char text[160];
    const char *proto = kind == PORT_TCP ? "TCP" : "UDP";
    if (!port || port > UINT16_MAX)
        return;
    bool is_free = port_is_free(kind, (unsigned)port);
    snprintf(text, sizeof text, "%s: %s %u %s", key, proto, (unsigned)port,
             is_free      ? "is free"
             : d->running ? "is taken, as the server runs"
                          : "is taken, or may not be had");
    doctor_say(d, is_free || d->running ? FINDING_OK : FINDING_BAD, "port", text,
               is_free || d->running ? NULL : "ss -lntup says by whom; or give another number");
}

static uint64_t port_of(const struct node *section, uint64_t usual)
{
    const struct node *n = node_get(section, "port");
    uint64_t port = usual;
    if (n && n->text)
        (void)!slice_to_u64(slice_cstr(n->text), &port);
    return port;
}

/* Inputs that are configured, and the dashboard; without a configuration what `up` takes. */
void doctor_ports(struct doctor *d)
{
    const struct node *root = d->start.config.resolved, *inputs = node_path(root, "inputs");
    char key[80];
    if (d->running)
        doctor_say(d, FINDING_OK, "server", "one runs on path.data", NULL);
    for (const struct node *i = inputs ? inputs->child : NULL; i; i = i->next) {
        const struct node *enabled = node_get(i, "enabled");
        bool off = enabled && enabled->type == NODE_BOOL && !enabled->b;
        bool datagrams = i->key && slice_ends(slice_cstr(i->key), SLICE("udp"));
        snprintf(key, sizeof key, "inputs.%.40s.port", i->key ? i->key : "");
        if (!off)
            look_at_port(d, datagrams ? PORT_UDP : PORT_TCP, key, port_of(i, 0));
    }
    if (inputs || d->no_file)
        look_at_port(d, PORT_TCP, "web.port", port_of(node_path(root, "web"), 8514));
    if (d->no_file)
        look_at_port(d, PORT_TCP, "inputs.beats.port", 5044);
}

/* ---- data */

static void look_at_space(struct doctor *d, const char *folder)
{
    uint64_t free_bytes = 0, all = 0;
    char text[256];
    if (!disk_space(folder, &free_bytes, &all))
        return;
    snprintf(text, sizeof text, "%llu MiB of %llu free", (unsigned long long)(free_bytes / MIB),
             (unsigned long long)(all / MIB));
    enum finding f = free_bytes < SPACE_BAD    ? FINDING_BAD
                     : free_bytes < SPACE_NOTE ? FINDING_NOTE
                                               : FINDING_OK;
    doctor_say(d, f, "disk", text,
               f == FINDING_OK ? NULL : "free some, or index-set set … retention");
}

void doctor_data(struct doctor *d)
{
    const char *folder = routing_folder(&d->start.config);
    struct account owner;
    char text[1024];
    if (!folder_exists(folder)) {
        snprintf(text, sizeof text, "%.800s is not there yet: the first start makes it", folder);
        doctor_say(d, FINDING_OK, "data", text, NULL);
        return;
    }
    if (access(folder, R_OK | W_OK | X_OK)) {
        snprintf(text, sizeof text, "%.800s: %s", folder, strerror(errno));
        doctor_say(d, FINDING_BAD, "data", text, "run as its owner, or as root");
        return;
    }
    snprintf(text, sizeof text, "%.800s, owner %s", folder,
             account_of_owner(folder, &owner) ? owner.name : "not known");
    doctor_say(d, FINDING_OK, "data", text, NULL);
    look_at_space(d, folder);
}
