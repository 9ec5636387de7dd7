#include "sim/bomb.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/mem.h"
#include "net/server.h"

#define PIECE_BYTES ((size_t)1 << 20)
#define HEAD_BYTES  10
#define TAIL_BYTES  10 /* an empty last block, the checksum, the length */

struct bomb {
	unsigned char *piece; /* raw deflate of 1 MiB of blanks, up to a full flush */
	size_t piece_len;
	uint64_t n_pieces;
	unsigned char head[HEAD_BYTES], tail[TAIL_BYTES];
};

static void make_piece(struct bomb *b)
{
	unsigned char *blanks = mem_alloc(PIECE_BYTES);
	z_stream z = {0};

	memset(blanks, ' ', PIECE_BYTES);
	b->piece = mem_alloc(PIECE_BYTES);
	if (deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY) != Z_OK)
		abort(); /* out of memory */
	z.next_in = blanks;
	z.avail_in = PIECE_BYTES;
	z.next_out = b->piece;
	z.avail_out = PIECE_BYTES;
	deflate(&z, Z_FULL_FLUSH);
	b->piece_len = PIECE_BYTES - z.avail_out;
	deflateEnd(&z);
	free(blanks);
}

static void put_le32(unsigned char *out, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		out[i] = (unsigned char)(value >> (8 * i));
}

static void make_ends(struct bomb *b)
{
	static const unsigned char head[HEAD_BYTES] = {0x1f, 0x8b, 8, 0, 0,
						       0,    0,    0, 0, 3};
	unsigned char *blanks = mem_alloc(PIECE_BYTES);
	uLong piece_crc, crc = crc32(0, NULL, 0);

	memset(blanks, ' ', PIECE_BYTES);
	piece_crc = crc32(crc, blanks, PIECE_BYTES);
	free(blanks);
	for (uint64_t i = 0; i < b->n_pieces; i++)
		crc = crc32_combine(crc, piece_crc, PIECE_BYTES);
	memcpy(b->head, head, sizeof head);
	b->tail[0] = 3; /* the last block, of fixed codes, ... */
	b->tail[1] = 0; /* ... which ends at once */
	put_le32(b->tail + 2, (uint32_t)crc);
	put_le32(b->tail + 6, (uint32_t)(b->n_pieces * PIECE_BYTES));
}

static size_t copy_part(char *out, size_t max, const unsigned char *part, size_t len,
			uint64_t from)
{
	size_t n = len - from < max ? len - (size_t)from : max;

	memcpy(out, part + from, n);
	return n;
}

static ssize_t read_bomb(void *data, uint64_t at, char *out, size_t max)
{
	const struct bomb *b = data;
	uint64_t middle = b->n_pieces * b->piece_len;

	if (at < HEAD_BYTES)
		return (ssize_t)copy_part(out, max, b->head, HEAD_BYTES, at);
	at -= HEAD_BYTES;
	if (at < middle)
		return (ssize_t)copy_part(out, max, b->piece, b->piece_len,
					  at % b->piece_len);
	return (ssize_t)copy_part(out, max, b->tail, TAIL_BYTES, at - middle);
}

static void bomb_done(void *data)
{
	struct bomb *b = data;

	free(b->piece);
	free(b);
}

static const struct server_stream bomb_stream = {read_bomb, bomb_done};

void bomb_answer(struct server_request *req, uint64_t n_mib)
{
	struct bomb *b = mem_zalloc(sizeof *b);

	b->n_pieces = n_mib;
	make_piece(b);
	make_ends(b);
	server_answer_stream(req, 200,
			     HEAD_BYTES + b->n_pieces * b->piece_len + TAIL_BYTES,
			     &bomb_stream, b);
}
