/* Who this agent is. */
#include "app/meta.h"

#include "app/paths.h"
#include "base/buf.h"
#include "base/random.h"
#include "codec/json.h"
#include "os/clock.h"
#include "os/file.h"

/* RFC 4122 section 4.4: random, version 4. */
static void uuid_make(char out[UUID_TEXT])
{
    uint8_t b[16];
    random_bytes(b, sizeof b);
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    struct buf t = buf_of(out, UUID_TEXT - 1);
    for (size_t i = 0; i < sizeof b; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            buf_u8(&t, '-');
        buf_hex(&t, slice_of(&b[i], 1), false);
    }
    out[UUID_TEXT - 1] = '\0';
}

void identity_make(struct identity *i)
{
    uuid_make(i->id);
    uuid_make(i->ephemeral_id);
    i->lock = -1;
}

/* The id in the file, when there is one. */
static bool read_id(struct arena *a, const char *path, char out[UUID_TEXT])
{
    struct slice text;
    struct node *root;
    struct why ignored;
    if (file_read(a, path, 65536, &text, &ignored) || json_read(a, text, path, &root, &ignored))
        return false;
    const struct node *n = node_get(root, "uuid");
    if (!n || !n->text || strlen(n->text) != UUID_TEXT - 1)
        return false;
    memcpy(out, n->text, UUID_TEXT);
    return true;
}

static err write_id(const char *path, const char *id, struct why *w)
{
    char text[200];
    struct buf b = buf_of(text, sizeof text);
    buf_printf(&b, "{\"uuid\":\"%s\",\"first_start\":\"", id);
    buf_time(&b, clock_real_ns(), TIME_NANO);
    buf_lit(&b, "\"}\n");
    return file_replace(path, buf_slice(&b), 0600, w);
}

static err open_in(struct identity *i, const char *folder, struct arena *a, struct why *w)
{
    err rc = file_make_folder(folder, 0770, w);
    if (!rc)
        rc = file_lock(paths_join(a, folder, "packetbeat.lock"), &i->lock, w);
    if (rc == ERR_LIMIT)
        return why_set(w, rc,
                       "data path already locked by another beat: %s (mend: end it, or give this "
                       "one its own --path.data)",
                       folder);
    const char *path = paths_join(a, folder, "meta.json");
    if (rc || read_id(a, path, i->id))
        return rc;
    return write_id(path, i->id, w);
}

err identity_open(struct identity *i, const char *folder, struct why *w)
{
    struct arena a;
    identity_make(i);
    arena_init(&a, NULL, 0);
    err rc = open_in(i, folder, &a, w);
    arena_free(&a);
    if (rc)
        identity_close(i);
    return rc;
}

void identity_close(struct identity *i)
{
    file_unlock(i->lock);
    i->lock = -1;
}
