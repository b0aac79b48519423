/*
 * metaschema.h - the JSON texts of the draft 2020-12 metaschemas.
 */
#pragma once

#define METASCHEMA_URI "https://json-schema.org/draft/2020-12/schema"

const char *metaschema_text(const char *uri); /* NULL: no such metaschema */
