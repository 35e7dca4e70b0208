/* How an output encodes: codec.json or codec.format (packetbeat-core.md 2.11). */
#include "pipe/pipe.h"

struct codec {
    bool pretty, json_pretty, escape_html, local_time;
    const char *format;
};

/* clang-format off */
const struct option pipe_codec_options[] = {
    OPT(codec, pretty,      BOOL, "pretty",                 "false", 0, 0, 0, "Events over several lines (console)."),
    OPT(codec, json_pretty, BOOL, "codec.json.pretty",      "false", 0, 0, 0, "Events over several lines."),
    OPT(codec, escape_html, BOOL, "codec.json.escape_html", "false", 0, 0, 0, "Write & < > as \\u0026 \\u003c \\u003e."),
    OPT(codec, local_time,  BOOL, "codec.json.localtime",   "false", 0, 0, OPT_INERT, "Write times in the local zone."),
    OPT(codec, format,      TEXT, "codec.format.string",    NULL,    0, 0, 0, "A line made of this text with %{[field]:default} and %{+date} in it."),
    { 0 }
};
/* clang-format on */

err pipe_load_codec(const struct node *section, const struct loading *l, struct pipe_conf *conf)
{
    struct codec c = { 0 };
    const struct node *codec = node_get(section, "codec");
    if (codec && codec->child && codec->child->next)
        return why_set(l->why, ERR_CONFIG, "%s.codec: one codec is expected, json or format",
                       l->prefix);
    if (codec && codec->child && strcmp(codec->child->key, "json") != 0 &&
        strcmp(codec->child->key, "format") != 0)
        return why_set(l->why, ERR_CONFIG,
                       "%s.codec: there is no codec \"%s\"; there are json and "
                       "format",
                       l->prefix, codec->child->key);
    err e = option_load(pipe_codec_options, section, &c, l);
    if (e)
        return e;
    conf->json.pretty = c.pretty || c.json_pretty;
    conf->json.escape_html = c.escape_html;
    conf->json.local_time = c.local_time;
    conf->format = c.format;
    if (node_path(section, "codec.format") && !c.format)
        return why_set(l->why, ERR_CONFIG, "%s.codec.format.string: is needed", l->prefix);
    return ERR_OK;
}
