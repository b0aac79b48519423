/*
 * protocol.h - how the engine and a process plugin talk: one JSON object a line, UTF-8, over the plugin's stdin and stdout.
 *
 * Its stderr is for people: the last of it goes with the error when the plugin dies. Every object has `message`, its name.
 *
 *     engine                                                   plugin
 *     hello {protocols, plugin, run, limits, unconfined}  --->
 *                                                         <---  welcome {protocol, describes}
 *     ...then any number of calls, several at once, each with an `id` of the engine's (1, 2, 3 ...):
 *     observe  {CALL}                                     --->
 *                                                         <---  run {id, call, host, argv}         any number of requests, each with an
 *     ran {id, exit, stdout, stderr}                      --->                                     `id` of the plugin's
 *                                                         <---  observation {id, state}
 *     apply    {CALL, before}                             --->  ... requests, progress ...
 *                                                         <---  applied {id, result}
 *     diagnose {CALL, before}                             --->
 *                                                         <---  diagnosis {id, text}
 *     describe {CALL, part, before}                       --->
 *                                                         <---  description {id, commands}
 *     cancel {id}                                         --->  (answer that call now, with what is known)
 *     goodbye {}, then the end of its stdin               --->  (exit)
 *
 * CALL is   id, action ("set"), run, host (whom it is about: an id, or null), via (the id of where it runs, "controller": the engine's
 * machine), hosts {id: inventory entry} (all that this call may ask for), inputs, object, desired (null: none), time_left (seconds).
 * A secret stands as {"secret": "text"}, only in inputs that the manifest lists in `secrets`, and always so in these. `before` is
 * {"state": {...}}, {"absent": true}, or null (not observed).
 *
 * Answers of the plugin (exactly one per call; not while a request of that call is open):
 *
 *   welcome      protocol: one of `protocols`. describes: true if it knows `describe` (it is not asked otherwise).
 *   observation  state {attribute: value} | absent: true | unobservable: "why". It has only looked, whatever it was called for.
 *                transient: true: it passes by itself. fatal: true: it does not. unreachable: true (with unobservable): no contact.
 *   applied      result: "done" | "failed" | "unknown" (it may have happened). outputs {} (tasks). error {message, hint} unless done.
 *   diagnosis    text: what goes with the error.
 *   description  commands [{host, argv, env, stdin (bool)}]: what that part of the call would run on hosts, exactly. From its inputs
 *                alone: nothing may be asked for, no network be used.
 *   progress     call, text, done, total (numbers). While it works; for people.
 *   log          text, level (debug, info, warning, error), call. Kept as evidence of the call, bounded.
 *
 * Requests of the plugin. The host is one of `hosts` of that call, anything else is refused:
 *
 *   run       id, call, host, argv; env {}, stdin | stdin_base64, become (default true: as the inventory says), timeout (seconds),
 *             encoding ("text": what is no UTF-8 becomes U+FFFD; "base64"), stream (true: `output` messages as it comes),
 *             scope (default true; within an apply: it runs in the call's named scope, one after the other, and is ended with it.
 *             false: a command that only looks).
 *     -> ran {id, exit (-1: a signal), signal, stdout, stderr, stdout_total, stderr_total}. Of a stream longer than 64 KiB the middle is missing.
 *     -> output {id, stream ("stdout" | "stderr"), data}: with stream: true, before `ran`
 *   upload    id, call, host, path, mode; text | base64 | file (one of the manifest's `process.files`). Only within an apply.
 *     -> uploaded {id}
 *   download  id, call, host, path; limit (bytes, at most DOWNLOAD_LIMIT), encoding
 *     -> downloaded {id, data}
 *   Each of these is answered with `error` {id, code, text, started} instead when it could not be done: started false: certainly nothing
 *   has happened; true: nobody knows. Codes: invalid, not_found, connection, identity_mismatch, timeout, cancelled, limit, io, failed.
 *
 * Rules. Fields that one side does not know are ignored, so that new fields can be added; they will only be added. A message that is not
 * known, out of turn, not JSON, of a wrong shape, or longer than a limit breaks the protocol: the plugin is ended, what was observed is
 * unobservable, what was applied is unknown. So is an id that is not open. Arguments and environment may hold no secret.
 */
#pragma once

#include "engine/base/error.h"
#include "engine/base/value.h"

#define PROTOCOL_VERSION 1

#define PROTOCOL_LINE_LIMIT ((size_t)1024 * 1024)	  /* bytes of one line of the plugin, with its newline */
#define PROTOCOL_OPEN_LIMIT 16				  /* requests of one plugin that are not answered yet */
#define PROTOCOL_BYTES_LIMIT ((size_t)256 * 1024 * 1024)  /* of the plugin between two answers of its */
#define PROTOCOL_MESSAGES_LIMIT 100000			  /* of the plugin between two answers of its */
#define PROTOCOL_BACKLOG_LIMIT ((size_t)32 * 1024 * 1024) /* bytes sent to it that it has not read */
#define DOWNLOAD_LIMIT ((size_t)512 * 1024)

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
