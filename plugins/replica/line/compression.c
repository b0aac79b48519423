/*
 * compression.c - zstd, and when.
 */
#include "plugins/replica/line/compression.h"

#include <zstd.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"

#define LEVEL	 1
#define SMALLEST 4096u /* bytes: what is shorter goes as it is */
#define FIRST	 4u    /* frames that go as they are, to know the line */
#define PROBE	 64u

struct compressor {
	enum compression how;
	int64_t (*clock)(void);
	ZSTD_CCtx *context;
	struct buffer out;
	uint64_t frames;
	/* As of late; negative: not known yet. Nanoseconds per byte on the line, and per byte into the compressor; and what is
	 * left of a byte. */
	double line, work, rest;
	int64_t least; /* nanoseconds that any frame took: what a call costs, whatever is in it. 0: not known yet */
};

struct compressor *compressor_new(enum compression how, int64_t (*clock)(void))
{
	struct compressor *compressor = memory_alloc(sizeof(*compressor));
	*compressor =
		(struct compressor){.how = how, .clock = clock ? clock : clock_boottime, .line = -1, .work = -1, .rest = -1};
	compressor->context = ZSTD_createCCtx();
	return compressor;
}

void compressor_free(struct compressor *compressor)
{
	if (!compressor)
		return;
	ZSTD_freeCCtx(compressor->context);
	buffer_free(&compressor->out);
	free(compressor);
}

static void learn(double *value, double now)
{
	*value = *value < 0 ? now : *value + (now - *value) / 8;
}

/* By far: what looks like a slow line may be a busy other end, which would have to expand it besides; and what is compressed
 * here takes a processor from those that read and send. */
static bool is_worth_it(const struct compressor *compressor)
{
	return compressor->line >= 0 && compressor->work >= 0 &&
	       2 * compressor->work + compressor->rest * compressor->line < compressor->line;
}

static bool is_wanted(struct compressor *compressor)
{
	uint64_t frame = compressor->frames++;
	if (compressor->how != COMPRESSION_AUTO)
		return compressor->how == COMPRESSION_ZSTD;
	return frame >= FIRST && (is_worth_it(compressor) || frame % PROBE == 0 || compressor->work < 0);
}

bool compressor_try(struct compressor *compressor, const void *data, size_t length, const void **ret_data, size_t *ret_length)
{
	if (length < SMALLEST || !compressor->context || !is_wanted(compressor))
		return false;
	struct buffer *out = &compressor->out;
	if (out->capacity < length) {
		out->data = memory_resize(out->data, length);
		out->capacity = length;
	}
	int64_t began = compressor->clock();
	size_t made = ZSTD_compressCCtx(compressor->context, out->data, length - 1, data, length, LEVEL);
	bool smaller = !ZSTD_isError(made); /* there is not room for more than it was */
	learn(&compressor->work, (double)(compressor->clock() - began) / (double)length);
	learn(&compressor->rest, smaller ? (double)made / (double)length : 1);
	*ret_data = out->data;
	*ret_length = made;
	return smaller;
}

int64_t compressor_clock(const struct compressor *compressor)
{
	return compressor->clock();
}

void compressor_sent(struct compressor *compressor, size_t length, int64_t nanoseconds)
{
	if (!compressor->least || nanoseconds < compressor->least)
		compressor->least = nanoseconds;
	if (length >= SMALLEST)
		learn(&compressor->line, (double)(nanoseconds - compressor->least) / (double)length);
}

int decompress(const void *data, size_t length, size_t limit, struct buffer *ret_data, struct error *err)
{
	unsigned long long size = ZSTD_getFrameContentSize(data, length);
	if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > limit)
		return error_set(err, ERROR_CORRUPT, "it is not compressed as it should be");
	buffer_reset(ret_data);
	if (ret_data->capacity < size + 1) {
		ret_data->data = memory_resize(ret_data->data, (size_t)size + 1);
		ret_data->capacity = (size_t)size + 1;
	}
	size_t made = ZSTD_decompress(ret_data->data, (size_t)size, data, length);
	if (ZSTD_isError(made) || made != size)
		return error_set(err, ERROR_CORRUPT, "it is not compressed as it should be");
	ret_data->length = made;
	return 0;
}
