/*
 * replica_test.c - replication sets: what they become for actions, and what is said about wrong ones.
 */
#include "tests/unit/runbook/reading.h"

#include "engine/runbook/replica.h"

#define HOSTS "standin: \"1\"\nhosts:\n  mail1: {address: 192.0.2.1}\n  mail2: {address: 192.0.2.2}\n"
#define SET   "standin: \"1\"\nreplica: mail\nsource: mail1\ntarget: mail2\nstore: /replica/mail\n"

static int read_set(struct reading *reading, const char *text, struct replica *ret_replica)
{
	const struct source *source = document_source(reading->arena, "sets/mail.yaml", text, strlen(text));
	return replica_from_source(reading->arena, source, reading->inventory, ret_replica, &reading->diagnostics);
}

static const char *value_of(struct reading *reading, const char *text)
{
	struct replica replica;
	must_read(reading, HOSTS, NULL);
	if (read_set(reading, text, &replica) < 0)
		fail_msg("%s", said(reading));
	return json_text(reading->arena, replica.value);
}

static void least(void **state)
{
	(void)state;
	CLEANUP_READING struct reading reading;
	reading_open(&reading);
	assert_string_equal(value_of(&reading, SET "paths: [/srv/mail]\n"),
			    "{\"name\":\"mail\",\"source\":\"mail1\",\"target\":\"mail2\",\"paths\":[{\"path\":\"/srv/mail\","
			    "\"to\":\"\"}],\"rules\":[],\"store\":\"/replica/mail\",\"device\":null,\"mounted\":false,"
			    "\"address\":\"192.0.2.2\",\"port\":7411,\"orphans\":{\"mode\":\"delete\",\"to\":null,\"older\":0},"
			    "\"consistency\":{\"mode\":\"none\",\"quiesce\":null,\"thaw\":null},\"every\":null,\"limits\":[],"
			    "\"compression\":\"auto\",\"owners\":\"id\",\"verify\":null,\"keep\":0}");
}

static void all(void **state)
{
	(void)state;
	CLEANUP_READING struct reading reading;
	reading_open(&reading);
	assert_string_equal(
		value_of(&reading,
			 SET "paths: [/srv/mail, {path: /var/spool/x, to: spool}]\nrules: [\"- *.tmp\"]\nmounted: true\n"
			     "route: {address: r2, port: 99}\norphans: {mode: move, to: /o, older: 7d}\n"
			     "consistency: {quiesce: [/a, b], thaw: [/c]}\nschedule: 1500ms\n"
			     "limits: [{from: \"08:00\", to: \"18:00\", rate: 10MiB}, {rate: 3kB}]\ncompression: zstd\nowners: "
			     "name\nverify: {every: 7d, repair: true}\nkeep: 2\n"),
		"{\"name\":\"mail\",\"source\":\"mail1\",\"target\":\"mail2\",\"paths\":[{\"path\":\"/srv/mail\",\"to\":\"srv/"
		"mail\"}"
		",{\"path\":\"/var/spool/x\",\"to\":\"spool\"}],\"rules\":[\"- "
		"*.tmp\"],\"store\":\"/replica/mail\",\"device\":null,"
		"\"mounted\":true,\"address\":\"r2\",\"port\":99,\"orphans\":{\"mode\":\"move\",\"to\":\"/"
		"o\",\"older\":604800},"
		"\"consistency\":{\"mode\":\"commands\",\"quiesce\":[\"/a\",\"b\"],\"thaw\":[\"/c\"]},\"every\":2,\"limits\":[{"
		"\"from\":\"08:00\",\"to\":\"18:00\",\"rate\":10485760},{\"from\":\"00:00\",\"to\":\"24:00\",\"rate\":3000}],"
		"\"compression\":\"zstd\",\"owners\":\"name\",\"verify\":{\"every\":604800,\"repair\":true},\"keep\":2}");
}

static const struct {
	const char *text, *said;
} wrong[] = {
	{"standin: \"1\"\nreplica: mail\nsource: mail3\ntarget: mail2\nstore: /r\npaths: [/a]\n",
	 "3:9: the inventory has no host 'mail3' [replica/host]\n"},
	{"standin: \"1\"\nreplica: mail\nsource: mail2\ntarget: mail2\nstore: /r\npaths: [/a]\n",
	 "4:9: source and target are the same host, 'mail2': a replica that dies with its source is none [replica/host]\n"},
	{"standin: \"1\"\nreplica: post\nsource: mail1\ntarget: mail2\nstore: /r\npaths: [/a]\n",
	 "2:10: the set 'post' stands in the file 'mail.yaml' [replica/name]\n"},
	{SET "paths: [/a/b, {path: /c, to: a}]\n",
	 "6:15: in the replica this would stand where /a/b stands [replica/mapping]\n"},
	{SET "paths: [/a, {path: /c, to: \"\"}]\n",
	 "6:13: in the replica this would stand where /a stands [replica/mapping]\n"},
};

static void refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		CLEANUP_READING struct reading reading;
		struct replica replica;
		reading_open(&reading);
		must_read(&reading, HOSTS, NULL);
		assert_int_equal(read_set(&reading, wrong[i].text, &replica), -1);
		assert_string_equal(said(&reading), wrong[i].said);
	}
}

static void names(void **state)
{
	(void)state;
	CLEANUP_READING struct reading reading;
	struct replica replica;
	reading_open(&reading);
	must_read(&reading, HOSTS, NULL);
	assert_string_equal(replica_advice(reading.arena, reading.inventory, "mial"),
			    "write replica/mial.yaml beside the runbook or the inventory");
	assert_int_equal(read_set(&reading, SET "paths: [/srv/mail]\n", &replica), 0);
	replicas_add(reading.arena, reading.inventory, &replica);
	assert_non_null(inventory_replica(reading.inventory, "mail"));
	assert_null(inventory_replica(reading.inventory, "mial"));
	assert_string_equal(replica_advice(reading.arena, reading.inventory, "mial"), "did you mean 'mail'?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(least),
		cmocka_unit_test(all),
		cmocka_unit_test(refused),
		cmocka_unit_test(names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
