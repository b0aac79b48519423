/*
 * quote.h - an argument vector as text for each platform's shell, byte-identical at the other end or refused.
 */
#pragma once

#include "engine/base/buffer.h"
#include "engine/base/error.h"
#include "engine/runbook/inventory.h"

/* POSIX sh: plain words stay as they are, everything else in single quotes. Never fails. */
void quote_posix(struct buffer *out, const char *const *argv);
/* What is sent over ssh to a host of that platform so that its default shell starts exactly argv. Windows: PowerShell by
 * -EncodedCommand, which itself quotes for CommandLineToArgvW. NUL bytes or what cannot be proven safe: ERROR_INVALID. */
int quote_for(enum host_platform platform, const char *const *argv, struct buffer *out, struct error *err);
/* The same for windows with NAME=value set for the command (NULL: none). */
int quote_windows(const char *const *argv, const char *const *environment, struct buffer *out, struct error *err);
/* For cmd.exe itself, where there is no PowerShell: a line that it passes on to CommandLineToArgvW unchanged. What it would
 * expand, split or end at, or what a program may see as something else, cannot be escaped for certain: ERROR_INVALID, and the
 * hint says why. The program must be a plain name that ends in .exe or .com. */
int quote_cmd(const char *const *argv, struct buffer *out, struct error *err);
/* As a person would type it into PowerShell: for plans. Never fails. */
void quote_windows_for_people(struct buffer *out, const char *const *argv);
