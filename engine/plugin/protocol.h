/*
 * protocol.h - how the engine and a process plugin talk: one JSON object a line, UTF-8, over the plugin's stdin and stdout.
 *
 * Its stderr is for people: the last of it goes with the error when the plugin dies. Every object has `message`, its name.
 *
 *     engine                                           plugin
 *     hello {protocols, plugin, limits, unconfined} --->
 *                                                   <---  welcome {protocol, describes}
 *     ...then any number of calls, several at once, each with an `id` of the engine's (1, 2, 3 ...):
 *     observe {CALL}                                --->
 *                                                   <---  run {id, call, host, argv}   any number of requests,
 *     ran {id, exit, stdout, stderr}                --->                               each with an `id` of the plugin's
 *                                                   <---  observation {id, state}
 *     apply {CALL, before}                          --->
 *                                                   <---  ... requests, progress, log ...
 *                                                   <---  applied {id, result}
 *     diagnose {CALL, before}                       --->
 *                                                   <---  diagnosis {id, text}
 *     describe {CALL, part, before}                 --->
 *                                                   <---  description {id, commands}
 *     cancel {id}                                   --->  (answers that call now, with what is known)
 *     goodbye {}, then the end of its stdin         --->  (exits)
 *
 * CALL:
 *   id, run, action    which call, of which run, of what: "set"
 *   host               whom it is about: a host's id, or null
 *   via                where it runs: a host's id, or "controller" (the engine's machine)
 *   hosts              {id: inventory entry}: all that this call may ask for
 *   inputs             a secret stands as {"secret": "text"}, only in inputs that the manifest lists in `secrets`
 *   object, desired    as the manifest's templates give them; null: none
 *   time_left          seconds until it is cancelled
 * before               {"state": {...}}, {"absent": true}, or null: not observed
 * part                 of describe: "observe" or "apply"
 *
 * Answers of the plugin: exactly one a call, and not while a request of that call is open.
 *
 *   welcome      protocol: one of `protocols`; describes: true if it knows `describe` (it is not asked otherwise)
 *   observation  state: {attribute: value}, or absent: true, or unobservable: "why"
 *                transient: true, it passes by itself; fatal: true, it does not; unreachable: true, there was no contact
 *   applied      result: "done", "failed", or "unknown" (it may have happened)
 *                outputs: {} of a task; error: {message, hint} unless it is done
 *   diagnosis    text: what goes with the error
 *   description  commands: [{host, argv, env, stdin (true or false)}], what that part of the call would run on hosts, exactly;
 *                from its inputs alone: nothing may be asked for, no network be used
 *
 * While it works:
 *
 *   progress     call, text, done, total (numbers); for people
 *   log          text, level (debug, info, warning, error), call; kept as evidence of the call, bounded
 *
 * Requests of the plugin. The host is one of `hosts` of that call; anything else is refused.
 *
 *   run          id, call, host, argv, and of these what it likes:
 *                env        {NAME: text}
 *                stdin      text; or stdin_base64
 *                become     false: as the connection's own user
 *                timeout    seconds; never longer than the call has
 *                encoding   of what it says: "text" (what is no UTF-8 becomes U+FFFD) or "base64"
 *                stream     true: `output` messages as it comes
 *                scope      within an apply true, if it is not said: it runs in the call's scope, one after the other, and is
 *                           ended with it; false is for commands that only look
 *     ran        id, exit (-1: by a signal), signal, stdout, stderr, stdout_total, stderr_total (bytes)
 *                of a stream longer than 64 KiB the middle is missing
 *     output     id, stream ("stdout" or "stderr"), data; before `ran`
 *   upload       id, call, host, path, mode; text, or base64, or file (one of the manifest's `process.files`)
 *                a file is replaced as a whole or not at all; only within an apply
 *     uploaded   id
 *   download     id, call, host, path; limit (bytes, at most DOWNLOAD_LIMIT), encoding
 *     downloaded id, data
 *   error        id, code, text, started: instead of each of these when it could not be done. started false: certainly nothing
 *                has happened; true: nobody knows. Codes: invalid, not_found, connection, identity_mismatch, timeout,
 *                cancelled, limit, io, failed
 *
 * Rules:
 *   Fields that one side does not know are ignored, so that new ones can be added; they will only be added.
 *   A message that is not known, out of turn, not JSON, of a wrong shape, for an id that is not open, or beyond a limit breaks
 *   the protocol: the plugin is ended, what it observed is unobservable, what it applied is unknown.
 *   Arguments, environment and paths may hold no secret.
 */
#pragma once

#include "engine/base/error.h"
#include "engine/base/value.h"

#define PROTOCOL_VERSION 1

#define PROTOCOL_LINE_LIMIT	((size_t)1024 * 1024)	    /* bytes of one line of the plugin, with its newline */
#define PROTOCOL_OPEN_LIMIT	16			    /* requests of one plugin that are not answered yet */
#define PROTOCOL_BYTES_LIMIT	((size_t)256 * 1024 * 1024) /* of the plugin between two answers of its */
#define PROTOCOL_MESSAGES_LIMIT 100000			    /* of the plugin between two answers of its */
#define PROTOCOL_BACKLOG_LIMIT	((size_t)32 * 1024 * 1024)  /* bytes sent to it that it has not read */
#define DOWNLOAD_LIMIT		((size_t)512 * 1024)

/* What a plugin says. */
enum message_kind {
	MESSAGE_WELCOME,
	MESSAGE_OBSERVATION,
	MESSAGE_APPLIED,
	MESSAGE_DIAGNOSIS,
	MESSAGE_DESCRIPTION,
	MESSAGE_PROGRESS,
	MESSAGE_LOG,
	MESSAGE_RUN,
	MESSAGE_UPLOAD,
	MESSAGE_DOWNLOAD,
	MESSAGE_KINDS,
};

struct message {
	enum message_kind kind;
	const struct value *fields; /* the whole object; every field of the shape has its type */
	int64_t id;		    /* of answers: the engine's; of requests: the plugin's; -1: none */
	int64_t call;		    /* of requests, progress and log: the engine's id; -1: none */
};

/* One line without its newline. -1: ERROR_INVALID says how it breaks the protocol. */
int message_parse(struct arena *arena, const char *line, size_t length, struct message *ret_message, struct error *err);
const char *message_name(enum message_kind kind);

/* A list of nothing but texts without NUL as an argument vector; false: it is not. */
bool message_argv(struct arena *arena, const struct value *list, const char *const **ret_argv);
/* {NAME: text} as environment; null or none gives NULL. */
bool message_environment(struct arena *arena, const struct value *map, const char *const **ret_environment);
