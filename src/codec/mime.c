/* Signatures of formats, then text. Nothing is allocated; time is linear in the content. */
#include "codec/mime.h"

#include "codec/wellformed.h"

#define HEAD_MAX 8192 /* signatures are looked for in this much */

struct signature {
    unsigned at;
    uint8_t n;
    const char *bytes;
    const char *type;
};
#define SIGN(at, bytes, type)                                                                      \
    {                                                                                              \
        at, sizeof(bytes) - 1, bytes, type                                                         \
    }

/* clang-format off */
static const struct signature signatures[] = {
    /* pictures */
    SIGN(0, "\xff\xd8\xff", "image/jpeg"),
    SIGN(0, "\x89PNG", "image/png"),
    SIGN(0, "GIF", "image/gif"),
    SIGN(0, "\0\0\0\x0cjP  \r\n\x87\n", "image/jp2"),
    SIGN(0, "\0\0\0\x0cjXL \r\n\x87\n", "image/jxl"),
    SIGN(0, "BM", "image/bmp"),
    SIGN(0, "II*\0", "image/tiff"),
    SIGN(0, "MM\0*", "image/tiff"),
    SIGN(0, "II\xbc", "image/vnd.ms-photo"),
    SIGN(0, "8BPS", "image/vnd.adobe.photoshop"),
    SIGN(0, "\0\0\1\0", "image/vnd.microsoft.icon"),
    SIGN(0, "AC10", "image/vnd.dwg"),
    /* sound and films */
    SIGN(0, "\x1a\x45\xdf\xa3", "video/webm"),
    SIGN(0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9", "video/x-ms-wmv"),
    SIGN(0, "FLV\1", "video/x-flv"),
    SIGN(0, "\0\0\1\xba", "video/mpeg"),
    SIGN(0, "\0\0\1\xb3", "video/mpeg"),
    SIGN(0, "MThd", "audio/midi"),
    SIGN(0, "ID3", "audio/mpeg"),
    SIGN(0, "\xff\xfb", "audio/mpeg"),
    SIGN(0, "OggS", "audio/ogg"),
    SIGN(0, "fLaC", "audio/x-flac"),
    SIGN(0, "#!AMR\n", "audio/amr"),
    SIGN(0, "\xff\xf1", "audio/aac"),
    SIGN(0, "\xff\xf9", "audio/aac"),
    /* archives */
    SIGN(257, "ustar", "application/x-tar"),
    SIGN(0, "Rar!\x1a\7", "application/vnd.rar"),
    SIGN(0, "\x1f\x8b\x08", "application/gzip"),
    SIGN(0, "BZh", "application/x-bzip2"),
    SIGN(0, "7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    SIGN(0, "\xfd" "7zXZ\0", "application/x-xz"),
    SIGN(0, "\x28\xb5\x2f\xfd", "application/zstd"),
    SIGN(0, "\x04\x22\x4d\x18", "application/x-lz4"),
    SIGN(0, "LZIP", "application/x-lzip"),
    SIGN(0, "\x1f\xa0", "application/x-compress"),
    SIGN(0, "\x1f\x9d", "application/x-compress"),
    SIGN(0, "MSCF", "application/vnd.ms-cab-compressed"),
    SIGN(0, "ISc(", "application/vnd.ms-cab-compressed"),
    SIGN(0, "!<arch>\ndebian", "application/vnd.debian.binary-package"),
    SIGN(0, "!<arch>", "application/x-unix-archive"),
    SIGN(0, "\xed\xab\xee\xdb", "application/x-rpm"),
    SIGN(32769, "CD001", "application/x-iso9660-image"),
    /* documents, programs, fonts */
    SIGN(0, "%PDF", "application/pdf"),
    SIGN(0, "{\\rtf", "application/rtf"),
    SIGN(0, "%!", "application/postscript"),
    SIGN(0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/msword"),
    SIGN(0, "MZ", "application/vnd.microsoft.portable-executable"),
    SIGN(0, "\x7f" "ELF", "application/x-executable"),
    SIGN(0, "\xfe\xed\xfa\xce", "application/x-mach-binary"),
    SIGN(0, "\xfe\xed\xfa\xcf", "application/x-mach-binary"),
    SIGN(0, "\xcf\xfa\xed\xfe", "application/x-mach-binary"),
    SIGN(0, "\xca\xfe\xba\xbe", "application/x-mach-binary"),
    SIGN(0, "CWS", "application/x-shockwave-flash"),
    SIGN(0, "FWS", "application/x-shockwave-flash"),
    SIGN(0, "SQLi", "application/vnd.sqlite3"),
    SIGN(0, "Cr24", "application/x-google-chrome-extension"),
    SIGN(0, "NES\x1a", "application/x-nintendo-nes-rom"),
    SIGN(0, "\0asm\1\0\0\0", "application/wasm"),
    SIGN(0, "dex\n", "application/vnd.android.dex"),
    SIGN(0, "dey\n", "application/vnd.android.dey"),
    SIGN(0, "wOFF", "application/font-woff"),
    SIGN(0, "wOF2", "application/font-woff"),
    SIGN(0, "\0\1\0\0\0", "application/font-sfnt"),
    SIGN(0, "OTTO\0", "application/font-sfnt"),
    SIGN(128, "DICM", "application/dicom"),
    SIGN(0, "L\0\0\0\1\x14\2\0", "application/x-ms-shortcut"),
};

/* What comes at byte 4, behind a length: ISO media, by its brand. */
static const struct { const char *brand, *type; } brands[] = {
    { "heic", "image/heif" }, { "heix", "image/heif" }, { "mif1", "image/heif" }, { "msf1", "image/heif" },
    { "avif", "image/avif" }, { "avis", "image/avif" },
    { "M4A ", "audio/mp4" },  { "M4V ", "video/x-m4v" }, { "qt  ", "video/quicktime" },
    { "3gp4", "video/3gpp" }, { "3gp5", "video/3gpp" }, { "3gp6", "video/3gpp" },
};

/* Tags that an HTML document begins with. */
static const char *const html[] = { "<!DOCTYPE HTML", "<HTML", "<HEAD", "<SCRIPT", "<IFRAME", "<H1", "<DIV",
                                    "<FONT", "<TABLE", "<A", "<STYLE", "<TITLE", "<B", "<BODY", "<BR", "<P" };
/* clang-format on */

static bool stands_at(struct slice s, size_t at, struct slice what)
{
    return slice_starts(slice_after(s, at), what);
}

static const char *by_brand(struct slice head)
{
    if (!stands_at(head, 4, SLICE("ftyp")))
        return NULL;
    struct slice brand = slice_first(slice_after(head, 8), 4);
    for (size_t i = 0; i < COUNT(brands); i++)
        if (slice_eq(brand, slice_cstr(brands[i].brand)))
            return brands[i].type;
    return brand.n == 4 ? "video/mp4" : NULL;
}

static const char *by_chunk(struct slice head)
{
    if (slice_starts(head, SLICE("FORM")))
        return stands_at(head, 8, SLICE("AIFF")) ? "audio/x-aiff" : NULL;
    if (!slice_starts(head, SLICE("RIFF")))
        return NULL;
    return stands_at(head, 8, SLICE("WEBP"))   ? "image/webp"
           : stands_at(head, 8, SLICE("WAVE")) ? "audio/x-wav"
           : stands_at(head, 8, SLICE("AVI ")) ? "video/x-msvideo"
                                               : NULL;
}

/* Office documents and books are zip archives whose first names tell. */
static const char *by_zip(struct slice head)
{
    static const struct {
        const char *part, *type;
    } office[] = {
        { "word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document" },
        { "xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" },
        { "ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation" },
    };
    if (!slice_starts(head, SLICE("PK\3\4")) && !slice_starts(head, SLICE("PK\5\6")) &&
        !slice_starts(head, SLICE("PK\7\x08")))
        return NULL;
    if (stands_at(head, 30, SLICE("mimetypeapplication/epub+zip")))
        return "application/epub+zip";
    if (stands_at(head, 30, SLICE("[Content_Types].xml")) || stands_at(head, 30, SLICE("_rels/")))
        for (size_t i = 0; i < COUNT(office); i++)
            if (slice_search(head, slice_cstr(office[i].part)) >= 0)
                return office[i].type;
    return "application/zip";
}

static const char *by_signature(struct slice content)
{
    struct slice head = slice_first(content, HEAD_MAX);
    const char *type = by_zip(head);
    type = type ? type : by_brand(head);
    type = type ? type : by_chunk(head);
    for (size_t i = 0; i < COUNT(signatures) && !type; i++) {
        const struct signature *s = &signatures[i];
        if (stands_at(content, s->at, slice_of(s->bytes, s->n)))
            type = s->type;
    }
    return type;
}

static struct slice skip_blanks(struct slice s)
{
    while (s.n && (s.p[0] == ' ' || (s.p[0] >= '\t' && s.p[0] <= '\r' && s.p[0] != '\v')))
        s = slice_after(s, 1);
    return s;
}

/* A tag ends with a blank or with >. */
static bool is_html(struct slice head)
{
    for (size_t i = 0; i < COUNT(html); i++) {
        struct slice tag = slice_cstr(html[i]);
        if (head.n > tag.n && slice_eq_nocase(slice_first(head, tag.n), tag) &&
            (head.p[tag.n] == ' ' || head.p[tag.n] == '>'))
            return true;
    }
    return slice_starts(head, SLICE("<!--"));
}

/* Control characters that no text has. */
static bool is_binary(struct slice head)
{
    for (size_t i = 0; i < head.n; i++) {
        uint8_t b = head.p[i];
        if (b <= 8 || b == 0x0b || (b >= 0x0e && b <= 0x1a) || (b >= 0x1c && b <= 0x1f))
            return true;
    }
    return false;
}

static const char *by_text(struct slice content)
{
    struct slice head = slice_first(content, 512), begin = skip_blanks(head);
    if (is_html(begin))
        return "text/html; charset=utf-8";
    if (slice_starts(begin, SLICE("<?xml")))
        return "text/xml; charset=utf-8";
    if (slice_starts(head, SLICE("\xfe\xff")))
        return "text/plain; charset=utf-16be";
    if (slice_starts(head, SLICE("\xff\xfe")))
        return "text/plain; charset=utf-16le";
    if (is_binary(head))
        return NULL;
    if (wellformed_json(content))
        return "application/json";
    return wellformed_xml(content) ? "text/xml" : "text/plain; charset=utf-8";
}

const char *mime_detect(struct slice content)
{
    if (!content.n)
        return NULL;
    const char *type = by_signature(content);
    return type ? type : by_text(content);
}
