/*
 * fields.h - what plans and records have in common: states, changes, durations, values as text. Internal to report/.
 */
#pragma once

#include "engine/base/buffer.h"
#include "engine/base/clock.h"
#include "engine/base/value.h"
#include "engine/report/page.h"

/* A value as people write it: web1, [a, b], {port: 25}, "two words" inside a list, ? for what is not known. */
void field_append(struct buffer *out, const struct value *value);
int64_t field_duration(const struct value *map, const char *key, int64_t fallback); /* nanoseconds, "15m" or a duration */
/* "alice@ops1" of {user, host}, or the text itself. */
void field_append_person(struct buffer *out, const struct value *person);
const char *field_text(const struct value *map, const char *key, const char *fallback);

/* Of a run's `library`: "v1.2 (3f2a9c1d2e4b) of /srv/runbooks, signed by alice", "3f2a9c1d2e4b as it lay in /srv/runbooks, with
 * changes in r.yaml"; nothing where nothing is known. */
void field_append_version(struct buffer *out, const struct value *library);

bool state_is(const struct value *state, const char *word); /* "absent", "unobservable" */
/* [{attribute, before, after}] between two states that are known; NULL if one is not, or there is no difference. */
const struct value *state_changes(struct arena *arena, const struct value *before, const struct value *after);

/* Lines "name:  before -> after", the names aligned. */
void page_changes(struct page *page, unsigned indent, const struct value *changes);
/* "key a, key b" of a state's attributes; "absent"; "unobservable (why)". */
void page_state(struct page *page, const struct value *state);
/* Each text of a list as a "$ command" line; a long script is folded to its first line unless the style is verbose. */
void page_command(struct page *page, const char *text); /* a long script as its first line, unless verbose */
void page_commands(struct page *page, unsigned indent, const struct value *commands);
void page_duration(struct page *page, enum ink ink, int64_t nanoseconds);
/* "15m", "90s", "1m05s": no tenths, and no "00s" behind whole minutes. */
void duration_short(int64_t nanoseconds, char ret_text[DURATION_TEXT_SIZE]);
