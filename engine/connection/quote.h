/*
 * quote.h - an argument vector as text for each platform's shell, byte-identical at the other end or refused.
 */
#pragma once

#include "engine/base/buffer.h"
#include "engine/base/error.h"
#include "engine/runbook/inventory.h"

/* POSIX sh: plain words stay as they are, everything else in single quotes. Never fails. */
void quote_posix(struct buffer *out, const char *const *argv);
/* What is sent over ssh to that host so that its login shell starts exactly argv. Windows: quote_windows, or quote_cmd where
 * the inventory says so. environment (NULL: none) is set for the command on windows hosts only: elsewhere `env` is in argv by
 * then. What cannot be proven safe: ERROR_INVALID. */
int quote_for(const struct host *host, const char *const *argv, const char *const *environment, struct buffer *out,
	      struct error *err);
/* PowerShell by -EncodedCommand, which itself quotes for CommandLineToArgvW; whichever shell is given that. */
int quote_windows(const char *const *argv, const char *const *environment, struct buffer *out, struct error *err);
/* For cmd.exe itself, where there is no PowerShell: a line that it passes on to CommandLineToArgvW unchanged. What it would
 * expand, split or end at, or what a program may see as something else, cannot be escaped for certain: ERROR_INVALID, and the
 * hint says why. The program must be a plain name that ends in .exe or .com. */
int quote_cmd(const char *const *argv, struct buffer *out, struct error *err);
/* As a person would type it into that windows host's shell: for plans. Never fails. */
void quote_windows_for_people(struct buffer *out, const struct host *host, const char *const *argv,
			      const char *const *environment);
