/*
 * restore_places.c - from the set, the inputs and two looks: whence and whither.
 */
#include "plugins/replica/ends/restore_places.h"

#include "engine/base/memory.h"

#define STORE_NAME ".standin-restore" /* beside or in what is restored: on its file system */
#define KEEP_NAME  ".standin-only-here"
#define DEVICES	   "/var/lib/standin-agent/restore" /* stores of devices: they hold next to nothing */
#define KEPT	   "/var/lib/standin-only-here"	    /* default for what was on a device */
#define VOLUME	   "volume"			    /* the one file of an image's replica */

bool restore_is_elsewhere(const struct standin_call *call)
{
	return standin_input(call, "to") || standin_input(call, "host");
}

void restore_places_free(struct restore_places *places)
{
	for (size_t i = 0; i < places->count; i++) {
		free(places->items[i].from);
		free(places->items[i].path);
		free(places->items[i].store);
		free(places->items[i].keep);
	}
	free(places->items);
	free(places->point);
	*places = (struct restore_places){0};
}

static bool refuse(struct work *work, const char *text, const char *hint)
{
	work->failure = standin_failed(text, hint);
	return false;
}

static const json_t *target_status(const struct work *work, const char *key)
{
	return json_object_get(work->seen[END_TARGET].status, key);
}

/* --- which point --- */

static bool find_earlier(struct work *work, json_int_t number, struct restore_places *places, char **ret_tree)
{
	CLEANUP_FREE char *said = NULL;
	if (!run(work, END_TARGET, agent_argv("points", set_name(work)), NULL, "cannot list the recovery points", &said))
		return false;
	json_t *answer = json_loads(said, 0, NULL), *point;
	size_t i;
	json_array_foreach(json_object_get(answer, "points"), i, point)
	{
		if (json_integer_value(json_object_get(point, "point")) != number)
			continue;
		*ret_tree = strdup(json_string_value(json_object_get(point, "path")));
		places->point = strdup(json_string_value(json_object_get(point, "id")));
	}
	json_decref(answer);
	if (*ret_tree)
		return true;
	CLEANUP_FREE char *text = memory_printf("%s does not keep point %lld of %s", work->seen[END_TARGET].host,
						(long long)number, set_name(work));
	return refuse(work, text, "`standin-agent points --set NAME` there lists those that it keeps");
}

static bool find_point(struct work *work, struct restore_places *places, char **ret_tree)
{
	json_int_t last = json_integer_value(target_status(work, "generation"));
	const json_t *wanted = json_object_get(work->call->inputs, "point");
	const char *path = json_string_value(target_status(work, "path"));
	const char *id = json_string_value(target_status(work, "point"));
	if (!path || !id || !last)
		return refuse(work, "the target has no recovery point", NULL);
	places->number = json_is_integer(wanted) ? json_integer_value(wanted) : last;
	if (places->number != last)
		return find_earlier(work, places->number, places, ret_tree);
	*ret_tree = strdup(path);
	places->point = strdup(id);
	return true;
}

/* --- what is there --- */

/* One word a path; or "mounted at PATH" of a device. */
static bool probe(struct work *work, enum end end, json_t *paths, json_t **ret_kinds)
{
	static const char PROBE[] = "for path; do\n"
				    "  if [ -b \"$path\" ]; then\n"
				    "    at=$(findmnt -rno TARGET -S \"$path\" | head -n 1) || true\n"
				    "    if [ -n \"$at\" ]; then echo \"mounted at $at\"; else echo device; fi\n"
				    "  elif [ -d \"$path\" ]; then echo folder\n"
				    "  elif [ -e \"$path\" ]; then echo file\n"
				    "  else echo nothing; fi\n"
				    "done";
	CLEANUP_FREE char *said = NULL;
	json_t *argv = json_pack("[ssssss]", "env", "LC_ALL=C", "sh", "-c", PROBE, "sh");
	json_array_extend(argv, paths);
	if (!run(work, end, argv, NULL, "cannot look at what is there", &said))
		return false;
	*ret_kinds = json_array();
	for (char *line = strtok(said, "\n"); line; line = strtok(NULL, "\n"))
		json_array_append_new(*ret_kinds, json_string(line));
	return json_array_size(*ret_kinds) == json_array_size(paths) || refuse(work, "what is there cannot be told", NULL);
}

static bool probe_all(struct work *work, const struct restore_places *places, json_t *ret_kinds[ENDS])
{
	bool done = true;
	for (enum end end = 0; done && end < ENDS; end++) {
		json_t *paths = json_array();
		for (size_t i = 0; i < places->count; i++)
			json_array_append_new(paths,
					      json_string(end == END_TARGET ? places->items[i].from : places->items[i].path));
		done = probe(work, end, paths, &ret_kinds[end]);
		json_decref(paths);
	}
	return done;
}

static bool is_mounted(const char *kind)
{
	return strncmp(kind, "mounted", strlen("mounted")) == 0;
}

static bool refuse_mounted(struct work *work, enum end end, const char *path, const char *kind)
{
	CLEANUP_FREE char *text = memory_printf("%s: %s is %s", work->seen[end].host, path, kind);
	return refuse(work, text,
		      end == END_TARGET
			      ? "what is restored would change under way: dismount it first (store.dismount), or name a "
				"snapshot of it (snapshot)"
			      : "it would be overwritten under who uses it: dismount it first (store.dismount)");
}

static bool fits(struct work *work, struct restore_place *item, const char *from, const char *here)
{
	CLEANUP_FREE char *text = NULL;
	bool folder = strcmp(from, "folder") == 0, volume = item->volume;
	if (is_mounted(from))
		return refuse_mounted(work, END_TARGET, item->from, from);
	if (is_mounted(here))
		return refuse_mounted(work, END_SOURCE, item->path, here);
	if (strcmp(from, "nothing") == 0)
		text = memory_printf("%s: there is no %s in the replica", work->seen[END_TARGET].host, item->from);
	else if (volume ? strcmp(here, "folder") == 0 : strcmp(here, "device") == 0)
		text = memory_printf("%s: %s is a %s, what is restored is a %s", work->seen[END_SOURCE].host, item->path, here,
				     volume ? "volume" : from);
	else if (!volume && strcmp(here, "nothing") != 0 && strcmp(here, from) != 0)
		text = memory_printf("%s: %s is a %s, what is restored is a %s", work->seen[END_SOURCE].host, item->path, here,
				     from);
	if (text)
		return refuse(work, text, "move what is there out of the way, or restore to another place (to)");
	item->device = strcmp(here, "device") == 0;
	item->folder = folder && !volume;
	return true;
}

/* --- whence and whither --- */

static char *joined(const char *folder, const char *below)
{
	return memory_printf("%s%s%s", folder, *below ? "/" : "", below);
}

static char *path_of(const struct work *work, const json_t *path, const char *place)
{
	const char *to = standin_input(work->call, "to");
	return to ? joined(to, place) : strdup(json_string_value(json_object_get(path, "path")));
}

static void fill(const struct work *work, const char *tree, bool volume, const json_t *path, struct restore_place *item)
{
	const char *place = json_string_value(json_object_get(path, "to"));
	const char *snapshot = standin_input(work->call, "snapshot");
	bool device = json_is_string(json_object_get(work->set, "device"));
	item->place = place ? place : "";
	item->volume = volume;
	item->path = path_of(work, path, item->place);
	item->from = volume && snapshot ? strdup(snapshot) : joined(tree, volume ? device ? "" : VOLUME : item->place);
}

/* Where its store lies, and what only it has. */
static void fill_stores(const struct work *work, struct restore_place *item)
{
	const char *id = json_string_value(json_object_get(work->call->message, "run"));
	const char *keep = standin_input(work->call, "keep"), *name = strrchr(item->path, '/') + 1;
	int folder = (int)(name - 1 - item->path);
	id = id ? id : "restore";
	if (item->folder)
		item->store = joined(item->path, STORE_NAME);
	else if (item->device)
		item->store = memory_printf("%s/%s", DEVICES, set_name(work));
	else
		item->store = memory_printf("%.*s/%s-%s", folder, item->path, STORE_NAME, name);
	if (keep)
		item->keep = memory_printf("%s/%s%s%s", keep, id, *item->place ? "/" : "", item->place);
	else if (item->device)
		item->keep = memory_printf("%s/%s", KEPT, id);
	else if (item->folder)
		item->keep = memory_printf("%s/%s/%s", item->path, KEEP_NAME, id);
	else
		item->keep = memory_printf("%.*s/%s/%s/%s", folder, item->path, KEEP_NAME, id, name);
	if (item->volume)
		item->place = item->device ? "" : VOLUME;
}

static bool look_at_places(struct work *work, struct restore_places *places)
{
	json_t *kinds[ENDS] = {NULL};
	bool good = probe_all(work, places, kinds);
	for (size_t i = 0; good && i < places->count; i++)
		good = fits(work, &places->items[i], json_string_value(json_array_get(kinds[END_TARGET], i)),
			    json_string_value(json_array_get(kinds[END_SOURCE], i)));
	for (size_t i = 0; good && i < places->count; i++)
		fill_stores(work, &places->items[i]);
	for (enum end end = 0; end < ENDS; end++)
		json_decref(kinds[end]);
	return good;
}

bool restore_places_find(struct work *work, struct restore_places *ret_places)
{
	CLEANUP_FREE char *tree = NULL;
	const json_t *paths = json_object_get(work->set, "paths");
	bool volume = json_is_true(target_status(work, "volume"));
	*ret_places = (struct restore_places){0};
	if (!find_point(work, ret_places, &tree))
		return false;
	if (standin_input(work->call, "snapshot") && !volume)
		return refuse(work, "the replica is no volume: `snapshot` names a snapshot of one", NULL);
	ret_places->count = json_array_size(paths);
	ret_places->items = memory_alloc(ret_places->count * sizeof(*ret_places->items));
	memset(ret_places->items, 0, ret_places->count * sizeof(*ret_places->items));
	for (size_t i = 0; i < ret_places->count; i++)
		fill(work, tree, volume, json_array_get(paths, i), &ret_places->items[i]);
	return look_at_places(work, ret_places);
}
