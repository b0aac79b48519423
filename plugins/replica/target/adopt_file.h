/*
 * adopt_file.h - adopt.h's parts that are about a file, an image or a device.
 */
#pragma once

#include "plugins/replica/target/adopt.h"
#include "plugins/replica/target/store.h"

/* Generation 1, of nobody's: it is whose session comes first. */
int adopt_first_point(struct store *store, struct error *err);

int adopt_file(const struct adoption *what, struct error *err);
int release_file(const struct adoption *what, struct store *store, struct error *err); /* closes the store */
