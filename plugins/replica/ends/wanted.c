/*
 * wanted.c - sets as set.json. What of it an agent can do is the agent's to say: `define` refuses the rest.
 */
#include "plugins/replica/ends/wanted.h"

#include <string.h>

static const char *const names[ENDS] = {[END_SOURCE] = "source", [END_TARGET] = "target"};

const char *end_name(enum end end)
{
	return names[end];
}

enum end end_other(enum end end)
{
	return end == END_SOURCE ? END_TARGET : END_SOURCE;
}

static void put(json_t *out, const char *key, const json_t *value)
{
	json_object_set(out, key, (json_t *)value);
}

/* Without the keys that are null. */
static json_t *given(const json_t *map)
{
	json_t *out = json_object(), *value;
	const char *key;
	json_object_foreach((json_t *)map, key, value)
	{
		if (!json_is_null(value))
			json_object_set(out, key, value);
	}
	return out;
}

json_t *wanted_set(const json_t *set, enum end end, json_int_t term, const char *peer_address, const char *peer_certificate)
{
	static const char *const same[] = {"rules", "limits", "compression", "owners", "verify", "keep", "store", "device"};
	const json_t *every = json_object_get(set, "every");
	json_t *out = json_pack("{sO,ss,sI}", "set", json_object_get(set, "name"), "role", names[end], "term", term);
	put(out, "sources", json_object_get(set, "paths"));
	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
		put(out, same[i], json_object_get(set, same[i]));
	json_object_set_new(out, "orphans", given(json_object_get(set, "orphans")));
	json_object_set_new(out, "consistency", given(json_object_get(set, "consistency")));
	json_object_set_new(out, "schedule", json_is_integer(every) ? json_pack("{sO}", "every", every) : json_null());
	if (json_is_true(json_object_get(set, "mounted")))
		json_object_set_new(out, "mounted", json_true());
	json_object_set_new(out, "peer",
			    json_pack("{ss,sO,ss}", "address", peer_address, "port", json_object_get(set, "port"),
				      "certificate", peer_certificate));
	return out;
}

static bool has_all(const json_t *a, const json_t *b)
{
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)a, key, value)
	{
		const json_t *other = json_object_get(b, key);
		if (json_is_null(value) ? other && !json_is_null(other) : !other || !wanted_same(value, other))
			return false;
	}
	return true;
}

bool wanted_same(const json_t *a, const json_t *b)
{
	if (json_is_object(a) && json_is_object(b))
		return has_all(a, b) && has_all(b, a);
	return json_equal(a, b);
}
