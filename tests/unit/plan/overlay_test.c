/*
 * overlay_test.c - the world as earlier planned steps will have made it.
 */
#include "tests/unit/plan/states.h"

#include "engine/plan/overlay.h"

/* Each layer: "OBJECT=DESIRED" is laid, "~PATTERN" touches. The view is of service/m/x. */
static const struct {
	const char *layers[4];
	const char *observed, *view;
	bool planned;
} views[] = {
	{{NULL}, "{\"state\":\"failed\"}", "{\"state\":\"failed\"}", false},
	{{"service/m/y={\"state\":\"active\"}"}, "{\"state\":\"failed\"}", "{\"state\":\"failed\"}", false},
	{{"service/m/x={\"state\":\"active\"}"}, "{\"state\":\"failed\",\"pid\":7}", "{\"state\":\"active\",\"pid\":7}", true},
	{{"service/m/x={\"a\":1}", "service/m/x={\"b\":2}"},
	 "{\"a\":0}",
	 "{\"a\":1,\"b\":2}",
	 true}, /* attribute by attribute */
	{{"service/m/x={\"a\":1}", "service/m/x={\"a\":2}"}, "{\"a\":0}", "{\"a\":2}", true},
	{{"service/m/x=absent"}, "{\"a\":0}", "absent", true},
	{{"service/m/x=absent", "service/m/x={\"a\":1}"}, "{\"a\":0,\"b\":0}", "{\"a\":1}", true},
	{{"service/m/x={\"a\":1}"}, "no contact", "{\"a\":1}", true},
	{{"service/m/x={\"a\":1}"}, "absent", "{\"a\":1}", true},
	{{"~service/m/*"}, "{\"a\":0,\"b\":1}", "{\"a\":{\"?\":\"\"},\"b\":{\"?\":\"\"}}", true},
	{{"~service/m/*"}, "absent", "an earlier step may change it", true},
	{{"~service/m/*"}, "no contact", "an earlier step may change it", true},
	{{"~service/m/*", "service/m/x={\"a\":1}"}, "{\"a\":0,\"b\":1}", "{\"a\":1,\"b\":{\"?\":\"\"}}", true}, /* in order */
	{{"service/m/x={\"a\":1}", "~service/m/*"}, "{\"b\":1}", "{\"b\":{\"?\":\"\"},\"a\":{\"?\":\"\"}}", true},
	{{"~*"}, "{\"a\":0}", "{\"a\":{\"?\":\"\"}}", true},
	{{"~*/m/*"}, "{\"a\":0}", "{\"a\":{\"?\":\"\"}}", true},
	{{"~service/*x"}, "{\"a\":0}", "{\"a\":{\"?\":\"\"}}", true}, /* a star takes slashes too */
	{{"~service/m/x"}, "{\"a\":0}", "{\"a\":{\"?\":\"\"}}", true},
	{{"~service/m/x*"}, "{\"a\":0}", "{\"a\":{\"?\":\"\"}}", true},
	{{"~service/m"}, "{\"a\":0}", "{\"a\":0}", false},
	{{"~service/m/x/*"}, "{\"a\":0}", "{\"a\":0}", false},
	{{"~service/n/*"}, "{\"a\":0}", "{\"a\":0}", false},
	{{"~service/?/x"}, "{\"a\":0}", "{\"a\":0}", false}, /* only the star is special */
	{{"~service/[m]/x"}, "{\"a\":0}", "{\"a\":0}", false},
	{{"~"}, "{\"a\":0}", "{\"a\":0}", false},
};

static void add_layer(struct arena *arena, struct overlay *overlay, const char *layer)
{
	const char *equals = strchr(layer, '=');
	if (*layer == '~')
		overlay_touch(overlay, layer + 1);
	else
		overlay_lay(overlay, arena_strndup(arena, layer, (size_t)(equals - layer)), desired(arena, equals + 1));
}

static void layers_are_folded(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	for (size_t i = 0; i < COUNT_OF(views); i++) {
		CLEANUP_OVERLAY struct overlay *overlay = overlay_new(arena);
		struct observation before = observed(arena, views[i].observed);
		bool planned;
		assert_true(overlay_is_empty(overlay));
		for (const char *const *layer = views[i].layers; *layer; layer++)
			add_layer(arena, overlay, *layer);
		assert_int_equal(overlay_is_empty(overlay), !views[i].layers[0]);
		struct observation view = overlay_view(overlay, arena, "service/m/x", &before, &planned);
		if (strcmp(shown(arena, &view), views[i].view) != 0 || planned != views[i].planned)
			fail_msg("case %zu: %s, not %s", i, shown(arena, &view), views[i].view);
		assert_string_equal(shown(arena, &before), views[i].observed); /* a view changes nothing */
	}
}

static void brackets_are_letters(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_OVERLAY struct overlay *overlay = overlay_new(arena);
	struct observation before = observed(arena, "{\"a\":0}");
	bool planned;
	overlay_touch(overlay, "file/m/a[1]?.txt");
	overlay_view(overlay, arena, "file/m/a[1]?.txt", &before, &planned);
	assert_true(planned);
	overlay_view(overlay, arena, "file/m/a1x.txt", &before, &planned);
	assert_false(planned);
}

static void what_is_laid_is_the_overlays_own(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct arena *passing = arena_new();
	CLEANUP_OVERLAY struct overlay *overlay = overlay_new(arena);
	struct observation none = observation_unobservable("no contact");
	bool planned;
	overlay_lay(overlay, arena_strdup(passing, "o"), written(passing, "{\"a\":[1]}"));
	arena_free(passing);
	struct observation view = overlay_view(overlay, arena, "o", &none, &planned);
	assert_string_equal(shown(arena, &view), "{\"a\":[1]}");
}

/* Who lays an object speaks for the attributes that it declares; not for others', and not for what says something about its own
 * wish only. */
static void another_actions_attributes_are_not_known(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_OVERLAY struct overlay *overlay = overlay_new(arena);
	struct observation before = observed(arena, "{\"mode\":\"0644\",\"content\":\"different\",\"different\":1}");
	struct observation none = {.kind = OBSERVED_ABSENT};
	bool planned;
	overlay_lay(overlay, "file/m/x", written(arena, "{\"mode\":\"0640\",\"content\":\"same\"}"));
	overlay_blur(overlay, "file/m/x", written(arena, "{\"mode\":{},\"content\":{\"relative\":true}}"));
	struct observation view = overlay_view(overlay, arena, "file/m/x", &before, &planned);
	assert_string_equal(shown(arena, &view), "{\"mode\":\"0640\",\"content\":{\"?\":\"\"},\"different\":{\"?\":\"\"}}");
	assert_true(planned);
	view = overlay_view(overlay, arena, "file/m/y", &before, &planned);
	assert_string_equal(shown(arena, &view), shown(arena, &before));
	assert_false(planned);
	overlay_lay(overlay, "file/m/x", written(arena, "\"absent\""));
	overlay_blur(overlay, "file/m/x", NULL);
	view = overlay_view(overlay, arena, "file/m/x", &none, &planned);
	assert_string_equal(shown(arena, &view), "absent");
}

static const char *view_of(struct arena *arena, const struct overlay *overlay, const char *object)
{
	struct observation none = observation_unobservable("nothing"), view;
	bool planned;
	view = overlay_view(overlay, arena, object, &none, &planned);
	return shown(arena, &view);
}

static void siblings_begin_alike_and_are_put_together(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_OVERLAY struct overlay *overlay = overlay_new(arena);
	overlay_lay(overlay, "before", written(arena, "{\"a\":1}"));
	size_t mark = overlay_mark(overlay);
	overlay_lay(overlay, "one", written(arena, "{\"a\":1}"));
	overlay_touch(overlay, "two");
	struct overlay_layers *first = overlay_cut(overlay, mark);
	assert_string_equal(view_of(arena, overlay, "one"), "nothing");
	overlay_lay(overlay, "two", written(arena, "{\"a\":2}"));
	struct overlay_layers *second = overlay_cut(overlay, mark), *third = overlay_cut(overlay, mark);
	overlay_lay(overlay, "two", written(arena, "{\"a\":3}"));
	overlay_lay(overlay, "two", written(arena, "{\"a\":4}"));
	struct overlay_layers *fourth = overlay_cut(overlay, mark);
	struct table changed = {0};
	assert_null(overlay_conflict(&changed, first));
	assert_null(overlay_conflict(&changed, second)); /* what may be touched is no conflict */
	assert_null(overlay_conflict(&changed, third));
	assert_string_equal(overlay_conflict(&changed, fourth), "two");
	table_free(&changed);
	overlay_restore(overlay, first);
	overlay_restore(overlay, second);
	assert_string_equal(view_of(arena, overlay, "before"), "{\"a\":1}");
	assert_string_equal(view_of(arena, overlay, "one"), "{\"a\":1}");
	assert_string_equal(view_of(arena, overlay, "two"), "{\"a\":2}");
}

/* Views read the layers of their own object only: their order among those of others, and of touches, is kept. */
static void objects_do_not_mix(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_OVERLAY struct overlay *overlay = overlay_new(arena);
	for (int i = 0; i < 100; i++)
		overlay_lay(overlay, arena_printf(arena, "file/m/%d", i), written(arena, "{\"a\":1}"));
	overlay_touch(overlay, "file/m/7*");
	overlay_lay(overlay, "file/m/7", written(arena, "{\"b\":2}"));
	overlay_lay(overlay, "file/m/70", written(arena, "{\"b\":2}"));
	overlay_touch(overlay, "file/m/7");
	overlay_lay(overlay, "file/m/7", written(arena, "{\"c\":3}"));
	assert_string_equal(view_of(arena, overlay, "file/m/6"), "{\"a\":1}");
	assert_string_equal(view_of(arena, overlay, "file/m/7"), "{\"a\":{\"?\":\"\"},\"b\":{\"?\":\"\"},\"c\":3}");
	assert_string_equal(view_of(arena, overlay, "file/m/70"), "{\"a\":{\"?\":\"\"},\"b\":2}");
	assert_string_equal(view_of(arena, overlay, "file/m/71"), "{\"a\":{\"?\":\"\"}}");
	size_t mark = overlay_mark(overlay);
	overlay_touch(overlay, "file/m/7*");
	overlay_cut(overlay, mark); /* the one before counts again */
	assert_string_equal(view_of(arena, overlay, "file/m/70"), "{\"a\":{\"?\":\"\"},\"b\":2}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layers_are_folded),
		cmocka_unit_test(brackets_are_letters),
		cmocka_unit_test(what_is_laid_is_the_overlays_own),
		cmocka_unit_test(another_actions_attributes_are_not_known),
		cmocka_unit_test(siblings_begin_alike_and_are_put_together),
		cmocka_unit_test(objects_do_not_mix),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
