/*
 * explain.c - standin explain: what a rule of validate means, why it is there, what to do. All of it comes from the table of
 * rules (engine/lint/rules.yaml); so does the man page standin-rules(7).
 */
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/cli/cli.h"
#include "engine/lint/rules.h"

/* wanted: NULL: all; an id; or a family, what stands before the '/' of several. */
static bool is_wanted(const struct rule *rule, const char *wanted)
{
	size_t length = wanted ? strlen(wanted) : 0;
	return !wanted || strcmp(rule->id, wanted) == 0 ||
	       (strncmp(rule->id, wanted, length) == 0 && rule->id[length] == '/' && !strchr(wanted, '/'));
}

static void print_indented(const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");
		print_safely(stdout, "    %.*s\n", (int)length, text);
		text += length + (text[length] == '\n');
	}
}

static void print_page(const struct rule *rule)
{
	print_safely(stdout, "%s (%s)\n\n%s.\n\nWhy: %s\n\nWhat to do: %s\n\nExample:\n\n", rule->id,
		     severity_name(rule->severity), rule->title, rule->reason, rule->fix);
	print_indented(rule->example);
	if (!rule_can_be_silenced(rule))
		puts("\nIt cannot be silenced: nothing that has it is executed.");
	else
		print_safely(stdout,
			     "\nTo silence it at one step (or the whole runbook), with the reason:\n\n"
			     "    lint: {ignore: [{rule: %s, reason: \"...\"}]}\n",
			     rule->id);
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct options options;
	size_t count, found = 0;
	int early = options_parse(verb, argc, argv, &options);
	if (early)
		return early - 1;
	CLEANUP_ARENA struct arena *arena = arena_new();
	const char *wanted = options.arguments_count ? options.arguments[0] : NULL;
	const struct rule *rules = rules_all(&count), *one = wanted ? rules_find(wanted) : NULL;
	struct value *list = value_list(arena);
	for (size_t i = 0; i < count; i++) {
		if (!is_wanted(&rules[i], wanted))
			continue;
		found++;
		value_append(arena, list, rule_value(arena, &rules[i]));
		if (!options.json && !one)
			print_safely(stdout, "%-30s %-8s %s\n", rules[i].id, severity_name(rules[i].severity), rules[i].title);
	}
	if (!found) {
		const char *nearest = rules_suggest(wanted);
		print_safely(stderr, "standin explain: there is no rule '%s'\n", wanted);
		print_safely(stderr, nearest ? "hint: did you mean '%s'?\n" : "hint: `standin explain` lists them\n", nearest);
		return EXIT_INVALID;
	}
	if (options.json)
		puts(json_text(arena, list));
	else if (one)
		print_page(one);
	return EXIT_FINE;
}

static void print_paragraph(const char *word, const char *text, FILE *out)
{
	fprintf(out, "%s", word);
	print_escaped(text, out);
	fputs("\n\n", out);
}

void rules_manual(FILE *out)
{
	size_t count;
	const struct rule *rules = rules_all(&count);
	fputs("standin-rules(7)\n\n# NAME\n\nstandin-rules - what standin validate finds\n\n# DESCRIPTION\n\nEvery diagnostic "
	      "of "
	      "standin-validate(1) names one of these rules. Errors make it end with 2; so do warnings with --strict.\n\n# "
	      "RULES\n\n",
	      out);
	for (size_t i = 0; i < count; i++) {
		fputs("## ", out);
		print_escaped(rules[i].id, out);
		fprintf(out, " (%s)\n\n", severity_name(rules[i].severity));
		print_paragraph("", rules[i].title, out);
		print_paragraph("*Why:* ", rules[i].reason, out);
		print_paragraph("*What to do:* ", rules[i].fix, out);
		fprintf(out, "```\n%s```\n\n", rules[i].example);
	}
	fputs("# SEE ALSO\n\n*standin-validate*(1), *standin-explain*(1)\n", out);
}

const struct verb verb_explain = {
	.name = "explain",
	.usage = "[RULE | FAMILY] [options]",
	.summary = "tell what a rule of validate means, and what to do",
	.description =
		"Without an argument all rules are listed; with a family (yaml, schema, names, lint, ...) those of that one; "
		"with a rule its page: what was found, why that is bad, how it is mended, an example.\n"
		"Exit codes: 0, or 2 if there is no such rule.",
	.options = {OPTION_OUTPUT},
	.examples = "  standin explain\n  standin explain lint\n  standin explain lint/name-before-fence\n"
		    "  standin explain lint -o json      # for a tool\n",
	.least = 0,
	.most = 1,
	.run = run,
};
