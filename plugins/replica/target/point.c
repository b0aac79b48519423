/*
 * point.c - the point as lines of "name value", all of them, each once, in this order.
 */
#include "plugins/replica/target/point.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/file.h"
#include "engine/base/memory.h"

#define POINT_LIMIT 4096

void point_format(struct buffer *out, const struct point *point)
{
	char source[IDENTITY_HEX], id[IDENTITY_HEX];
	identity_hex(&point->source, source);
	identity_hex(&point->point, id);
	buffer_printf(out, "standin-point 1\nset %s\nsource %s\nterm %" PRIu64 "\npromoted %d\n", point->set, source,
		      point->term, point->promoted);
	buffer_printf(
		out, "generation %" PRIu64 "\npoint %s\ntree %" PRIu64 "\nseed %" PRIu64 "\ntime %" PRId64 "\nconsistency %s\n",
		point->generation, id, point->tree, point->seed, point->time, consistency_name(point->consistency));
	char content[DIGEST_HEX];
	digest_hex(&point->content, content);
	buffer_printf(out, "device %s\ncontent %s\n", point->device, content);
	buffer_printf(out, "unstable %" PRIu64 "\nskipped %" PRIu64 "\nconflicts %" PRIu64 "\n", point->unstable,
		      point->skipped, point->conflicts);
	buffer_printf(out, "keep %" PRIu64 "\ncopy-of %" PRIu64 "\npromoted-at %" PRId64 "\n", point->keep, point->copy_of,
		      point->promoted_at);
}

/* The value of the line "name value" at *text, which is moved behind it. */
static bool take_line(const char **text, const char *name, char *ret_value, size_t size)
{
	size_t length = strcspn(*text, "\n"), name_length = strlen(name);
	if (!(*text)[length] || length <= name_length || strncmp(*text, name, name_length) != 0 || (*text)[name_length] != ' ')
		return false;
	size_t value_length = length - name_length - 1;
	if (value_length >= size)
		return false;
	memcpy(ret_value, *text + name_length + 1, value_length);
	ret_value[value_length] = '\0';
	*text += length + 1;
	return true;
}

static bool take_number(const char **text, const char *name, uint64_t *ret_number)
{
	char value[24], *end;
	if (!take_line(text, name, value, sizeof(value)) || value[0] < '0' || value[0] > '9')
		return false;
	*ret_number = strtoull(value, &end, 10);
	return !*end;
}

static bool take_flag(const char **text, const char *name, bool *ret_flag)
{
	uint64_t number;
	if (!take_number(text, name, &number) || number > 1)
		return false;
	*ret_flag = number;
	return true;
}

static bool take_identity(const char **text, const char *name, struct identity *ret_identity)
{
	char value[IDENTITY_HEX];
	return take_line(text, name, value, sizeof(value)) && identity_parse(value, ret_identity) == 0;
}

static bool take_digest(const char **text, const char *name, struct digest *ret_digest)
{
	struct identity identity; /* as many bytes in the same digits */
	if (!take_identity(text, name, &identity))
		return false;
	memcpy(ret_digest->bytes, identity.bytes, sizeof(ret_digest->bytes));
	return true;
}

int point_parse(const char *text, struct point *ret_point, struct error *err)
{
	struct point point = {0};
	uint64_t version, time, promoted_at = 0;
	char consistency[16];
	bool good = take_number(&text, "standin-point", &version) && version == 1 &&
		    take_line(&text, "set", point.set, sizeof(point.set)) && take_identity(&text, "source", &point.source) &&
		    take_number(&text, "term", &point.term) && take_flag(&text, "promoted", &point.promoted) &&
		    take_number(&text, "generation", &point.generation) && take_identity(&text, "point", &point.point) &&
		    take_number(&text, "tree", &point.tree) && take_number(&text, "seed", &point.seed) &&
		    take_number(&text, "time", &time) && take_line(&text, "consistency", consistency, sizeof(consistency)) &&
		    consistency_parse(consistency, &point.consistency) == 0 &&
		    take_line(&text, "device", point.device, sizeof(point.device)) &&
		    take_digest(&text, "content", &point.content) && take_number(&text, "unstable", &point.unstable) &&
		    take_number(&text, "skipped", &point.skipped) && take_number(&text, "conflicts", &point.conflicts) &&
		    take_number(&text, "keep", &point.keep) && take_number(&text, "copy-of", &point.copy_of) &&
		    (!*text || take_number(&text, "promoted-at", &promoted_at)) && !*text; /* a store of an older agent */
	if (!good)
		return error_set(err, ERROR_CORRUPT, "it is no recovery point of version 1");
	point.time = (int64_t)time;
	point.promoted_at = (int64_t)promoted_at;
	point.consistent = point.consistency != CONSISTENCY_NONE;
	*ret_point = point;
	return 0;
}

double point_loss(const struct point *point)
{
	if (!point->promoted || !point->promoted_at)
		return -1;
	int64_t lost = point->promoted_at - point->time;
	return lost > 0 ? (double)(lost / NSEC_PER_MSEC) / 1000 : 0;
}

int point_read(const char *path, struct point *ret_point, struct error *err)
{
	CLEANUP_FREE char *text = NULL;
	CLEANUP_ERROR struct error why = ERROR_NONE;
	size_t length;
	if (file_read(path, POINT_LIMIT, &text, &length, &why) == 0)
		return point_parse(text, ret_point, err) < 0 ? error_wrap(err, "%s", path) : 0;
	if (why.code == ERROR_NOT_FOUND) {
		*ret_point = (struct point){0};
		return 0;
	}
	error_move(err, &why);
	return -1;
}

int point_write(const char *path, const struct point *point, struct error *err)
{
	CLEANUP_BUFFER struct buffer text = {0};
	point_format(&text, point);
	return file_write_durable(path, text.data, text.length, 0600, err);
}
