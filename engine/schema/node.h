/*
 * node.h - a schema as it is compiled; only for the files of this folder.
 *
 *     schema document -> resources ($id) -> nodes (one for each subschema) -> parts (one for each keyword that checks
 * something)
 */
#pragma once

#include "engine/base/regex.h"
#include "engine/schema/schema.h"

#define SCHEMA_NESTING_LIMIT 128 /* levels of subschemas in a document */

/* The vocabularies of draft 2020-12. */
enum vocabulary {
	VOCABULARY_CORE = 1 << 0,
	VOCABULARY_APPLICATOR = 1 << 1,
	VOCABULARY_UNEVALUATED = 1 << 2,
	VOCABULARY_VALIDATION = 1 << 3,
	VOCABULARY_META_DATA = 1 << 4,
	VOCABULARY_FORMAT = 1 << 5,
	VOCABULARY_CONTENT = 1 << 6,
	VOCABULARY_STANDIN = 1 << 7, /* marks in the manifests of plugins: annotations */
	VOCABULARY_ALL = 0xff,
};

enum holds { HOLDS_VALUE, HOLDS_SCHEMA, HOLDS_LIST, HOLDS_MAP }; /* subschemas in a keyword's value */

struct check;
struct compiler;
struct marks;
struct part;

struct keyword {
	const char *name;
	enum vocabulary vocabulary;
	enum holds holds;
	int (*compile)(struct compiler *compiler, struct part *part, struct error *err); /* NULL: an annotation */
	bool (*check)(struct check *check, const struct part *part, const struct value *instance, struct marks *marks);
};

/* One subschema, or one name, of a keyword that has several. */
struct branch {
	const struct value *key; /* of a HOLDS_MAP keyword, else NULL */
	struct regex *regex;	 /* of patternProperties, else NULL */
	struct schema_node *node;
	const struct value *names; /* of dependentRequired: list of strings, else NULL */
};

/* A keyword in a schema. */
struct part {
	const struct keyword *keyword;
	const struct schema_node *owner;
	const struct value *value;  /* the keyword's */
	struct schema_node *target; /* HOLDS_SCHEMA: the subschema; references: what they lead to */
	struct branch *branches;    /* HOLDS_LIST, HOLDS_MAP */
	size_t count;
	struct regex *regex;
	const char *anchor; /* $dynamicRef: to look for in the dynamic scope, or NULL */
	unsigned types;	    /* type: bits of enum json_type */
	size_t size;	    /* minLength and its like */
	size_t most;	    /* contains: maxContains */
};

struct anchor_name {
	const char *name;
	struct schema_node *node;
	bool dynamic;
};

/* A schema with a URI of its own, and what belongs to it. */
struct resource {
	const char *uri;
	struct schema_node *root;
	struct anchor_name *anchors;
	size_t anchors_count, anchors_capacity;
	unsigned vocabularies;
};

struct schema_node {
	const struct value *value;
	struct resource *resource;
	const char *pointer; /* JSON pointer in its document, for messages */
	struct part *parts;  /* in the order in which they are checked */
	size_t count;
	bool compiled;
	bool never;    /* the schema `false` */
	bool collects; /* it has unevaluatedProperties or unevaluatedItems */
};

struct node_slot {
	const struct value *value;
	struct schema_node *node;
};

struct schema {
	struct arena *arena;
	struct schema_node *root;
	struct schema_node **nodes;
	size_t nodes_count, nodes_capacity;
	struct node_slot *slots; /* a hash table from a schema's value to its node */
	size_t slots_count;	 /* a power of two, or 0 */
	struct resource **resources;
	size_t resources_count, resources_capacity;
};

struct registry_entry {
	const char *uri;
	const struct value *value;
};

struct schema_registry {
	struct arena *arena;
	struct registry_entry *entries;
	size_t count, capacity;
	bool lenient; /* unknown keywords are ignored, as the specification says */
};

struct compiler {
	struct schema *schema;
	struct arena *arena;
	const struct schema_registry *registry; /* may be NULL */
};

enum json_type {
	TYPE_NULL = 1 << 0,
	TYPE_BOOLEAN = 1 << 1,
	TYPE_INTEGER = 1 << 2,
	TYPE_NUMBER = 1 << 3,
	TYPE_STRING = 1 << 4,
	TYPE_ARRAY = 1 << 5,
	TYPE_OBJECT = 1 << 6,
};

unsigned type_bits(const struct value *value); /* an integer is a number too; 0: of no JSON type */
unsigned type_named(const char *name);	       /* "integer"; 0: no type */

/* keyword.c */
extern const struct keyword schema_keywords[];
extern const size_t schema_keywords_count;
const struct keyword *keyword_find(const char *name);
const struct part *part_find(const struct schema_node *node, const char *keyword); /* NULL: the node has none */

/* index.c: finds the nodes of a document, their URIs and anchors. */
int index_document(struct compiler *compiler, const char *uri, const struct value *value, struct schema_node **ret_root,
		   struct error *err);
int index_subschema(struct compiler *compiler, struct schema_node *parent, const struct value *value, const char *pointer,
		    struct schema_node **ret_node, struct error *err);
struct schema_node *index_find(const struct schema *schema, const struct value *value); /* NULL: no schema stands there */

/* reference.c: what $ref, $dynamicRef and $schema lead to. */
int reference_resolve(struct compiler *compiler, const struct schema_node *from, const char *reference,
		      struct schema_node **ret_node, const char **ret_dynamic_anchor, struct error *err);
struct schema_node *reference_dynamic(const struct resource *resource, const char *anchor); /* NULL: none of that name */
int reference_vocabularies(const struct compiler *compiler, const char *uri, unsigned *ret_vocabularies, struct error *err);

/* compile_*.c: the compile functions of the keyword table. */
int compile_failed(const struct part *part, struct error *err, const char *expected);
int compile_node(struct compiler *compiler, struct schema_node *node, struct error *err);
typedef int keyword_compile(struct compiler *compiler, struct part *part, struct error *err);
keyword_compile compile_nothing, compile_schema, compile_list, compile_map, compile_patterns, compile_reference,
	compile_dynamic, compile_type, compile_enum, compile_number, compile_multiple, compile_size, compile_pattern,
	compile_names, compile_dependents, compile_boolean, compile_text, compile_contains;
