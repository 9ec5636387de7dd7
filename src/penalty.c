#include "penalty.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "api/budget.h"
#include "base/mem.h"

struct slot {
	uint64_t key;
	int64_t until_ms, until_at_ms;
	int64_t wait_ms; /* when it was noted */
};

#define FILE_BYTES (PENALTY_SLOTS * sizeof(struct slot))
#define FARTHEST   (INT64_C(1) << 52) /* of all times that can be */

struct penalties {
	int fd;
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
	close(p->fd);
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

		if (s->until_ms != 0 && s->key == key)
			return s;
		if (s->until_ms < oldest->until_ms)
			oldest = s;
	}
	return oldest;
}

/* Not so after a write that did not come from us. */
static bool can_be(const volatile struct slot *s)
{
	return s->until_ms > 0 && s->until_ms < FARTHEST && s->until_at_ms > -FARTHEST &&
	       s->until_at_ms < FARTHEST && s->wait_ms > 0 &&
	       s->wait_ms <= BUDGET_MAX_WAIT_MS;
}

static int64_t at_most(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* What was noted by a monotonic clock that is ahead of ours is of another run of the machine; all
 * else may be of this one. */
static int64_t left_of(const struct penalties *p, const volatile struct slot *s,
		       struct penalty_now now)
{
	int64_t ms, at_ms;

	if (!can_be(s))
		return 0;
	ms = s->until_ms - now.now_ms;
	at_ms = s->until_at_ms - now.at_ms;
	if (p->own[s - p->slots] != s->until_ms && (ms > s->wait_ms || ms < at_ms))
		ms = at_ms;
	return ms > 0 ? at_most(ms, s->wait_ms) : 0;
}

static int64_t find(const struct penalties *p, uint64_t key, struct penalty_now now)
{
	const volatile struct slot *s = slot_for(p, key);

	return s->key == key ? left_of(p, s, now) : 0;
}

/* Whatever of it is written when we are killed, the earlier end stands, or the new one does. */
static void set_end(struct penalties *p, volatile struct slot *s, int64_t wait_ms,
		    struct penalty_now now)
{
	s->until_at_ms = now.at_ms + wait_ms;
	s->wait_ms = wait_ms;
	s->until_ms = now.now_ms + wait_ms;
	p->own[s - p->slots] = s->until_ms;
}

static void set(struct penalties *p, uint64_t key, int64_t wait_ms,
		struct penalty_now now)
{
	volatile struct slot *s = slot_for(p, key);

	if (s->key != key)
		s->until_ms = 0;
	s->key = key;
	set_end(p, s, at_most(wait_ms, BUDGET_MAX_WAIT_MS), now);
}

static void note(struct penalties *p, uint64_t key, int64_t wait_ms,
		 struct penalty_now now)
{
	if (wait_ms > find(p, key, now))
		set(p, key, wait_ms, now);
}

void penalties_note(struct penalties *p, const char *scope, int64_t wait_ms,
		    struct penalty_now now)
{
	if (p != NULL)
		note(p, key_of(scope, PENALTY_TOLD), wait_ms, now);
}

void penalties_ask(struct penalties *p, const char *scope, int64_t wait_ms,
		   struct penalty_now now)
{
	if (p != NULL)
		set(p, key_of(scope, PENALTY_ASKED), wait_ms, now);
}

void penalties_answered(struct penalties *p, const char *scope)
{
	uint64_t key = key_of(scope, PENALTY_ASKED);
	volatile struct slot *s;

	if (p == NULL)
		return;
	s = slot_for(p, key);
	if (s->key == key)
		s->until_ms = 0;
}

int64_t penalties_find(const struct penalties *p, const char *scope,
		       struct penalty_now now)
{
	return p != NULL ? find(p, key_of(scope, PENALTY_TOLD), now) : 0;
}

int64_t penalties_find_others(const struct penalties *p, const char *scope,
			      struct penalty_now now)
{
	uint64_t key = key_of(scope, PENALTY_TOLD);
	const volatile struct slot *s;

	if (p == NULL)
		return 0;
	s = slot_for(p, key);
	return s->key == key && s->until_ms != p->own[s - p->slots] ? left_of(p, s, now)
								    : 0;
}

/* What an earlier run has asked and never had an answer to is as refused. */
static void take_over(struct penalties *p, struct penalty_now now)
{
	for (size_t i = 0; i < PENALTY_SLOTS; i++) {
		volatile struct slot *s = &p->slots[i];
		uint64_t key = s->key;

		if (s->until_ms == 0 || (key & PENALTY_ASKED) == 0)
			continue;
		note(p, key & ~(uint64_t)PENALTY_ASKED, left_of(p, s, now), now);
		if (s->key == key) /* else its slot was needed */
			s->until_ms = 0;
	}
}

/* From now on our own monotonic clock is right. */
static void bring_to_this_clock(struct penalties *p, struct penalty_now now)
{
	for (size_t i = 0; i < PENALTY_SLOTS; i++) {
		volatile struct slot *s = &p->slots[i];
		int64_t left = left_of(p, s, now);

		if (left > 0)
			set_end(p, s, left, now);
		else
			s->until_ms = 0;
	}
}

static int map_file(const char *path, struct penalties **out, struct err *err)
{
	int fd = open_file(path, err);
	struct penalties *p;
	void *map;

	if (fd < 0)
		return err->code;
	map = mmap(NULL, FILE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		err_set(err, ERR_STORE, "%s: %s", path, strerror(errno));
		close(fd);
		return err->code;
	}
	p = mem_zalloc(sizeof *p);
	p->fd = fd;
	p->slots = map;
	*out = p;
	return 0;
}

/* Where files cannot be locked nobody is kept from anything: then it is as if the daemon ran. */
int penalties_join(const char *path, struct penalty_now now, struct penalties **out,
		   struct err *err)
{
	if (map_file(path, out, err) != 0)
		return err->code;
	if (flock((*out)->fd, LOCK_EX | LOCK_NB) == 0) {
		take_over(*out, now);
		(void)flock((*out)->fd,
			    LOCK_SH); /* ours are not another's to take over */
	}
	return 0;
}

int penalties_open(const char *path, struct penalty_now now, struct penalties **out,
		   struct err *err)
{
	if (map_file(path, out, err) != 0)
		return err->code;
	(void)flock((*out)->fd, LOCK_SH); /* without it a check sees less, no more */
	take_over(*out, now);
	bring_to_this_clock(*out, now);
	return 0;
}
