/* How texts of a field are searched: as Graylog's index mapping and GIM's field types say. */
#include "store/query_private.h"

bool query_name_ok(struct slice name)
{
    if (!name.n || name.n > 1024)
        return false;
    for (size_t i = 0; i < name.n; i++) {
        uint8_t c = name.p[i];
        bool letter = ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
        bool digit = c >= '0' && c <= '9';
        if (!letter && !digit && c != '_' && c != '.' && c != '@' && c != '-')
            return false;
    }
    return true;
}

/* Text with the standard analyzer; graylog.md 3.3. */
static const char *const words[] = { "message", "full_message" };

/* source of the mapping, and keyword/loweronly of GIM; sorted. */
static const char *const lower[] = {
    "application_name",
    "associated_user_name",
    "destination_domain",
    "destination_hostname",
    "destination_reference",
    "event_observer_hostname",
    "host_hostname",
    "host_reference",
    "host_virtfw_hostname",
    "network_application",
    "network_interface_in",
    "network_interface_out",
    "network_protocol",
    "network_transport",
    "network_tunnel_type",
    "process_command_line",
    "process_id",
    "process_name",
    "process_parent_command_line",
    "process_parent_id",
    "process_parent_name",
    "process_parent_path",
    "process_path",
    "source",
    "source_hostname",
    "source_reference",
    "user_name",
    "user_name_mapped",
};

static bool is_among(struct slice name, const char *const *of, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (slice_eq(name, slice_cstr(of[i])))
            return true;
    return false;
}

enum query_text query_text_of(struct slice name)
{
    if (is_among(name, words, COUNT(words)))
        return QUERY_WORDS;
    return is_among(name, lower, COUNT(lower)) ? QUERY_LOWER : QUERY_KEYWORD;
}
