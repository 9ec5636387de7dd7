#include "penalty.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/mem.h"

struct slot {
	uint64_t key;
	int64_t until_at_ms;
};

#define FILE_BYTES (PENALTY_SLOTS * sizeof(struct slot))

struct penalties {
	/* volatile: written in this order, since a kill may come between. */
	volatile struct slot *slots;
	int64_t own[PENALTY_SLOTS]; /* the ends that this process has noted, or found */
};

char *penalties_path(const char *database)
{
	return mem_printf("%s.penalties", database);
}

/* Where root was first, the daemon's user must be able to use it too. */
static int give_to_folders_owner(int fd, const char *path)
{
	char *copy = mem_strdup(path);
	struct stat folder;
	int rc = stat(dirname(copy), &folder);

	free(copy);
	if (rc == 0 && geteuid() == 0)
		rc = fchown(fd, folder.st_uid, folder.st_gid);
	return rc;
}

/* A file of our size: as it is, or empty. */
static int open_file(const char *path, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		goto fail;
	if ((size_t)st.st_size != FILE_BYTES &&
	    (ftruncate(fd, 0) != 0 || ftruncate(fd, FILE_BYTES) != 0 ||
	     give_to_folders_owner(fd, path) != 0))
		goto fail;
	/* Blocks now: on a full disk a write into the mapping would be the end of us. */
	errno = posix_fallocate(fd, 0, FILE_BYTES);
	if (errno == 0)
		return fd;

fail:
	err_set(err, ERR_STORE, "%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

void penalties_close(struct penalties *p)
{
	if (p == NULL)
		return;
	munmap((void *)(uintptr_t)p->slots, FILE_BYTES);
	free(p);
}

/* What is noted of a scope. */
enum note { PENALTY_TOLD = 0, PENALTY_ASKED = 1 };

static uint64_t key_of(const char *scope, enum note note)
{
	return (XXH3_64bits(scope, strlen(scope)) & ~UINT64_C(1)) | note;
}

/* The slot of this key; else the one whose penalty ended first. */
static volatile struct slot *slot_for(const struct penalties *p, uint64_t key)
{
	volatile struct slot *oldest = &p->slots[0];

	for (size_t i = 0; i < PENALTY_SLOTS; i++) {
		volatile struct slot *s = &p->slots[i];

		if (s->until_at_ms != 0 && s->key == key)
			return s;
		if (s->until_at_ms < oldest->until_at_ms)
			oldest = s;
	}
	return oldest;
}

static int64_t find(const struct penalties *p, uint64_t key)
{
	const volatile struct slot *s = slot_for(p, key);

	return s->key == key ? s->until_at_ms : 0;
}

static void set(struct penalties *p, uint64_t key, int64_t until_at_ms)
{
	volatile struct slot *s = slot_for(p, key);

	if (s->key != key)
		s->until_at_ms = 0;
	s->key = key;
	s->until_at_ms = until_at_ms;
	p->own[s - p->slots] = until_at_ms;
}

static void note(struct penalties *p, uint64_t key, int64_t until_at_ms)
{
	if (until_at_ms > find(p, key))
		set(p, key, until_at_ms);
}

void penalties_note(struct penalties *p, const char *scope, int64_t until_at_ms)
{
	uint64_t key = key_of(scope, PENALTY_TOLD);

	if (p != NULL)
		note(p, key, until_at_ms);
}

void penalties_ask(struct penalties *p, const char *scope, int64_t until_at_ms)
{
	if (p != NULL)
		set(p, key_of(scope, PENALTY_ASKED), until_at_ms);
}

void penalties_answered(struct penalties *p, const char *scope)
{
	uint64_t key = key_of(scope, PENALTY_ASKED);

	if (p != NULL && find(p, key) != 0)
		set(p, key, 0);
}

int64_t penalties_find(const struct penalties *p, const char *scope)
{
	return p != NULL ? find(p, key_of(scope, PENALTY_TOLD)) : 0;
}

int64_t penalties_find_others(const struct penalties *p, const char *scope)
{
	uint64_t key = key_of(scope, PENALTY_TOLD);
	const volatile struct slot *s;

	if (p == NULL)
		return 0;
	s = slot_for(p, key);
	return s->key == key && s->until_at_ms != p->own[s - p->slots] ? s->until_at_ms
								       : 0;
}

/* What an earlier run has asked and never had an answer to is as refused. */
static void take_over(struct penalties *p)
{
	for (size_t i = 0; i < PENALTY_SLOTS; i++) {
		volatile struct slot *s = &p->slots[i];
		uint64_t key = s->key;

		if (s->until_at_ms == 0 || (key & PENALTY_ASKED) == 0)
			continue;
		note(p, key & ~(uint64_t)PENALTY_ASKED, s->until_at_ms);
		if (s->key == key) /* else its slot was needed */
			s->until_at_ms = 0;
	}
}

int penalties_join(const char *path, struct penalties **out, struct err *err)
{
	int fd = open_file(path, err);
	struct penalties *p;
	void *map;

	if (fd < 0)
		return err->code;
	map = mmap(NULL, FILE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return err_set(err, ERR_STORE, "%s: %s", path, strerror(errno));
	p = mem_zalloc(sizeof *p);
	p->slots = map;
	*out = p;
	return 0;
}

static void cut(struct penalties *p, int64_t latest_at_ms)
{
	for (size_t i = 0; i < PENALTY_SLOTS; i++) {
		if (p->slots[i].until_at_ms > latest_at_ms)
			p->slots[i].until_at_ms = latest_at_ms;
		p->own[i] = p->slots[i].until_at_ms;
	}
}

int penalties_open(const char *path, int64_t latest_at_ms, struct penalties **out,
		   struct err *err)
{
	int rc = penalties_join(path, out, err);

	if (rc == 0) {
		take_over(*out);
		cut(*out, latest_at_ms);
	}
	return rc;
}
