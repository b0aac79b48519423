/*
 * keyword.c - the table of all keywords, in the order in which they are checked: first what is cheap and tells a wrong branch
 * at once, last what needs to know what the others have seen.
 */
#include "engine/schema/check.h"

#include <string.h>

#include "engine/base/memory.h"

#define CORE	   VOCABULARY_CORE
#define APPLICATOR VOCABULARY_APPLICATOR
#define VALIDATION VOCABULARY_VALIDATION
#define META_DATA  VOCABULARY_META_DATA

const struct keyword schema_keywords[] = {
	{"type", VALIDATION, HOLDS_VALUE, compile_type, check_type},
	{"const", VALIDATION, HOLDS_VALUE, compile_nothing, check_const},
	{"enum", VALIDATION, HOLDS_VALUE, compile_enum, check_enum},
	{"required", VALIDATION, HOLDS_VALUE, compile_names, check_required},
	{"dependentRequired", VALIDATION, HOLDS_VALUE, compile_dependents, check_dependent_required},
	{"minimum", VALIDATION, HOLDS_VALUE, compile_number, check_minimum},
	{"maximum", VALIDATION, HOLDS_VALUE, compile_number, check_maximum},
	{"exclusiveMinimum", VALIDATION, HOLDS_VALUE, compile_number, check_exclusive_minimum},
	{"exclusiveMaximum", VALIDATION, HOLDS_VALUE, compile_number, check_exclusive_maximum},
	{"multipleOf", VALIDATION, HOLDS_VALUE, compile_multiple, check_multiple},
	{"minLength", VALIDATION, HOLDS_VALUE, compile_size, check_min_length},
	{"maxLength", VALIDATION, HOLDS_VALUE, compile_size, check_max_length},
	{"pattern", VALIDATION, HOLDS_VALUE, compile_pattern, check_pattern},
	{"minItems", VALIDATION, HOLDS_VALUE, compile_size, check_min_items},
	{"maxItems", VALIDATION, HOLDS_VALUE, compile_size, check_max_items},
	{"minProperties", VALIDATION, HOLDS_VALUE, compile_size, check_min_properties},
	{"maxProperties", VALIDATION, HOLDS_VALUE, compile_size, check_max_properties},
	{"$ref", CORE, HOLDS_VALUE, compile_reference, check_reference},
	{"$dynamicRef", CORE, HOLDS_VALUE, compile_dynamic, check_dynamic},
	{"propertyNames", APPLICATOR, HOLDS_SCHEMA, compile_schema, check_names},
	{"properties", APPLICATOR, HOLDS_MAP, compile_map, check_properties},
	{"patternProperties", APPLICATOR, HOLDS_MAP, compile_patterns, check_pattern_properties},
	{"additionalProperties", APPLICATOR, HOLDS_SCHEMA, compile_schema, check_additional},
	{"prefixItems", APPLICATOR, HOLDS_LIST, compile_list, check_prefix},
	{"items", APPLICATOR, HOLDS_SCHEMA, compile_schema, check_items},
	{"contains", APPLICATOR, HOLDS_SCHEMA, compile_contains, check_contains},
	{"uniqueItems", VALIDATION, HOLDS_VALUE, compile_boolean, check_unique},
	{"dependentSchemas", APPLICATOR, HOLDS_MAP, compile_map, check_dependent_schemas},
	{"allOf", APPLICATOR, HOLDS_LIST, compile_list, check_all},
	{"anyOf", APPLICATOR, HOLDS_LIST, compile_list, check_any},
	{"oneOf", APPLICATOR, HOLDS_LIST, compile_list, check_one},
	{"not", APPLICATOR, HOLDS_SCHEMA, compile_schema, check_not},
	{"if", APPLICATOR, HOLDS_SCHEMA, compile_schema, check_if},
	{"then", APPLICATOR, HOLDS_SCHEMA, compile_schema, NULL}, /* checked by if */
	{"else", APPLICATOR, HOLDS_SCHEMA, compile_schema, NULL},
	{"minContains", VALIDATION, HOLDS_VALUE, compile_size, NULL}, /* checked by contains */
	{"maxContains", VALIDATION, HOLDS_VALUE, compile_size, NULL},
	{"unevaluatedItems", VOCABULARY_UNEVALUATED, HOLDS_SCHEMA, compile_schema, check_unevaluated_items},
	{"unevaluatedProperties", VOCABULARY_UNEVALUATED, HOLDS_SCHEMA, compile_schema, check_unevaluated_properties},
	/* What is looked at when the document is indexed. */
	{"$schema", CORE, HOLDS_VALUE, compile_text, NULL},
	{"$id", CORE, HOLDS_VALUE, compile_text, NULL},
	{"$anchor", CORE, HOLDS_VALUE, compile_text, NULL},
	{"$dynamicAnchor", CORE, HOLDS_VALUE, compile_text, NULL},
	{"$defs", CORE, HOLDS_MAP, compile_map, NULL},
	{"$vocabulary", CORE, HOLDS_VALUE, compile_nothing, NULL},
	/* Annotations. */
	{"$comment", CORE, HOLDS_VALUE, compile_text, NULL},
	{"title", META_DATA, HOLDS_VALUE, compile_text, NULL},
	{"description", META_DATA, HOLDS_VALUE, compile_text, NULL},
	{"default", META_DATA, HOLDS_VALUE, compile_nothing, NULL},
	{"examples", META_DATA, HOLDS_VALUE, compile_nothing, NULL},
	{"deprecated", META_DATA, HOLDS_VALUE, compile_boolean, NULL},
	{"readOnly", META_DATA, HOLDS_VALUE, compile_boolean, NULL},
	{"writeOnly", META_DATA, HOLDS_VALUE, compile_boolean, NULL},
	{"format", VOCABULARY_FORMAT, HOLDS_VALUE, compile_text, NULL},
	{"contentEncoding", VOCABULARY_CONTENT, HOLDS_VALUE, compile_text, NULL},
	{"contentMediaType", VOCABULARY_CONTENT, HOLDS_VALUE, compile_text, NULL},
	{"contentSchema", VOCABULARY_CONTENT, HOLDS_SCHEMA, compile_schema, NULL},
	{"optional", VOCABULARY_STANDIN, HOLDS_VALUE, compile_boolean, NULL},
	{"volatile", VOCABULARY_STANDIN, HOLDS_VALUE, compile_boolean, NULL},
	{"relative", VOCABULARY_STANDIN, HOLDS_VALUE, compile_boolean, NULL},
};

const size_t schema_keywords_count = COUNT_OF(schema_keywords);

const struct keyword *keyword_find(const char *name)
{
	for (size_t i = 0; i < schema_keywords_count; i++)
		if (strcmp(schema_keywords[i].name, name) == 0)
			return &schema_keywords[i];
	return NULL;
}

const struct part *part_find(const struct schema_node *node, const char *keyword)
{
	for (size_t i = 0; i < node->count; i++)
		if (strcmp(node->parts[i].keyword->name, keyword) == 0)
			return &node->parts[i];
	return NULL;
}
