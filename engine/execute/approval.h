/*
 * approval.h - signed approvals of core.approve with `from`: what is asked, whether an answer to it counts.
 *
 * What is asked is a document (README.md has its fields) that says which run and step, in whose name, and by digest everything
 * that the run executes. Its text, exactly as approval_text gives it, is what is signed. An approval is that text with a
 * signature; it counts only for the very same text, so one changed input, runbook or plugin makes it worth nothing.
 */
#pragma once

#include "engine/execute/interpreter.h"

struct approval {				 /* a gate that waits for signatures; lives as long as the interpreter */
	const char *step;			 /* instance key */
	const struct value *from;		 /* principals */
	size_t least;				 /* so many of them */
	bool not_requester;			 /* none of those who started or resumed the run */
	const char *signers_name, *revoked_name; /* what people know them by */
	const char *signers, *revoked;		 /* paths; revoked may be NULL */
	int64_t expires;			 /* wall time; 0: never */
	const struct value *document;		 /* what is asked */
	const char *text;			 /* of that */
	const struct value **given;		 /* `approved` records that count */
	size_t count, capacity;
	bool closed; /* it no longer waits */
};

/* Is it a core.approve that wants signatures? */
bool approval_wanted(const struct value *inputs);
/* "2 of alice@example.com, bob@example.com; not who asks for it; within 30m", of its inputs. */
const char *approval_terms(struct arena *arena, const struct value *inputs);

/* The step, or the first one inside of it (called runbooks too), that wants signatures; NULL: none. Nobody leaves it out by a
 * word. */
const struct step *approval_gate(const struct step *step);
/* Is every gate at which the run has asked for signatures still one in the runbook it goes on with? ERROR_CONFLICT: not this
 * one. */
int approval_check_amended(const struct interpreter *interpreter, struct error *err);

/* What is asked for this attempt; the same as before if the run asked already and nothing has changed since. ERROR_NOT_FOUND: a
 * file of who may sign is missing; ERROR_INVALID: no answer could satisfy it. */
int approval_prepare(struct interpreter *interpreter, struct attempt *attempt, struct approval **ret_approval,
		     struct error *err);
/* Could it be answered: are there enough persons, and the files of who may sign? */
int approval_check(struct interpreter *interpreter, const struct value *inputs, struct error *err);
/* Those of earlier processes that still count; of the others it is noted why they do not. */
int approval_recall(struct interpreter *interpreter, struct approval *approval);

/* An approval has come. 0: it counts, and is journaled; -1: it does not (err says why). Waits for ssh-keygen. */
int approval_take(struct interpreter *interpreter, struct approval *approval, const struct value *request, struct error *err);

/* Between two `content` of documents, in words; NULL: nothing has changed. */
const char *approval_difference(struct arena *arena, const struct value *before, const struct value *now);
/* A gate that is journaled as passed: what has changed since it was approved? NULL: nothing, or it wanted no signatures. */
const char *approval_outdated(struct interpreter *interpreter, const char *key);
