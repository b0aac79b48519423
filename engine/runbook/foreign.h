/*
 * foreign.h - words that people bring along from GitHub Actions, Ansible, Jinja, Python and the shell, and what is written here
 * instead. It only advises: what is allowed is said by the schema and names.c.
 */
#pragma once

/* For a key that a runbook does not know; NULL: none of these words. */
const char *foreign_key(const char *key);
/* For a key that an inventory does not know. */
const char *foreign_inventory_key(const char *key);
/* Where a text has `{{ inputs.x }}` without a '$', or `{% if %}`: that place; else NULL. A `{{` before another word is text, as
 * in what docker's --format takes. */
const char *foreign_braces(const char *text);
/* For a name that no expression knows; NULL: none of these words. */
const char *foreign_name(const char *name);
