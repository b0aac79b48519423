/*
 * paths.h - lists of Windows paths: each once, sorted, and the folders that hold them all. Case does not count, as on Windows.
 */
#pragma once

#include <jansson.h>

/* Adds path unless it is there already; NULL is none. */
void paths_add(json_t *paths, const char *path);
/* The folder of a file: D:\mdbdata of D:\mdbdata\priv1.edb, D:\ of D:\priv1.edb. malloc'ed; NULL for NULL. */
char *path_folder(const char *file);
/* Both make new lists. Without those that lie inside another one of the list. */
json_t *paths_sorted(const json_t *paths);
json_t *paths_outermost(const json_t *paths);
