/*
 * range.h - one range of a patch, DATA_AT or HOLE, written in its place in an open file or device.
 */
#pragma once

#include "plugins/replica/format/record.h"

int range_write(int fd, const struct record *range, struct error *err);
