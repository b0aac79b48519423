/*
 * template_test.c - `${{ }}` in strings, lists and maps; conditions; where in the document an error is shown.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/expression/template.h"

struct fixture {
	struct arena *arena;
	struct value *names;
	struct source source;
	struct error err;
	struct span at;
};

static const struct value *resolve(void *context, const char *name, struct arena *arena)
{
	struct fixture *fixture = context;

	(void)arena;
	return value_get(fixture->names, name);
}

static int set_up(void **state)
{
	struct fixture *fixture = memory_alloc(sizeof(*fixture));
	struct value *host;

	fixture->arena = arena_new();
	fixture->names = value_map(fixture->arena);
	host = value_map(fixture->arena);
	value_put(fixture->arena, host, "name", value_string(fixture->arena, "mail1"));
	value_put(fixture->arena, host, "port", value_int(fixture->arena, 22));
	value_put(fixture->arena, fixture->names, "host", host);
	value_put(fixture->arena, fixture->names, "unknown", value_unknown());
	value_put(fixture->arena, fixture->names, "age", value_duration(fixture->arena, INT64_C(90500000000)));
	value_put(fixture->arena, fixture->names, "secret",
		  value_taint(fixture->arena, value_string(fixture->arena, "hunter2")));
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	error_clear(&fixture->err);
	arena_free(fixture->arena);
	free(fixture);
	return 0;
}

/* A string as it would come from a document in which it stands in double quotes at offset 5. */
static const struct value *written(struct fixture *fixture, const char *text, const char *document)
{
	struct value *value = value_string(fixture->arena, text);

	fixture->source = (struct source){.name = "test.yaml", .text = document, .length = strlen(document)};
	value->at = (struct span){.source = &fixture->source, .offset = 5, .length = strlen(document) - 5};
	return value;
}

static const struct value *filled(struct fixture *fixture, const struct value *value)
{
	struct activation activation = {.resolve = resolve, .context = fixture};
	struct template *template;
	const struct value *result = NULL;

	error_clear(&fixture->err);
	if (template_compile(fixture->arena, value, &template, &fixture->at, &fixture->err))
		return NULL;
	return template_evaluate(template, &activation, fixture->arena, &result, &fixture->at, &fixture->err) ? NULL : result;
}

static void expect(struct fixture *fixture, const char *text, const char *json)
{
	const struct value *result = filled(fixture, value_string(fixture->arena, text));

	assert_string_equal(error_text(&fixture->err), "");
	assert_string_equal(json_text(fixture->arena, result), json);
}

static void expect_error(struct fixture *fixture, const char *text, const char *message)
{
	assert_null(filled(fixture, value_string(fixture->arena, text)));
	assert_string_equal(error_text(&fixture->err), message);
}

static void one_whole_expression_keeps_its_type(void **state)
{
	struct fixture *fixture = *state;

	expect(fixture, "${{ host.port }}", "22");
	expect(fixture, "${{host}}", "{\"name\":\"mail1\",\"port\":22}");
	expect(fixture, " ${{ host.port }}", "\" 22\"");
	expect(fixture, "${{ host.port }}${{ host.port }}", "\"2222\"");
}

static void parts_are_put_together_as_text(void **state)
{
	struct fixture *fixture = *state;

	expect(fixture, "plain", "\"plain\"");
	expect(fixture, "", "\"\"");
	expect(fixture, "host ${{ host.name }}:${{ host.port }}!", "\"host mail1:22!\"");
	expect(fixture, "${{ age }} ${{ 1.5 }} ${{ true }} ${{ timestamp(0) }} ${{ 7u }}",
	       "\"90.5s 1.5 true 1970-01-01T00:00:00Z 7\"");
}

static void the_end_of_an_expression_is_found(void **state)
{
	struct fixture *fixture = *state;

	expect(fixture, "a ${{ '}}' }} b", "\"a }} b\"");
	expect(fixture, "a ${{ {'a': {'b': 1}}.a.b }} b", "\"a 1 b\"");
	expect(fixture, "a ${{ {'a': {'b': 1}}['a']['b']}}", "\"a 1\"");
	expect(fixture, "${{ {'a': {'b': 1}}}}", "{\"a\":{\"b\":1}}");
	expect_error(fixture, "a ${{ host.name } b", "the '${{' is not closed by '}}'");
	assert_string_equal(fixture->err.hint, "a literal '${{' is written '$${{'");
	expect_error(fixture, "a ${{ host.name", "the '${{' is not closed by '}}'");
	expect_error(fixture, "a ${{ 'host }}", "the string that begins here is not closed");
	expect_error(fixture, "a ${{ }}", "the expression is empty");
}

static void a_doubled_dollar_is_literal(void **state)
{
	struct fixture *fixture = *state;

	expect(fixture, "$${{ host }}", "\"${{ host }}\"");
	expect(fixture, "$$${{ host }}", "\"$${{ host }}\"");
	expect(fixture, "$${{ ${{ host.port }}", "\"${{ 22\"");
	expect(fixture, "$5 ${x} $", "\"$5 ${x} $\"");
	assert_true(template_has("a ${{", 5));
	assert_false(template_has("a $${{", 6));
	assert_false(template_has("a ${ {", 6));
}

static void lists_maps_and_null_are_no_text(void **state)
{
	struct fixture *fixture = *state;

	expect_error(fixture, "a ${{ ['b'] }}", "list cannot be put into text");
	assert_string_equal(fixture->err.hint, "write list.join(', ')");
	expect_error(fixture, "a ${{ host }}", "map cannot be put into text");
	expect_error(fixture, "a ${{ null }}", "null cannot be put into text");
	expect_error(fixture, "a ${{ type(1) }}", "type cannot be put into text");
}

static void unknown_and_secret_parts_mark_the_whole(void **state)
{
	struct fixture *fixture = *state;
	const struct value *result = filled(fixture, value_string(fixture->arena, "a ${{ unknown }} ${{ host.name }}"));

	assert_true(value_is(result, VALUE_UNKNOWN));
	result = filled(fixture, value_string(fixture->arena, "pass=${{ secret }}"));
	assert_true(value_is_text(result, "pass=hunter2"));
	assert_true(result->secret);
	result = filled(fixture, value_string(fixture->arena, "${{ unknown }}${{ secret }}"));
	assert_true(value_is(result, VALUE_UNKNOWN));
	assert_true(result->secret);
	assert_false(filled(fixture, value_string(fixture->arena, "user=${{ host.name }}"))->secret);
}

static void structures_keep_their_shape(void **state)
{
	struct fixture *fixture = *state;
	struct value *map = value_map(fixture->arena), *list = value_list(fixture->arena);

	value_append(fixture->arena, list, value_string(fixture->arena, "${{ host.port + 1 }}"));
	value_append(fixture->arena, list, value_int(fixture->arena, 7));
	value_append(fixture->arena, list, value_string(fixture->arena, "${{ unknown }}"));
	value_put(fixture->arena, map, "${{ key }}", list);
	value_put(fixture->arena, map, "text", value_string(fixture->arena, "x"));
	assert_string_equal(json_text(fixture->arena, filled(fixture, map)),
			    "{\"${{ key }}\":[23,7,{\"?\":\"\"}],\"text\":\"x\"}");
}

static void an_error_is_placed_in_the_document(void **state)
{
	struct fixture *fixture = *state;
	static const char document[] = "run: \"\\t ${{ host.name }} ${{ host.prot }}\"",
			  escaped[] = "run: \"${{ 'a\\u0041' + 1 }}\"";

	assert_null(filled(fixture, written(fixture, "\t ${{ host.name }} ${{ host.prot }}", document)));
	assert_string_equal(error_text(&fixture->err), "no such key: 'prot'; did you mean 'port'?");
	assert_int_equal(fixture->at.offset, strstr(document, "host.prot") - document);
	assert_int_equal(fixture->at.length, strlen("host.prot"));

	assert_null(filled(fixture,
			   written(fixture, "\t ${{ host.name }} ${{ host. }}", "run: \"\\t ${{ host.name }} ${{ host. }}\"")));
	assert_string_equal(error_text(&fixture->err), "the expression ends where a field or function name should follow");
	assert_int_equal(fixture->at.offset, 36);

	/* Written otherwise than it reads: the whole value. */
	assert_null(filled(fixture, written(fixture, "${{ 'aA' + 1 }}", escaped)));
	assert_int_equal(fixture->at.offset, 5);
	assert_int_equal(fixture->at.length, strlen(escaped) - 5);
}

static void a_result_stands_where_its_template_stood(void **state)
{
	struct fixture *fixture = *state;
	const struct value *result = filled(fixture, written(fixture, "${{ host.port }}", "run: \"${{ host.port }}\""));

	assert_ptr_equal(result->at.source, &fixture->source);
	assert_int_equal(result->at.offset, 5);
}

/* The condition's result as JSON, or the error's text. */
static const char *condition(struct fixture *fixture, const struct value *value)
{
	struct activation activation = {.resolve = resolve, .context = fixture};
	struct template *template;
	const struct value *result;

	error_clear(&fixture->err);
	if (template_compile_condition(fixture->arena, value, &template, &fixture->at, &fixture->err) ||
	    template_evaluate(template, &activation, fixture->arena, &result, &fixture->at, &fixture->err))
		return error_text(&fixture->err);
	return json_text(fixture->arena, result);
}

static void conditions_are_bare_or_whole(void **state)
{
	struct fixture *fixture = *state;
	struct arena *arena = fixture->arena;

	assert_string_equal(condition(fixture, value_bool(false)), "false");
	assert_string_equal(condition(fixture, value_string(arena, "host.port == 22")), "true");
	assert_string_equal(condition(fixture, value_string(arena, " ${{ host.port == 23 }} ")), "false");
	assert_string_equal(condition(fixture, value_string(arena, "unknown")), "{\"?\":\"\"}");
	assert_string_equal(condition(fixture, value_string(arena, "'${{' == host.name")), "false");
	assert_string_equal(condition(fixture, value_string(arena, "host.name")),
			    "a condition must yield a bool; this one yields string");
	assert_string_equal(condition(fixture, value_string(arena, "${{ true }} && false")),
			    "a condition is one expression, and something follows the '}}'");
	assert_string_equal(condition(fixture, value_int(arena, 1)),
			    "a condition is an expression, true or false; this is int");
	assert_string_equal(condition(fixture, value_string(arena, "")), "the expression is empty");
}

static void note(void *context, const char *const *parts, size_t count, struct span at)
{
	struct buffer *out = context;

	for (size_t i = 0; i < count; i++)
		buffer_printf(out, "%s%s", i ? "." : "", parts[i]);
	buffer_printf(out, "@%u+%u ", at.offset, at.length);
}

static void names_are_listed_with_their_places(void **state)
{
	struct fixture *fixture = *state;
	static const char text[] = "a ${{ host.name }} ${{ x + inputs.y }}";
	CLEANUP_BUFFER struct buffer out = {0};
	struct template *template;

	assert_int_equal(template_compile(fixture->arena, written(fixture, text, "run: a ${{ host.name }} ${{ x + inputs.y }}"),
					  &template, NULL, NULL),
			 0);
	assert_false(template_is_constant(template));
	template_visit_names(template, note, &out);
	assert_string_equal(buffer_text(&out), "host.name@11+9 x@28+1 inputs.y@32+8 ");
	assert_int_equal(template_compile(fixture->arena, value_string(fixture->arena, "$${{ x }}"), &template, NULL, NULL), 0);
	assert_true(template_is_constant(template));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_whole_expression_keeps_its_type, set_up, tear_down),
		cmocka_unit_test_setup_teardown(parts_are_put_together_as_text, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_end_of_an_expression_is_found, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_doubled_dollar_is_literal, set_up, tear_down),
		cmocka_unit_test_setup_teardown(lists_maps_and_null_are_no_text, set_up, tear_down),
		cmocka_unit_test_setup_teardown(unknown_and_secret_parts_mark_the_whole, set_up, tear_down),
		cmocka_unit_test_setup_teardown(structures_keep_their_shape, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_error_is_placed_in_the_document, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_result_stands_where_its_template_stood, set_up, tear_down),
		cmocka_unit_test_setup_teardown(conditions_are_bare_or_whole, set_up, tear_down),
		cmocka_unit_test_setup_teardown(names_are_listed_with_their_places, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
