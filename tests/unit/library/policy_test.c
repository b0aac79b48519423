/*
 * policy_test.c - which policy governs: the trunk of repositories of every shape; and what is said of one that is wrong. What
 * policies do to a run: tests/cli/library.bats.
 */
#include "engine/library/policy.h"

#include "engine/document/diagnostic.h"
#include "tests/unit/library/scratch_repository.h"

/* The reference that the policy is read from, "none" without a policy, "[rule] message" if it cannot be. */
static const char *trunk_of(const struct scratch *scratch, const char *folder)
{
	CLEANUP_FREE char *path = file_join(scratch->folder, folder);
	struct repository *repository;
	struct diagnostics diagnostics;
	struct policy *policy;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	if (repository_open(path, &repository, &err) < 0)
		fail_msg("%s", error_text(&err));
	diagnostics_init(&diagnostics, scratch->arena);
	int result = policy_read(scratch->arena, repository, &policy, &diagnostics);
	repository_close(repository);
	if (result < 0)
		return arena_printf(scratch->arena, "[%s] %s", diagnostics.items[0].rule, diagnostics.items[0].message);
	assert_int_equal(diagnostics.count, 0);
	return policy ? policy->reference : "none";
}

#define POLICY "mkdir -p .standin && echo 'standin: \"1\"' >.standin/policy.yaml && git add -A && git commit -qm policy"

static void the_trunk(void **state)
{
	(void)state;
	CLEANUP_SCRATCH struct scratch scratch;
	scratch_open(&scratch);
	assert_string_equal(trunk_of(&scratch, "r"), "none"); /* nothing is committed */
	sh(&scratch, "git commit -q --allow-empty -m first && git branch other");
	assert_string_equal(trunk_of(&scratch, "r"), "none");
	sh(&scratch, POLICY);
	assert_string_equal(trunk_of(&scratch, "r"), "refs/heads/main");
	sh(&scratch, "git checkout -q other");
	assert_string_equal(trunk_of(&scratch, "r"), "refs/heads/main"); /* what is checked out does not matter */
	sh(&scratch, "git clone -q -b main . ../clone && git clone -q --bare . ../bare.git");
	assert_string_equal(trunk_of(&scratch, "bare.git"), "none"); /* its HEAD is other, which has none */
	sh(&scratch, "git -C ../bare.git symbolic-ref HEAD refs/heads/main");
	assert_string_equal(trunk_of(&scratch, "bare.git"), "refs/heads/main");
	sh(&scratch, "git -C ../clone remote set-head origin other");
	assert_string_equal(trunk_of(&scratch, "clone"), "none"); /* origin says that other is its trunk */
	sh(&scratch, "git -C ../clone remote set-head origin -d");
	assert_string_equal(trunk_of(&scratch, "clone"), "refs/remotes/origin/main");
	sh(&scratch,
	   "cd ../clone && git config user.name A && git config user.email a@b && git rm -q -r .standin && git commit -qm "
	   "'not pushed'");
	assert_string_equal(trunk_of(&scratch, "clone"), "refs/remotes/origin/main");
	sh(&scratch, "git -C ../clone config standin.trunk other");
	assert_string_equal(trunk_of(&scratch, "clone"), "none");
	sh(&scratch, "git -C ../clone config standin.trunk refs/heads/main");
	assert_string_equal(trunk_of(&scratch, "clone"), "none");
	sh(&scratch, "git -C ../clone config standin.trunk nowhere");
	assert_string_equal(
		trunk_of(&scratch, "clone"),
		arena_printf(scratch.arena,
			     "[policy/trunk] the trunk 'nowhere', which holds the policy of the repository %s/clone, is "
			     "not there",
			     scratch.folder));
	sh(&scratch, "git checkout -q main && git branch -m main trunk && git branch -q -D other");
	assert_string_equal(trunk_of(&scratch, "r"), "refs/heads/trunk"); /* HEAD, where there is nothing else */
}

static void what_a_policy_must_not_be(void **state)
{
	(void)state;
	static const struct {
		const char *change, *told;
	} cases[] = {
		{"echo 'standin: \"1\"' >p && echo 'branches: []' >>p", "[schema/size] must not be empty"},
		{"echo 'standin: \"1\"' >p && echo 'signatures: {on: commit}' >>p", NULL},
		{"echo 'standin: \"1\"' >p && echo 'approvers: ../outside' >>p", NULL},
		{"echo 'standin: \"1\"' >p && echo 'approvers: /etc/passwd' >>p", NULL},
		{"echo 'standin: \"1\"' >p && echo 'approvers: nowhere' >>p",
		 "[policy/file] there is no nowhere in the commit "},
		{"ln -s nowhere p", "[policy/file] .standin/policy.yaml is a symbolic link in the commit "},
		{"mkdir p && touch p/x", NULL},
		{"echo 'clean_tree: true' >p", NULL},
		{": >p", NULL},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP_SCRATCH struct scratch scratch;
		scratch_open(&scratch);
		sh(&scratch, "mkdir .standin && %s && mv p .standin/policy.yaml && git add -A && git commit -qm policy",
		   cases[i].change);
		const char *told = trunk_of(&scratch, "r");
		if (told[0] != '[' || (cases[i].told && strncmp(told, cases[i].told, strlen(cases[i].told)) != 0))
			fail_msg("%s: %s", cases[i].change, told);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_trunk),
		cmocka_unit_test(what_a_policy_must_not_be),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
