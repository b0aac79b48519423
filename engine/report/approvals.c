/*
 * approvals.c - see approvals.h.
 */
#include "engine/report/approvals.h"

#include "engine/report/fields.h"

bool approvals_append_wanted(struct buffer *out, const struct value *waiting)
{
	const struct value *document = value_get(waiting, "approval"), *from = value_get(document, "from");
	if (!value_is(document, VALUE_MAP))
		return false;
	buffer_printf(out, "%lld of ", (long long)value_get_int(document, "min", 1));
	for (size_t i = 0; value_is(from, VALUE_LIST) && i < from->list.count; i++)
		buffer_printf(out, "%s%s", i ? ", " : "",
			      value_text(from->list.items[i]) ? value_text(from->list.items[i]) : "?");
	buffer_add(out, ", by signature");
	return true;
}

void approvals_append_given(struct buffer *out, const struct value *approved)
{
	buffer_printf(out, "%s (%lld of %lld), key %s", field_text(approved, "principal", "?"),
		      (long long)value_get_int(approved, "count", 0), (long long)value_get_int(approved, "min", 0),
		      field_text(approved, "key", "?"));
}
