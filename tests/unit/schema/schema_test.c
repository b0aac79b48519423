/*
 * schema_test.c - what schemas say about values. The keywords' meaning is the official test suite's business
 * (tests/conformance/schema_conformance.c); here are the words of the diagnostics, and what the suite does not know: templates,
 * unknown values, secrets, limits. Run from the top of the repository.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

#include "engine/base/json.h"
#include "engine/document/document.h"
#include "engine/schema/product.h"
#include "engine/schema/schema.h"
#include "tests/unit/document/cases.h"

#define LEAST_CASES 30

static const struct value *read_yaml(struct arena *arena, const char *path)
{
	struct diagnostics diagnostics;
	const struct source *source;
	const struct value *value;
	diagnostics_init(&diagnostics, arena);
	assert_int_equal(document_read(arena, path, &source, &value, &diagnostics), 0);
	return value;
}

static void check(struct arena *arena, const struct schema *schema, const struct value *value,
		  const struct schema_options *options, struct buffer *out)
{
	struct diagnostics diagnostics;
	diagnostics_init(&diagnostics, arena);
	bool loud = schema_check(schema, value, options, &diagnostics);
	assert_int_equal(loud, schema_check(schema, value, options, NULL));
	assert_int_equal(loud, diagnostics.errors == 0);
	diagnostics_sort(&diagnostics);
	diagnostics_print(out, &diagnostics, false);
	if (loud)
		buffer_add(out, "fine\n");
}

static void run_product_case(const char *path, struct buffer *out, void *context)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct schema_options options = {.templates = strcmp(context, "inventory") != 0};
	check(arena, schema_product(context), read_yaml(arena, path), &options, out);
}

static void product_cases(void **state)
{
	(void)state;
	static const char *const products[] = {"runbook", "inventory", "plugin", "replica"};
	for (size_t i = 0; i < COUNT_OF(products); i++) {
		CLEANUP_FREE char *folder = file_join("tests/cases/schema", products[i]);
		int failed;
		assert_true(cases_walk(folder, run_product_case, (void *)products[i], &failed) > 0);
		assert_int_equal(failed, 0);
	}
}

/* {schema: ..., value: ...} in one file. */
static void run_general_case(const char *path, struct buffer *out, void *context)
{
	(void)context;
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_ERROR struct error err = ERROR_NONE;
	const struct value *document = read_yaml(arena, path);
	struct schema *schema;
	if (schema_compile(arena, value_get(document, "schema"), &schema, &err) == 0)
		check(arena, schema, value_get(document, "value"), NULL, out);
	else
		buffer_printf(out, "does not compile: %s\n%s%s%s", error_text(&err), err.hint ? "hint: " : "",
			      err.hint ? err.hint : "", err.hint ? "\n" : "");
}

static void general_cases(void **state)
{
	(void)state;
	int failed;
	assert_true(cases_walk("tests/cases/schema/general", run_general_case, NULL, &failed) >= LEAST_CASES);
	assert_int_equal(failed, 0);
}

static const struct value *json(struct arena *arena, const char *text)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	const struct value *value = NULL;
	if (json_parse(arena, text, strlen(text), &value, &err) < 0)
		fail_msg("%s: %s", text, error_text(&err));
	return value;
}

static struct schema *compile(struct arena *arena, const char *text)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct schema *schema = NULL;
	if (schema_compile(arena, json(arena, text), &schema, &err) < 0)
		fail_msg("%s: %s", text, error_text(&err));
	return schema;
}

static void assert_says(struct arena *arena, const char *schema, const struct value *value,
			const struct schema_options *options, const char *expected)
{
	CLEANUP_BUFFER struct buffer out = {0};
	check(arena, compile(arena, schema), value, options, &out);
	assert_string_equal(buffer_text(&out), expected);
}

static void values_without_a_place_are_named(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	static const char schema[] = "{\"properties\": {\"a\": {\"items\": {\"properties\": {\"b\": {\"type\": \"string\"}},"
				     " \"required\": [\"c\"]}}}, \"additionalProperties\": false}";
	const struct value *value = json(arena, "{\"a\": [{\"c\": 1}, {\"b\": 2}], \"unknown\": 3}");
	assert_says(arena, schema, value, &(struct schema_options){.path = "with"},
		    "error: with.a[1]: missing key 'c' [schema/missing-key]\n"
		    "error: with.a[1].b: must be a string, but is 2 [schema/type]\n"
		    "  = hint: write it in quotes: \"2\"\n"
		    "error: with: unknown key 'unknown' [schema/unknown-key]\n  = hint: allowed here: a\n");
	assert_says(arena, schema, json(arena, "{\"a\": [{}]}"), NULL, "error: a[0]: missing key 'c' [schema/missing-key]\n");
}

static void templates_conform(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct schema_options with = {.templates = true};
	const struct value *template = value_string(arena, "a ${{ b }}"), *escaped = value_string(arena, "a $${{ b }}");
	assert_says(arena, "{\"type\": \"integer\", \"maximum\": 3}", template, &with, "fine\n");
	assert_says(arena, "{\"type\": \"integer\"}", escaped, &with,
		    "error: must be an integer, but is 'a $${{ b }}' [schema/type]\n");
	assert_says(arena, "{\"type\": \"integer\"}", template, NULL,
		    "error: must be an integer, but is 'a ${{ b }}' [schema/type]\n");
	assert_says(arena, "false", template, &with, "error: nothing is allowed here [schema/not-allowed]\n");
	assert_says(arena, "{\"not\": {\"type\": \"string\"}}", template, &with, "fine\n");
	/* A branch that holds only because of a template is no contradiction. */
	const struct value *map = json(arena, "{\"kind\": \"${{ k }}\", \"x\": 1}");
	assert_says(arena,
		    "{\"oneOf\": [{\"properties\": {\"kind\": {\"const\": \"a\"}}}, {\"properties\": {\"kind\": {\"const\": "
		    "\"b\"}}}]}",
		    map, &with, "fine\n");
	assert_says(arena, "{\"not\": {\"properties\": {\"kind\": {\"const\": \"a\"}}}}", map, &with, "fine\n");
	assert_says(arena, "{\"if\": {\"properties\": {\"kind\": {\"const\": \"a\"}}}, \"then\": {\"required\": [\"y\"]}}", map,
		    &with, "fine\n");
	assert_says(arena, "{\"contains\": {\"const\": 1}, \"maxContains\": 1}", json(arena, "[\"${{ a }}\", \"${{ b }}\"]"),
		    &with, "fine\n");
}

static void unknown_values_conform(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	assert_says(arena, "{\"type\": \"integer\"}", value_unknown(), NULL, "fine\n");
	struct value *map = value_map(arena);
	value_put(arena, map, "a", value_unknown());
	assert_says(arena, "{\"properties\": {\"a\": {\"type\": \"integer\"}}, \"required\": [\"a\"]}", map, NULL, "fine\n");
}

static void other_types_are_their_own(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	assert_says(arena, "{\"type\": [\"string\", \"number\"]}", value_duration(arena, 1), NULL,
		    "error: must be a string or a number, but is a duration [schema/type]\n");
	assert_says(arena, "{\"minimum\": 3}", value_duration(arena, 1), NULL, "fine\n");
	assert_says(arena, "{\"type\": \"integer\", \"minimum\": 3}", value_uint(arena, 18446744073709551615u), NULL, "fine\n");
}

static void secrets_are_not_shown(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	const struct value *secret = value_taint(arena, value_string(arena, "hunter2"));
	assert_says(arena, "{\"enum\": [\"hunter3\", \"x\"]}", secret, NULL,
		    "error: must be one of 'hunter3', 'x', but is a secret [schema/value]\n");
	assert_says(arena, "{\"pattern\": \"^x\"}", secret, NULL,
		    "error: a secret does not match the pattern ^x [schema/pattern]\n");
	assert_says(arena, "{\"maxLength\": 3}", secret, NULL,
		    "error: must have at most 3 characters, but has 7 [schema/length]\n");
}

static void registry(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct schema_registry *registry = schema_registry_new(arena);
	struct schema *schema;
	const struct value *main = json(arena, "{\"$id\": \"https://x.test/a/main\", \"$ref\": \"../b/other#/$defs/name\"}");
	assert_int_equal(schema_compile_with(arena, main, registry, &schema, &err), -1);
	assert_string_equal(error_text(&err), "/$ref: there is no schema 'https://x.test/b/other'");
	assert_int_equal(schema_registry_add(registry, "https://x.test/b/other",
					     json(arena, "{\"$defs\": {\"name\": {\"type\": \"string\"}}}"), NULL),
			 0);
	assert_int_equal(schema_registry_add(registry, "https://x.test/c", json(arena, "3"), NULL), -1);
	assert_int_equal(schema_compile_with(arena, main, registry, &schema, NULL), 0);
	assert_true(schema_check(schema, value_string(arena, "x"), NULL, NULL));
	assert_false(schema_check(schema, value_int(arena, 3), NULL, NULL));
	main = json(arena, "{\"type\": \"string\", \"x-mine\": 3}");
	assert_int_equal(schema_compile_with(arena, main, registry, &schema, NULL), -1);
	schema_registry_ignore_unknown_keywords(registry);
	assert_int_equal(schema_compile_with(arena, main, registry, &schema, NULL), 0);
}

static void metaschema(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	static const char schema[] = "{\"$ref\": \"https://json-schema.org/draft/2020-12/schema\"}";
	assert_says(arena, schema, json(arena, "{\"items\": {\"minLength\": 3}}"), NULL, "fine\n");
	assert_says(arena, schema, json(arena, "{\"items\": {\"minLength\": -3}}"), NULL,
		    "error: items.minLength: must be at least 0, but is -3 [schema/range]\n");
	static const char *const products[] = {"runbook", "inventory", "plugin", "replica"};
	for (size_t i = 0; i < COUNT_OF(products); i++)
		assert_says(arena, schema, json(arena, schema_product_text(products[i])), NULL, "fine\n");
}

/* A list inside of a list, many times. */
static const struct value *nested(struct arena *arena, unsigned depth)
{
	const struct value *value = value_int(arena, 1);
	for (unsigned i = 0; i < depth; i++) {
		struct value *list = value_list(arena);
		value_append(arena, list, value);
		value = list;
	}
	return value;
}

static void depth_is_bounded(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	static const char schema[] = "{\"items\": {\"$ref\": \"#\"}}";
	assert_says(arena, schema, nested(arena, 400), NULL, "fine\n");
	CLEANUP_BUFFER struct buffer out = {0};
	check(arena, compile(arena, schema), nested(arena, 5000), NULL, &out);
	assert_non_null(strstr(out.data, "nested too deeply [schema/limit]\n"));
	CLEANUP_BUFFER struct buffer text = {0};
	for (int i = 0; i < 200; i++)
		buffer_add(&text, "{\"not\":");
	buffer_add(&text, "true");
	for (int i = 0; i < 200; i++)
		buffer_add(&text, "}");
	struct schema *compiled;
	assert_int_equal(schema_compile(arena, json(arena, text.data), &compiled, NULL), -1);
}

/* Two branches that both go down to the next level: 2^40 ways. */
static void work_is_bounded(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	static const char schema[] =
		"{\"$defs\": {\"t\": {\"anyOf\": [{\"items\": {\"$ref\": \"#/$defs/t\"}, \"type\": \"array\"},"
		" {\"items\": {\"$ref\": \"#/$defs/t\"}, \"type\": \"array\"}]}}, \"$ref\": \"#/$defs/t\"}";
	CLEANUP_BUFFER struct buffer out = {0};
	check(arena, compile(arena, schema), nested(arena, 40), NULL, &out);
	assert_string_equal(out.data, "error: checking this value takes too much work [schema/limit]\n");
}

static void long_lists(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct value *list = value_list(arena);
	for (int i = 0; i < 200000; i++)
		value_append(arena, list, i % 2 ? value_printf(arena, "item %d", i) : value_int(arena, i));
	assert_says(arena, "{\"uniqueItems\": true, \"items\": {\"type\": [\"string\", \"integer\"]}}", list, NULL, "fine\n");
	value_append(arena, list, value_double(arena, 4.0));
	assert_says(arena, "{\"uniqueItems\": true}", list, NULL, "error: item 200001 repeats item 5: 4.0 [schema/unique]\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(product_cases),
		cmocka_unit_test(general_cases),
		cmocka_unit_test(values_without_a_place_are_named),
		cmocka_unit_test(templates_conform),
		cmocka_unit_test(unknown_values_conform),
		cmocka_unit_test(other_types_are_their_own),
		cmocka_unit_test(secrets_are_not_shown),
		cmocka_unit_test(registry),
		cmocka_unit_test(metaschema),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(work_is_bounded),
		cmocka_unit_test(long_lists),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
