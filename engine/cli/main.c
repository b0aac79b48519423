/*
 * main.c - standin: finds the verb, runs it. The only place where everything meets.
 */
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/memory.h"
#include "engine/base/suggest.h"
#include "engine/cli/cli.h"

/* abandon deliberately stands apart and has no short name: it is hard to hit by accident. */
static const struct verb *const verbs[] = {
	&verb_validate,
	&verb_explain,
	&verb_schema,
	&verb_fmt,
	&verb_plan,
	&verb_run,
	&verb_resume,
	&verb_attach,
	&verb_answer,
	&verb_approve,
	&verb_cancel,
	&verb_skip,
	&verb_abandon,
	&verb_runs,
	&verb_show,
	&verb_report,
	&verb_audit_verify,
	&verb_audit_key,
	&verb_audit_list,
	&verb_audit_search,
	&verb_audit_show,
	&verb_actions,
	&verb_eval,
	&verb_history,
	&verb_diff,
	&verb_replica_explain,
	&verb_replica_define,
	&verb_replica_connect,
	&verb_replica_wait,
	&verb_replica_status,
	&verb_replica_points,
	&verb_replica_sync,
	&verb_replica_verify,
	&verb_replica_pause,
	&verb_replica_resume,
	&verb_replica_disconnect,
	&verb_replica_promote,
	&verb_replica_restore,
	&verb_replica_drop,
};

static const struct {
	int code;
	const char *meaning;
} exit_codes[] = {
	{EXIT_FINE, "all is as wished"},
	{EXIT_FAILED, "a step failed (or would fail, in a plan)"},
	{EXIT_INVALID, "wrong usage, or a document that does not validate"},
	{EXIT_UNFINISHED, "the run stopped and can be resumed"},
	{EXIT_LOCKED, "another run holds the lock, or a process works on this one"},
	{EXIT_CANCELLED, "cancelled by a person"},
	{EXIT_REFUSED, "the plan no longer holds, the policy forbids it, or an approval does not count; nothing was done"},
	{EXIT_CORRUPT, "a journal does not verify"},
	{EXIT_SYSTEM, "the local system refused: a file, a permission, a connection"},
};

static void print_help(FILE *out)
{
	fputs("standin - disaster-recovery runbooks: validated, previewed, executed, resumed, proved\n\nUsage: standin VERB "
	      "...\n\n",
	      out);
	for (size_t i = 0; i < COUNT_OF(verbs); i++)
		fprintf(out, "  %-19s %s\n", verbs[i]->name, verbs[i]->summary);
	fputs("\nstandin VERB --help tells more, with examples. standin --version\n\nExit codes:\n", out);
	for (size_t i = 0; i < COUNT_OF(exit_codes); i++)
		fprintf(out, "  %d  %s\n", exit_codes[i].code, exit_codes[i].meaning);
}

static void print_manual(FILE *out)
{
	fputs("standin(1)\n\n# NAME\n\nstandin - disaster-recovery runbooks\n\n# SYNOPSIS\n\n*standin* _VERB_ ...\n\n# "
	      "VERBS\n\n",
	      out);
	for (size_t i = 0; i < COUNT_OF(verbs); i++)
		fprintf(out, "*%s*\n\t%s\n\n", verbs[i]->name, verbs[i]->summary);
	fputs("# EXIT STATUS\n\n", out);
	for (size_t i = 0; i < COUNT_OF(exit_codes); i++)
		fprintf(out, "*%d*\n\t%s\n\n", exit_codes[i].code, exit_codes[i].meaning);
}

/* How many words of the arguments name this verb; 0: it is not this one. */
static int words_of(const struct verb *verb, int argc, char **argv)
{
	const char *rest = verb->name;
	for (int words = 0; words < argc; words++) {
		size_t length = strcspn(rest, " ");
		if (strlen(argv[words]) != length || strncmp(argv[words], rest, length) != 0)
			return 0;
		if (!rest[length])
			return words + 1;
		rest += length + 1;
	}
	return 0;
}

static const struct verb *find_verb(int argc, char **argv, int *ret_words)
{
	for (size_t i = 0; i < COUNT_OF(verbs); i++) {
		*ret_words = words_of(verbs[i], argc, argv);
		if (*ret_words)
			return verbs[i];
	}
	return NULL;
}

/* "replica" alone, or with a second word that is none: which there are. False: no verb begins so. */
static bool is_family(const char *word, const char *second)
{
	const char *names[COUNT_OF(verbs)];
	size_t length = strlen(word), count = 0;
	for (size_t i = 0; i < COUNT_OF(verbs); i++)
		if (strncmp(verbs[i]->name, word, length) == 0 && verbs[i]->name[length] == ' ')
			names[count++] = verbs[i]->name + length + 1;
	if (!count)
		return false;
	const char *nearest = second ? suggest(second, names, count) : NULL;
	print_safely(stderr, "standin: there is no verb '%s%s%s'\nhint: %s", word, second ? " " : "", second ? second : "",
		     nearest ? "did you mean " : "one of: ");
	if (nearest)
		fprintf(stderr, "'%s %s'?", word, nearest);
	for (size_t i = 0; !nearest && i < count; i++)
		fprintf(stderr, "%s%s %s", i ? ", " : "", word, names[i]);
	fputc('\n', stderr);
	return true;
}

static int unknown_verb(const char *word, const char *second)
{
	const char *names[COUNT_OF(verbs)];
	if (is_family(word, second))
		return EXIT_INVALID;
	for (size_t i = 0; i < COUNT_OF(verbs); i++)
		names[i] = verbs[i]->name;
	const char *nearest = suggest(word, names, COUNT_OF(verbs));
	print_safely(stderr, "standin: there is no verb '%s'\n", word);
	if (nearest)
		fprintf(stderr, "hint: did you mean '%s'?\n", nearest);
	else
		fputs("hint: standin --help\n", stderr);
	return EXIT_INVALID;
}

/* `standin manual [VERB | rules]`: the man page's source, for the build. */
static int manual(int argc, char **argv)
{
	int words;
	if (argc && strcmp(argv[0], "rules") == 0) {
		rules_manual(stdout);
		return EXIT_FINE;
	}
	const struct verb *verb = argc ? find_verb(argc, argv, &words) : NULL;
	if (verb)
		verb_manual(verb, stdout);
	else
		print_manual(stdout);
	return EXIT_FINE;
}

/* `standin complete -- WORD...`: for the shells' completions. */
static int complete_line(int argc, char **argv)
{
	int words = 0;
	if (argc && strcmp(argv[0], "--") == 0) {
		argc--;
		argv++;
	}
	const struct verb *verb = find_verb(argc, argv, &words);
	return complete(verbs, COUNT_OF(verbs), verb, words, argc, argv);
}

/* A report that a full disk has cut off must not pass for a whole one. Who closes a pipe or a terminal has read enough; and of
 * a run the journal is the truth, not what was shown of it. */
static int told(const struct verb *verb, int code)
{
	static const char *const of_runs[] = {"run", "resume", "attach"};
	struct stat status;
	bool lost = fflush(stdout) != 0 || ferror(stdout);
	if (!lost || fstat(STDOUT_FILENO, &status) < 0 || S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) ||
	    isatty(STDOUT_FILENO))
		return code;
	fputs("standin: the output could not be written whole: is its disk full?\n", stderr);
	for (size_t i = 0; i < COUNT_OF(of_runs); i++)
		if (strcmp(verb->name, of_runs[i]) == 0)
			return code;
	return code == EXIT_FINE ? EXIT_SYSTEM : code;
}

int main(int argc, char **argv)
{
	int words;
	setlocale(LC_CTYPE, "");
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2) {
		print_help(stderr);
		return EXIT_INVALID;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
		print_help(stdout);
		return EXIT_FINE;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("standin " STANDIN_VERSION);
		return EXIT_FINE;
	}
	if (strcmp(argv[1], "manual") == 0)
		return manual(argc - 2, argv + 2);
	if (strcmp(argv[1], "complete") == 0)
		return complete_line(argc - 2, argv + 2);
	const struct verb *verb = find_verb(argc - 1, argv + 1, &words);
	return verb ? told(verb, verb->run(verb, argc - 1 - words, argv + 1 + words)) : unknown_verb(argv[1], argv[2]);
}
