/*
 * version_test.c - what names stand for, what is read by them, and what is said when nothing can be.
 */
#include "engine/library/version.h"

#include "engine/base/json.h"
#include "engine/document/document.h"
#include "tests/unit/library/scratch_repository.h"

#define RUNBOOKS                                                                                                               \
	"mkdir -p mail common && echo one >mail/r.yaml && echo called >common/c.yaml && echo top >top.yaml && git add -A && "  \
	"git commit -qm one"

static struct version *must_open(const struct scratch *scratch, const char *name)
{
	struct version *version;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	if (version_open(scratch->arena, name, &version, &err) < 0)
		fail_msg("%s", error_text(&err));
	return version;
}

/* The text that a path of the version has; what is told instead, in brackets. */
static const char *text_of(const struct scratch *scratch, const struct version *version, const char *path)
{
	struct diagnostics diagnostics;
	const struct source *source;
	diagnostics_init(&diagnostics, scratch->arena);
	if (tree_open(&version->tree, scratch->arena, path, &source, &diagnostics) == 0)
		return source->text;
	assert_int_equal(diagnostics.count, 1);
	return arena_printf(scratch->arena, "[%s] %s%s%s", diagnostics.items[0].rule, diagnostics.items[0].message,
			    diagnostics.items[0].hint ? " | " : "", diagnostics.items[0].hint ? diagnostics.items[0].hint : "");
}

/* What is said to a name that stands for nothing; FOLDER for the scratch folder. */
static void refused(const struct scratch *scratch, const char *name, const char *expected)
{
	struct version *version;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	assert_int_equal(version_open(scratch->arena, name, &version, &err), -1);
	const char *text =
		arena_printf(scratch->arena, "%s%s%s", error_text(&err), err.hint ? " | " : "", err.hint ? err.hint : "");
	for (const char *found; (found = strstr(text, scratch->folder));)
		text = arena_printf(scratch->arena, "%.*sFOLDER%s", (int)(found - text), text, found + strlen(scratch->folder));
	assert_string_equal(text, expected);
}

static void a_file_as_it_lies_there(void **state)
{
	(void)state;
	CLEANUP_SCRATCH struct scratch scratch;
	scratch_open(&scratch);
	sh(&scratch, RUNBOOKS " && echo at >top@home.yaml");
	struct version *version = must_open(&scratch, inside(&scratch, "mail/r.yaml"));
	assert_null(version->rev);
	assert_string_equal(version->path, "mail/r.yaml");
	assert_string_equal(version->commit, sh(&scratch, "git rev-parse HEAD"));
	assert_string_equal(text_of(&scratch, version, version->name), "one\n");
	version_close(version);
	version = must_open(&scratch, inside(&scratch, "top@home.yaml")); /* it is there: no revision is meant */
	assert_null(version->rev);
	assert_string_equal(text_of(&scratch, version, version->name), "at\n");
	version_close(version);
	version = must_open(&scratch, "/proc/self/status");
	assert_null(version->repository);
	assert_null(version->problem);
	version_close(version);
}

static void branch_tag_and_commit(void **state)
{
	(void)state;
	CLEANUP_SCRATCH struct scratch scratch;
	scratch_open(&scratch);
	sh(&scratch, RUNBOOKS " && git tag light && git tag -a v1 -m v1 && git branch feature/x && echo two >mail/r.yaml && "
			      "git commit -qam two && echo three >mail/r.yaml");
	const char *first = sh(&scratch, "git rev-parse HEAD~1");
	const char *revs[] = {"light",	     "v1", "feature/x", "HEAD~1", first, arena_strndup(scratch.arena, first, 7),
			      "refs/tags/v1"};
	for (size_t i = 0; i < COUNT_OF(revs); i++) {
		struct version *version =
			must_open(&scratch, arena_printf(scratch.arena, "%s@%s", inside(&scratch, "mail/r.yaml"), revs[i]));
		assert_string_equal(version->commit, first);
		assert_string_equal(version->name, arena_printf(scratch.arena, "%.12s:mail/r.yaml", first));
		assert_string_equal(text_of(&scratch, version, version->name), "one\n");
		assert_string_equal(version->tag, strstr(revs[i], "v1") ? sh(&scratch, "git rev-parse v1") : "");
		version_close(version);
	}
	struct version *version = must_open(&scratch, arena_printf(scratch.arena, "%s@main", inside(&scratch, "mail/r.yaml")));
	assert_string_equal(text_of(&scratch, version, version->name), "two\n"); /* not what lies there */
	version_close(version);
}

static void a_repository_by_name_bare_and_not(void **state)
{
	(void)state;
	static const char *const names[] = {"r//mail/r.yaml@main", "b.git//mail/r.yaml@main",
					    "r/.git//mail/../mail/./r.yaml@main"};
	CLEANUP_SCRATCH struct scratch scratch;
	scratch_open(&scratch);
	sh(&scratch, RUNBOOKS " && git clone -q --bare . ../b.git");
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct version *version = must_open(&scratch, arena_printf(scratch.arena, "%s/%s", scratch.folder, names[i]));
		assert_string_equal(version->path, "mail/r.yaml");
		assert_string_equal(text_of(&scratch, version, version->name), "one\n");
		assert_int_equal(repository_is_bare(version->repository), i == 1);
		version_close(version);
	}
}

/* What one file calls is seen from its folder, also when the folder is the top, and when the file is gone from the work tree.
 */
static void paths_in_a_commit(void **state)
{
	(void)state;
	CLEANUP_SCRATCH struct scratch scratch;
	scratch_open(&scratch);
	sh(&scratch, RUNBOOKS " && rm -r mail top.yaml");
	struct version *version = must_open(&scratch, arena_printf(scratch.arena, "%s@main", inside(&scratch, "top.yaml")));
	const char *id = arena_strndup(scratch.arena, version->commit, 12);
	assert_string_equal(version->name, arena_printf(scratch.arena, "%s:./top.yaml", id));
	assert_string_equal(text_of(&scratch, version, arena_printf(scratch.arena, "%s:./mail/../common/c.yaml", id)),
			    "called\n");
	assert_true(tree_has(&version->tree, arena_printf(scratch.arena, "%s:mail/r.yaml", id)));
	assert_true(tree_has(&version->tree, arena_printf(scratch.arena, "%s:mail", id))); /* a folder is something, too */
	assert_false(tree_has(&version->tree, "/etc/passwd"));
	assert_string_equal(text_of(&scratch, version, arena_printf(scratch.arena, "%s:mail/../../x", id)),
			    "[library/no-file] mail/../../x leads out of the repository");
	assert_string_equal(text_of(&scratch, version, "/etc/passwd"), "[library/no-file] /etc/passwd does not lie in the "
								       "repository: paths in a commit begin at its top");
	const char *const *names;
	size_t count;
	assert_int_equal(
		tree_list(&version->tree, scratch.arena, arena_printf(scratch.arena, "%s:common", id), &names, &count, NULL),
		0);
	assert_int_equal(count, 1);
	assert_string_equal(names[0], "c.yaml");
	assert_int_equal(
		tree_list(&version->tree, scratch.arena, arena_printf(scratch.arena, "%s:./plugins", id), &names, &count, NULL),
		0);
	assert_int_equal(count, 0);
	version_close(version);
}

static void names_that_stand_for_nothing(void **state)
{
	(void)state;
	CLEANUP_SCRATCH struct scratch scratch;
	scratch_open(&scratch);
	sh(&scratch, RUNBOOKS " && git branch release && git tag release HEAD && git commit -q --allow-empty -m two && "
			      "git branch both && git tag both HEAD~1 && git tag tree 'HEAD^{tree}'");
	const char *file = inside(&scratch, "mail/r.yaml");
	refused(&scratch, arena_printf(scratch.arena, "%s@mian", file),
		"FOLDER/r/mail/r.yaml@mian: the repository FOLDER/r knows no branch, tag or commit 'mian' | did you mean "
		"'main'?");
	refused(&scratch, arena_printf(scratch.arena, "%s@", file),
		"FOLDER/r/mail/r.yaml@: '' is no revision | behind the @ stands a branch, a tag or a commit, such as @main, "
		"@v1.2, "
		"@3f2a9c1");
	refused(&scratch, arena_printf(scratch.arena, "%s@main..both", file),
		"FOLDER/r/mail/r.yaml@main..both: 'main..both' is no revision | behind the @ stands a branch, a tag or a "
		"commit, such "
		"as @main, @v1.2, @3f2a9c1");
	refused(&scratch, arena_printf(scratch.arena, "%s@both", file),
		"FOLDER/r/mail/r.yaml@both: 'both' is both a branch and a tag of the repository FOLDER/r | write "
		"@refs/heads/both or "
		"@refs/tags/both");
	refused(&scratch, arena_printf(scratch.arena, "%s@tree", file),
		"FOLDER/r/mail/r.yaml@tree: 'tree' of the repository FOLDER/r names a tree, not a commit");
	refused(&scratch, arena_printf(scratch.arena, "%s//r.yaml@main", scratch.folder),
		"FOLDER//r.yaml@main: FOLDER is no git repository");
	refused(&scratch, "/proc/self/status@main",
		"/proc/self/status@main: /proc/self/status lies in no git repository, so '@main' names nothing | leave the @ "
		"away for "
		"the file as it is, or name the repository: REPO//PATH@main");
	version_close(must_open(&scratch, arena_printf(scratch.arena, "%s@release", file))); /* both, but the same commit */
}

static void what_is_no_file(void **state)
{
	(void)state;
	CLEANUP_SCRATCH struct scratch scratch;
	scratch_open(&scratch);
	sh(&scratch, RUNBOOKS
	   " && ln -s common/c.yaml link.yaml && ln -s common way && truncate -s 1048577 huge.yaml && git add -A && "
	   "git update-index --add --cacheinfo 160000,1234567890123456789012345678901234567890,sub && git commit -qm odd");
	struct version *version = must_open(&scratch, arena_printf(scratch.arena, "%s@main", inside(&scratch, "top.yaml")));
	const char *id = arena_strndup(scratch.arena, version->commit, 12);
	const struct {
		const char *path, *told;
	} cases[] = {
		{"link.yaml",
		 "[library/no-file] link.yaml is a symbolic link in the commit %s, and links are not followed there | "
		 "name what it leads to: common/c.yaml"},
		{"way/c.yaml",
		 "[library/no-file] way is a symbolic link in the commit %s, and links are not followed there | name "
		 "what it leads to: common"},
		{"sub",
		 "[library/no-file] sub is a submodule in the commit %s: its files are in another repository | name that "
		 "repository: REPO//PATH@REV"},
		{"sub/r.yaml",
		 "[library/no-file] sub is a submodule in the commit %s: its files are in another repository | name "
		 "that repository: REPO//PATH@REV"},
		{"mail", "[library/no-file] mail is a folder in the commit %s"},
		{"top.yaml/r", "[library/missing] top.yaml is a file in the commit %s, not a folder"},
		{"mail/q.yaml", "[library/missing] there is no mail/q.yaml in the commit %s | did you mean 'r.yaml'?"},
		{"nowhere/q.yaml", "[library/missing] there is no nowhere in the commit %s"},
		{"huge.yaml", "[yaml/size] huge.yaml in the commit %s has 1048577 bytes, more than 1048576"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *cut = strstr(cases[i].told, "%s");
		assert_string_equal(
			text_of(&scratch, version, arena_printf(scratch.arena, "%s:%s", id, cases[i].path)),
			arena_printf(scratch.arena, "%.*s%s%s", (int)(cut - cases[i].told), cases[i].told, id, cut + 2));
	}
	version_close(version);
}

/* A damaged or missing object is named, with what it is of, and never read as something else. */
static void broken_repositories(void **state)
{
	(void)state;
	static const char *const damage[] = {
		"rm -f $o",
		"chmod u+w $o && printf garbage >$o",
		"chmod u+w $o && cp -f $(echo other | git hash-object -w --stdin | sed 's#^..#.git/objects/&/#') $o",
		"chmod u+w $o && : >$o",
	};
	for (size_t i = 0; i < COUNT_OF(damage); i++) {
		CLEANUP_SCRATCH struct scratch scratch;
		scratch_open(&scratch);
		sh(&scratch, RUNBOOKS);
		const char *blob = sh(&scratch, "git rev-parse HEAD:mail/r.yaml");
		sh(&scratch, "o=.git/objects/%.2s/%s; %s", blob, blob + 2, damage[i]);
		struct version *version =
			must_open(&scratch, arena_printf(scratch.arena, "%s@main", inside(&scratch, "mail/r.yaml")));
		const char *told = text_of(&scratch, version, version->name);
		const char *expected =
			arena_printf(scratch.arena,
				     "[library/damaged] the repository %s/r is damaged: its object %s (mail/r.yaml) cannot "
				     "be read: ",
				     scratch.folder, blob);
		if (strncmp(told, expected, strlen(expected)) != 0 || !strstr(told, " fsck` tells what is wrong"))
			fail_msg("%zu: %s", i, told);
		assert_string_equal(text_of(&scratch, version, arena_printf(scratch.arena, "%.12s:top.yaml", version->commit)),
				    "top\n");
		version_close(version);
	}
	CLEANUP_SCRATCH struct scratch scratch;
	scratch_open(&scratch);
	sh(&scratch, RUNBOOKS);
	const char *tree = sh(&scratch, "git rev-parse HEAD:mail");
	sh(&scratch, "rm -f .git/objects/%.2s/%s", tree, tree + 2);
	struct version *version = must_open(&scratch, arena_printf(scratch.arena, "%s@main", inside(&scratch, "mail/r.yaml")));
	assert_non_null(
		strstr(text_of(&scratch, version, version->name), arena_printf(scratch.arena, "its object %s (mail)", tree)));
	version_close(version);
}

static const char *value_after(const struct scratch *scratch, const char *name, const char *path, const char *text)
{
	struct version *version = must_open(scratch, name);
	const struct source *source = document_source(scratch->arena, path, text, strlen(text));
	const struct source *outside = document_source(scratch->arena, "/etc/standin/inventory.yaml", "x", 1);
	const struct source *sources[] = {source, outside};
	const struct value *value = version_value(version, scratch->arena, sources, COUNT_OF(sources));
	const char *json = json_text(scratch->arena, value);
	version_close(version);
	return json;
}

static void what_was_read_is_told(void **state)
{
	(void)state;
	CLEANUP_SCRATCH struct scratch scratch;
	scratch_open(&scratch);
	sh(&scratch, RUNBOOKS);
	const char *file = inside(&scratch, "mail/r.yaml"), *commit = sh(&scratch, "git rev-parse HEAD");
	const char *clean = value_after(&scratch, file, file, "one\n");
	assert_string_equal(
		clean, arena_printf(scratch.arena,
				    "{\"repository\":\"%s/r\",\"path\":\"mail/r.yaml\",\"rev\":null,\"commit\":\"%s\",\"tag\":"
				    "null,\"dirty\":false,\"files\":{\"mail/r.yaml\":"
				    "\"5626abf0f72e58d7a153368ba57db4c673c0e171\"},\"changed\":[]}",
				    scratch.folder, commit));
	const char *changed =
		value_after(&scratch, file, file, "other\n"); /* the bytes that were read count, not those that lie there */
	assert_non_null(strstr(changed, "\"dirty\":true"));
	assert_non_null(strstr(changed, "\"changed\":[\"mail/r.yaml\"]"));
	sh(&scratch, "echo x >untracked");
	assert_non_null(strstr(value_after(&scratch, file, file, "one\n"), "\"dirty\":false"));
	sh(&scratch, "echo x >top.yaml");
	assert_non_null(strstr(value_after(&scratch, file, file, "one\n"), "\"dirty\":true"));
	const char *named = value_after(&scratch, arena_printf(scratch.arena, "%s@main", file),
					arena_printf(scratch.arena, "%.12s:mail/r.yaml", commit), "one\n");
	assert_non_null(strstr(named, "\"rev\":\"main\""));
	assert_non_null(
		strstr(named, "\"files\":{\"mail/r.yaml\":\"5626abf0f72e58d7a153368ba57db4c673c0e171\"},\"changed\":[]"));
}

static void a_repository_without_a_commit(void **state)
{
	(void)state;
	CLEANUP_SCRATCH struct scratch scratch;
	scratch_open(&scratch);
	sh(&scratch, "echo one >r.yaml");
	const char *file = inside(&scratch, "r.yaml");
	const char *value = value_after(&scratch, file, file, "one\n");
	assert_non_null(strstr(value, "\"commit\":null"));
	assert_non_null(strstr(value, "\"changed\":[\"r.yaml\"]"));
	refused(&scratch, arena_printf(scratch.arena, "%s@main", file),
		"FOLDER/r/r.yaml@main: the repository FOLDER/r knows no branch, tag or commit 'main' | `git -C FOLDER/r branch "
		"-a` and "
		"`git tag` list what there is; a fetch may bring it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_as_it_lies_there),
		cmocka_unit_test(branch_tag_and_commit),
		cmocka_unit_test(a_repository_by_name_bare_and_not),
		cmocka_unit_test(paths_in_a_commit),
		cmocka_unit_test(names_that_stand_for_nothing),
		cmocka_unit_test(what_is_no_file),
		cmocka_unit_test(broken_repositories),
		cmocka_unit_test(what_was_read_is_told),
		cmocka_unit_test(a_repository_without_a_commit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
