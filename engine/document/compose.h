/*
 * compose.h - puts the nodes of a document together, in the order in which they stand, and refuses what Standin does not take:
 * duplicate and complex keys, merge keys, unknown tags, too deep or too much aliased. It does not know the parser.
 *
 *     compose_begin  compose_scalar ... compose_alias ...  compose_end    for each list or map
 */
#pragma once

#include "engine/document/anchor.h"
#include "engine/document/diagnostic.h"
#include "engine/document/document.h"

/* What stands before a node, and where the node itself begins and ends. */
struct node {
	struct span at;	    /* without tag and anchor */
	size_t properties;  /* offset of its tag or anchor; at.offset if it has none */
	const char *anchor; /* or NULL */
	const char *tag;    /* resolved, or NULL */
	bool flow;	    /* a list or map in [ ] or { } */
};

enum scalar_style { SCALAR_PLAIN, SCALAR_QUOTED, SCALAR_BLOCK };

/* A list or map that has begun and not ended. */
struct level {
	struct value *container;
	const char *anchor;	 /* or NULL */
	const struct value *key; /* of a map: read, its value not yet */
	bool key_plain;		 /* it was written without quotes */
	bool drop;		 /* the key was refused: its value goes nowhere */
	bool flow;
	bool is_key;	 /* it stands where a key should, and is refused as a whole */
	long indent;	 /* column of the nearest block list or map; -1 outside of all */
	size_t nodes;	 /* values in it so far, aliases expanded */
	unsigned height; /* levels of lists and maps in it so far */
};

struct composer {
	struct arena *arena;
	const struct source *source;
	struct diagnostics *diagnostics;
	struct level levels[DOCUMENT_DEPTH_LIMIT];
	unsigned depth;
	const struct value *root; /* NULL until it is complete */
	struct anchors anchors;
	size_t aliased;	  /* nodes that aliases stand for */
	unsigned refused; /* open lists and maps that stand where a key should: nothing in them is worth a word */
	size_t last_end;  /* behind the last scalar, alias or property */
};

/* -1: too deep, or too many aliases; the rest is not worth reading. A diagnostic says so. */
int compose_scalar(struct composer *composer, const struct node *node, const char *text, size_t length,
		   enum scalar_style style);
int compose_alias(struct composer *composer, struct span at, const char *name);
int compose_begin(struct composer *composer, const struct node *node, enum value_type type);
void compose_end(struct composer *composer, size_t end);
bool compose_in_flow(struct composer *composer); /* inside of [ ] or { } */
