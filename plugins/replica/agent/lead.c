/*
 * lead.c - a session of an enrolled set.
 */
#include "plugins/replica/agent/lead.h"

#include <stdlib.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/fault.h"
#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "plugins/replica/agent/account.h"
#include "plugins/replica/line/channel.h"
#include "plugins/replica/session.h"
#include "plugins/replica/line/tcp.h"

#define CONNECT_TIME   (10 * NSEC_PER_SEC)
#define HANDSHAKE_TIME (10 * NSEC_PER_SEC)
/* A peer may be silent for long: it reads a disk of terabytes that has not changed, or compares one. That it is there at all is
 * the kernel's to find out. */
#define SILENCE_TIME (12 * 3600 * NSEC_PER_SEC)

struct lead {
	const char *home;
	const struct set *set;
	char *folder, *state, *key, *certificate, *name; /* owned */
	int lock;
	struct account account;
	struct cycle_events events; /* of whoever asked */
	struct cycle_progress progress;
	struct channel *channel;
};

int64_t lead_pace(int64_t nanoseconds)
{
	const char *text = getenv("STANDIN_AGENT_CLOCK");
	double factor = text ? atof(text) : 1;
	return factor > 1 ? (int64_t)((double)nanoseconds / factor) : nanoseconds;
}

static void lead_open(struct lead *lead, const char *home, const struct set *set)
{
	*lead = (struct lead){
		.home = home,
		.set = set,
		.folder = home_set_file(home, set->name, ""),
		.state = home_set_file(home, set->name, "state"),
		.key = home_file(home, "key.pem"),
		.certificate = home_file(home, "certificate.pem"),
		.name = memory_printf("the %s %s", set->role == SET_SOURCE ? "target" : "source", set->peer.address),
		.lock = -1,
	};
	lead->account = (struct account){.folder = lead->folder,
					 .term = set->term,
					 .consistency = set->consistency,
					 .wall = clock_wall(),
					 .began = clock_boottime()};
}

static void lead_free(struct lead *lead)
{
	channel_close(lead->channel);
	if (lead->lock >= 0)
		close(lead->lock);
	free(lead->folder);
	free(lead->state);
	free(lead->key);
	free(lead->certificate);
	free(lead->name);
}

static void on_tick(void *argument, const struct stream *stream)
{
	const struct lead *lead = argument;
	account_progress(&lead->account, &lead->progress, stream);
}

static void on_progress(void *argument, const struct cycle_progress *progress)
{
	struct lead *lead = argument;
	lead->progress = *progress;
}

static void on_skipped(void *argument, const char *path, const char *why)
{
	const struct lead *lead = argument;
	if (lead->events.skipped)
		lead->events.skipped(lead->events.argument, path, why);
}

static void on_difference(void *argument, const char *path, const char *what, uint64_t bytes)
{
	const struct lead *lead = argument;
	if (lead->events.difference)
		lead->events.difference(lead->events.argument, path, what, bytes);
}

static int open_channel(struct lead *lead, int socket, struct error *err)
{
	const struct channel_options options = {
		.side = lead->set->role == SET_SOURCE ? CHANNEL_CLIENT : CHANNEL_SERVER,
		.key = lead->key,
		.certificate = lead->certificate,
		.peer = lead->set->peer.certificate,
		.name = lead->name,
		.handshake = HANDSHAKE_TIME,
		.silence = SILENCE_TIME,
		.tick = on_tick,
		.argument = lead,
	};
	return channel_open(socket, &options, &lead->channel, err);
}

/* What was asked for on this host, whatever the other end wants. */
static int check_open(const struct lead *lead, struct error *err)
{
	const struct set *set = lead->set;
	const char *here = set_role_name(set->role);
	if (home_is_disconnected(lead->home, set)) {
		error_set(err, ERROR_REFUSED, "the set %s is disconnected at the %s", set->name, here);
		return error_hint(err, "connect it with a higher term");
	}
	if (!home_flag(lead->home, set->name, "paused"))
		return 0;
	error_set(err, ERROR_CANCELLED, "the set %s is paused at the %s", set->name, here);
	return error_hint(err, "`standin-agent resume --set %s` there", set->name);
}

/* --- the source --- */

static int work_as_source(struct lead *lead, enum lead_work work, struct source_result *result, struct error *err)
{
	static int (*const works[])(const struct source *source, struct stream *target, struct source_result *ret_result,
				    struct error *err) = {
		[LEAD_CYCLE] = source_cycle, [LEAD_PLAN] = source_plan,	  [LEAD_VERIFY] = source_verify,
		[LEAD_ANEW] = source_verify, [LEAD_LOOK] = source_verify, [LEAD_REPAIR] = source_repair};
	const struct set *set = lead->set;
	struct rules *rules = NULL;
	int socket = -1;
	if (*set->rules && rules_parse(set->rules, &rules, err) < 0)
		return -1;
	const char *place = set->sources[0].place;
	bool whole = set->source_count == 1 && place && !*place; /* a folder, or a volume, as the replica's root */
	const struct source source = {
		.set = set->name,
		.state = lead->state,
		.root = whole ? set->sources[0].path : NULL,
		.roots = whole ? NULL : set->sources,
		.root_count = whole ? 0 : set->source_count,
		.rules = rules,
		.term = set->term,
		.owners_by_name = set->owners_by_name,
		.orphans = set->orphans,
		.orphan_age = set->orphans_older * NSEC_PER_SEC,
		.compression = set->compression,
		.limits = set->limits,
		.mounted = set->mounted,
		.look = work == LEAD_LOOK,
		.from_start = work == LEAD_LOOK || work == LEAD_ANEW,
		.consistency = set->consistency,
		.quiesce = {.stop = set->quiesce, .start = set->thaw},
		.events = {.skipped = on_skipped,
			   .difference = work == LEAD_CYCLE || work == LEAD_REPAIR ? NULL : on_difference,
			   .progress = on_progress,
			   .argument = lead},
	};
	int failed = tcp_connect(set->peer.address, set->peer.port, clock_boottime() + CONNECT_TIME, &socket, err);
	if (failed == 0)
		failed = open_channel(lead, socket, err);
	if (failed == 0)
		failed = works[work](&source, channel_stream(lead->channel), result, err);
	rules_free(rules);
	return failed;
}

int lead_source(const char *home, const struct set *set, enum lead_work work, const struct cycle_events *events,
		struct source_result *ret_result, struct error *err)
{
	CLEANUP_ERROR struct error why = ERROR_NONE;
	struct lead lead;
	pid_t holder;
	*ret_result = (struct source_result){0};
	lead_open(&lead, home, set);
	lead.events = *events;
	int result = file_make_folders(lead.state, 0700, err);
	if (result == 0)
		result = home_lock(home, set->name, "leader", &lead.lock, &holder, err);
	if (result == 0)
		result = check_open(&lead, err);
	if (result == 0) {
		result = work_as_source(&lead, work, ret_result, &why);
		fault_hit("note");
		if (work != LEAD_PLAN && work != LEAD_LOOK &&
		    account_source(&lead.account, ret_result, &why, result < 0 ? NULL : err) < 0)
			result = -1;
		if (why.code)
			error_move(err, &why);
	}
	lead_free(&lead);
	return result;
}

/* --- the target --- */

static void look_at_store(const struct set *set, struct point *ret_point)
{
	struct store store;
	*ret_point = (struct point){0};
	if (store_look(set->store, &store, NULL) < 0)
		return;
	*ret_point = store.point;
	store_close(&store);
}

static int serve_source(struct lead *lead, struct error *err)
{
	const struct set *set = lead->set;
	const struct target_options options = {.store = set->store,
					       .device = set->device,
					       .set = set->name,
					       .term = set->term,
					       .keep = (uint64_t)set->keep,
					       .mounted = set->mounted,
					       .replace_foreign = set->replace_foreign};
	struct stream *stream = channel_stream(lead->channel);
	if (check_open(lead, err) == 0)
		return target_serve(&options, stream, err);
	struct frame_writer out = {.stream = stream};
	send_refused(&out, err, NULL);
	frame_writer_free(&out);
	return -1;
}

int lead_target(const char *home, const struct set *set, int socket, struct error *err)
{
	CLEANUP_ERROR struct error why = ERROR_NONE;
	struct point before, now;
	struct lead lead;
	lead_open(&lead, home, set);
	look_at_store(set, &before);
	int result = open_channel(&lead, socket, &why);
	bool enrolled = result == 0; /* what strangers do is the log's, not the set's */
	if (enrolled) {
		result = serve_source(&lead, &why);
		look_at_store(set, &now);
		if (account_target(&lead.account, &before, &now, channel_stream(lead.channel), &why, result < 0 ? NULL : err) <
		    0)
			result = -1;
	}
	if (why.code)
		error_move(err, &why);
	lead_free(&lead);
	return result;
}
