/*
 * layout.h - the invalid YAML that libyaml 0.2.5 lets through, found by looking at the source around what it reports.
 *
 * Each check names the cases of the public yaml-test-suite that it is for. Indents are columns from 0; -1 is outside of all.
 */
#pragma once

#include "engine/document/diagnostic.h"

/* Between two scalars: a comment needs white space before its '#' (9JBA CVW2 SU5Z MUS6). */
void layout_check_gap(const struct source *source, size_t from, size_t to, struct diagnostics *diagnostics);

/* A flow collection or quoted scalar that goes over lines is indented deeper than the block around it (9C9N QB6E), with spaces,
 * not tabs (DK95 Y79Y). comments: lines that begin with '#' are comments, which may stand anywhere. */
void layout_check_continuation(const struct span *at, long indent, bool comments, struct diagnostics *diagnostics);

/* A block scalar: white space before the comment of its header (X4QW), no leading line of more spaces than its first text
 * (S98Z). */
void layout_check_block_scalar(const struct span *at, long indent, struct diagnostics *diagnostics);

/* A plain scalar in a flow collection: '-', '?' and ':' need something behind them (G5U8 YJV2). */
void layout_check_flow_plain(const struct span *at, struct diagnostics *diagnostics);

/* Directives before the document: only %YAML 1.2, spelled exactly (MUS6). */
void layout_check_directives(const struct source *source, size_t end, struct diagnostics *diagnostics);

size_t layout_line_start(const struct source *source, size_t offset);
