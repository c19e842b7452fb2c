/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/media/dump_kit.h"

#include "bridge/dump.h"

JsonNode *dump_kit_streams(const WorkerEvent *snapshot)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    dump_streams(json, snapshot);
    json_builder_end_object(json);
    g_autofree char *text = dump_text(json);
    g_autoptr(JsonNode) root = json_from_string(text, NULL);
    g_assert_nonnull(root);
    return json_node_copy(json_object_get_member(json_node_get_object(root), "streams"));
}
