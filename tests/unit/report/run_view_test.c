/*
 * run_view_test.c - the run view: on a pipe line by line, and what it draws on a terminal, with a clock that stands where the
 * test sets it. A small terminal (cursor up, erase, newline) plays the drawing, so that what a person would see is compared,
 * not escape codes.
 */
#include "tests/unit/report/golden.h"

#include "engine/base/clock.h"
#include "engine/report/since.h"

/* ---- a clock ---- */

static int64_t wall_now;

static int64_t fixed_wall(void)
{
	return wall_now;
}

static const char *other_boot(void)
{
	return "another boot";
}

static int set_clock(void **state)
{
	(void)state;
	since_clock = (struct since_clock){fixed_wall, fixed_wall, other_boot};
	return 0;
}

/* ---- a terminal ---- */

#define ROWS 400

struct screen {
	char *rows[ROWS]; /* owned; NULL: empty */
	size_t row, rows_count;
	bool cursor_hidden;
	unsigned bells;
};

static void screen_put(struct screen *screen, size_t *column, const char *text, size_t length)
{
	char *before = screen->rows[screen->row];
	CLEANUP_FREE char *old = before ? before : memory_strdup("");
	size_t kept = strlen(old) < *column ? strlen(old) : *column;
	size_t rest = strlen(old) > *column + length ? *column + length : strlen(old);
	screen->rows[screen->row] = memory_printf("%.*s%.*s%s", (int)kept, old, (int)length, text, old + rest);
	*column += length;
}

static void screen_erase_below(struct screen *screen, size_t column)
{
	for (size_t i = screen->row; i < ROWS; i++) {
		if (i == screen->row && screen->rows[i] && strlen(screen->rows[i]) > column)
			screen->rows[i][column] = '\0';
		else if (i > screen->row) {
			free(screen->rows[i]);
			screen->rows[i] = NULL;
		}
	}
}

/* Returns the bytes of the sequence at text, which begins with ESC [. */
static size_t screen_escape(struct screen *screen, const char *text, size_t column)
{
	size_t parameters = strspn(text + 2, "?0123456789;");
	char final = text[2 + parameters];
	if (final == 'A')
		screen->row -= (size_t)atoi(text + 2);
	else if (final == 'J')
		screen_erase_below(screen, column);
	else if (final == 'K' && screen->rows[screen->row] && strlen(screen->rows[screen->row]) > column)
		screen->rows[screen->row][column] = '\0';
	else if (final == 'l' || final == 'h')
		screen->cursor_hidden = final == 'l';
	else
		assert_true(strchr("mK", final));
	return 3 + parameters;
}

static void screen_play(struct screen *screen, const char *text)
{
	size_t column = 0;
	for (size_t i = 0; text[i];) {
		size_t plain = strcspn(text + i, "\033\r\n\a");
		if (plain) {
			screen_put(screen, &column, text + i, plain);
			i += plain;
		} else if (text[i] == '\033') {
			i += screen_escape(screen, text + i, column);
		} else {
			screen->bells += text[i] == '\a';
			screen->row += text[i] == '\n';
			column = text[i] == '\a' ? column : 0;
			i++;
		}
		assert_true(screen->row < ROWS);
		screen->rows_count = screen->row + 1;
	}
}

static char *screen_text(const struct screen *screen)
{
	struct buffer text = {0};
	for (size_t i = 0; i < screen->rows_count; i++)
		buffer_printf(&text, "%s\n", screen->rows[i] ? screen->rows[i] : "");
	return buffer_take(&text);
}

static void screen_free(struct screen *screen)
{
	for (size_t i = 0; i < ROWS; i++)
		free(screen->rows[i]);
}

/* ---- on a pipe ---- */

static char *view_all(const struct value *records, const struct report_style *style, bool live, size_t limit, bool end)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	struct run_view *view = run_view_new(out, style, live);
	for (size_t i = 0; i < records->list.count && i < limit; i++) {
		clock_parse_wall(value_get_text(records->list.items[i], "wall"), &wall_now);
		run_view_record(view, records->list.items[i]);
		run_view_tick(view);
	}
	if (end)
		run_view_end(view);
	run_view_free(view);
	fclose(out);
	return text;
}

static void test_on_a_pipe(void **state)
{
	(void)state;
	static const char *const names[] = {"run_failover", "run_hostile"};
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		for (size_t j = 0; j < COUNT_OF(golden_styles); j++) {
			CLEANUP_ARENA struct arena *arena = arena_new();
			CLEANUP_FREE char *file = golden_name(names[i], &golden_styles[j]);
			CLEANUP_FREE char *name = memory_printf("view_%s", file);
			CLEANUP_FREE char *text =
				view_all(golden_read(arena, names[i]), &golden_styles[j], false, SIZE_MAX, true);
			golden_check_safe(text, &golden_styles[j]);
			golden_compare(name, text);
		}
	}
}

/* ---- on a terminal ---- */

static void compare_screen(const char *name, const struct report_style *style, size_t records, bool end)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_FREE char *text = view_all(golden_read(arena, "run_failover"), style, true, records, end);
	struct screen screen = {0};
	screen_play(&screen, text);
	CLEANUP_FREE char *seen = screen_text(&screen);
	CLEANUP_FREE char *file = memory_printf("%s-%u.txt", name, style->width);
	assert_int_equal(screen.cursor_hidden, !end);
	golden_compare(file, seen);
	screen_free(&screen);
}

/* Numbers of records after which something worth seeing is on the screen. */
static const struct {
	const char *name;
	size_t records;
	bool end;
} moments[] = {
	{"live_reboot", 15, false}, {"live_progress", 22, false}, {"live_retry", 37, false},
	{"live_gate", 47, false},   {"live_detached", 47, true},  {"live_end", SIZE_MAX, true},
};

static void test_on_a_terminal(void **state)
{
	(void)state;
	static const unsigned widths[] = {100, 80, 40, 24};
	for (size_t i = 0; i < COUNT_OF(moments); i++) {
		for (size_t j = 0; j < COUNT_OF(widths); j++) {
			struct report_style style = {.terminal = true, .width = widths[j], .unicode = widths[j] == 80};
			compare_screen(moments[i].name, &style, moments[i].records, moments[i].end);
		}
	}
}

static void test_gate_rings_once(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct report_style style = {.terminal = true, .width = 80};
	CLEANUP_FREE char *text = view_all(golden_read(arena, "run_failover"), &style, true, SIZE_MAX, true);
	struct screen screen = {0};
	screen_play(&screen, text);
	assert_int_equal(screen.bells, 1);
	screen_free(&screen);
}

/* Nothing of what a host said reaches the terminal as a control sequence: what is left after the view's own sequences is
 * printable. */
static void test_hostile_on_a_terminal(void **state)
{
	(void)state;
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct report_style style = {.terminal = true, .width = 60, .colour = true};
	CLEANUP_FREE char *text = view_all(golden_read(arena, "run_hostile"), &style, true, SIZE_MAX, true);
	struct screen screen = {0};
	screen_play(&screen, text);
	CLEANUP_FREE char *seen = screen_text(&screen);
	golden_check_safe(seen, &style);
	assert_null(strstr(text, "\033]"));
	assert_null(strstr(text, "\033[2J"));
	screen_free(&screen);
}

static void test_what_is_no_record(void **state)
{
	(void)state;
	static const char *const texts[] = {"{}",
					    "{\"kind\":\"step_finished\"}",
					    "{\"kind\":\"progress\",\"step\":\"9\",\"percent\":900}",
					    "{\"kind\":\"answered\",\"step\":\"1\"}",
					    "{\"kind\":\"retry\",\"step\":\"1\"}",
					    "{\"kind\":\"run_opened\",\"outline\":[3,{}]}",
					    "{\"kind\":\"from the future\"}"};
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct value *records = value_list(arena);
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		const struct value *record = NULL;
		assert_int_equal(json_parse(arena, texts[i], strlen(texts[i]), &record, NULL), 0);
		value_append(arena, records, record);
	}
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	struct run_view *view = run_view_new(out, &(struct report_style){.terminal = true, .width = 30}, true);
	for (size_t i = 0; i < records->list.count; i++) {
		run_view_record(view, records->list.items[i]);
		run_view_tick(view);
	}
	run_view_free(view);
	fclose(out);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_on_a_pipe),	  cmocka_unit_test(test_on_a_terminal),
		cmocka_unit_test(test_gate_rings_once),	  cmocka_unit_test(test_hostile_on_a_terminal),
		cmocka_unit_test(test_what_is_no_record),
	};
	return cmocka_run_group_tests(tests, set_clock, NULL);
}
