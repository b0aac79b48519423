/*
 * permission.h - what a security descriptor grants, from its bytes: no directory, no names.
 */
#pragma once

#include <lber.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	RIGHT_CREATE_CHILD = 0x1,
	RIGHT_DELETE_CHILD = 0x2,
	RIGHT_WRITE_PROPERTY = 0x20,
	RIGHT_DELETE = 0x10000,

	GUID_SIZE = 16,
};

struct question {
	uint32_t right;
	const unsigned char
		*type;	  /* the class or attribute that it is about, GUID_SIZE bytes as they stand in descriptors; or NULL */
	bool of_children; /* as a computer beneath will inherit it */
};

extern const unsigned char class_computer[GUID_SIZE];

/* token: the SIDs of a user and all of its groups, NULL ended. What is no descriptor grants nothing. */
bool permission_granted(const unsigned char *descriptor, size_t length, struct berval *const *token,
			const struct question *question);
