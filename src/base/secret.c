#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

/* Secrets have pages of their own: what madvise and mlock say holds for whole pages. */
static size_t pages_for(size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (len + 1 + page - 1) / page * page;
}

static char *map_pages(size_t len)
{
	size_t size = pages_for(len);
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	if (p == MAP_FAILED) {
		log_error("out of memory");
		abort();
	}
	/* Best effort both: an old kernel, a container or RLIMIT_MEMLOCK may refuse, and a secret
	 * that might be swapped is better than no monitoring. */
	(void)madvise(p, size, MADV_DONTDUMP);
	(void)mlock(p, size);
	return p;
}

void secret_set(struct secret *s, const char *text, size_t len)
{
	char *copy = map_pages(len);

	memcpy(copy, text, len);
	copy[len] = '\0';
	secret_clear(s);
	s->text = copy;
	s->len = len;
}

void secret_clear(struct secret *s)
{
	if (s->text != NULL) {
		explicit_bzero(s->text, s->len);
		munmap(s->text, pages_for(s->len));
	}
	*s = (struct secret){0};
}

bool secret_is_in(const char *text, const char *secret, size_t n_bytes)
{
	size_t len = strlen(secret), piece = len < n_bytes ? len : n_bytes;

	for (size_t i = 0; piece > 0 && i + piece <= len; i++)
		if (memmem(text, strlen(text), secret + i, piece) != NULL)
			return true;
	return false;
}

bool secret_same(const struct secret *a, const struct secret *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->text, b->text, a->len) == 0);
}

/* The file's group may read where it is our own: root:phonewatch 0640 is how packages give a
 * service its secrets. */
static int check_mode(const struct stat *st, const char *path, struct err *err)
{
	mode_t open_to = st->st_mode & (S_IRWXG | S_IRWXO);
	bool our_group = st->st_gid == getegid();

	if (open_to == 0 || (our_group && open_to == S_IRGRP))
		return 0;
	if (open_to == S_IRGRP)
		return err_set(
			err, ERR_CONFIG,
			"%s is open to group %u, and we run as group %u; chmod 600 %s, "
			"or run as that group",
			path, st->st_gid, getegid(), path);
	return err_set(err, ERR_CONFIG, "%s is open to others (mode %04o); chmod %s %s",
		       path, st->st_mode & 07777,
		       our_group && st->st_uid != geteuid() ? "640" : "600", path);
}

/* O_NONBLOCK: opening a FIFO must not wait for its writer. */
static int open_file(const char *path, enum secret_place place, int *fd, struct err *err)
{
	struct stat st;
	int f = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (f < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG))
		return err_set(err, ERR_CONFIG, "no such file");
	if (f < 0)
		return err_set(err, ERR_CONFIG, "cannot read %s: %s", path,
			       strerror(errno));
	if (fstat(f, &st) != 0 || !S_ISREG(st.st_mode)) {
		err_set(err, ERR_CONFIG, "%s is not a regular file", path);
		goto fail;
	}
	if (place == SECRET_ANYWHERE && check_mode(&st, path, err) != 0)
		goto fail;
	*fd = f;
	return 0;

fail:
	close(f);
	return ERR_CONFIG;
}

/* Up to size bytes; the number read, or -1. */
static ssize_t read_whole(int fd, char *into, size_t size)
{
	size_t n = 0;
	ssize_t got;

	while (n < size) {
		got = read(fd, into + n, size - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	return (ssize_t)n;
}

/* What is wrong with the text of the file; NULL for nothing. *len goes without the newline. */
static const char *find_fault(const char *text, size_t *len)
{
	size_t n = *len;

	if (n > SECRET_MAX_BYTES)
		return "is larger than 64 KiB; a secret is one line";
	if (n > 0 && text[n - 1] == '\n')
		n--;
	if (n > 0 && text[n - 1] == '\r')
		n--;
	if (n == 0)
		return "is empty; a secret is one line";
	for (size_t i = 0; i < n; i++) {
		if (text[i] == '\n')
			return "has more than one line; a secret is one line";
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return "holds a control character; a secret is one line of text";
	}
	if (text[0] == ' ' || text[n - 1] == ' ')
		return "begins or ends with a blank; a secret is one line without";
	*len = n;
	return NULL;
}

int secret_read(struct secret *into, const char *path, enum secret_place place,
		struct err *err)
{
	struct secret whole = {.text = map_pages(SECRET_MAX_BYTES),
			       .len = SECRET_MAX_BYTES};
	const char *fault;
	size_t len;
	ssize_t n;
	int fd = -1, rc;

	rc = open_file(path, place, &fd, err);
	if (rc != 0)
		goto out;
	/* One byte more than may be, to see that there is more. */
	n = read_whole(fd, whole.text, SECRET_MAX_BYTES + 1);
	if (n < 0)
		rc = err_set(err, ERR_CONFIG, "cannot read %s: %s", path,
			     strerror(errno));
	close(fd);
	if (rc != 0)
		goto out;
	len = (size_t)n;
	fault = find_fault(whole.text, &len);
	if (fault != NULL)
		rc = err_set(err, ERR_CONFIG, "%s %s", path, fault);
	else
		secret_set(into, whole.text, len);
out:
	secret_clear(&whole);
	return rc;
}

int secret_forbid_dumps(struct err *err)
{
	static const struct rlimit none = {0, 0};

	if (setrlimit(RLIMIT_CORE, &none) != 0)
		return err_set(err, ERR_DENIED, "core dumps cannot be turned off: %s",
			       strerror(errno));
		/* A core that is piped to a program (systemd-coredump) does not obey the limit. The leak
	 * check of AddressSanitizer attaches to its own process, which this would refuse. */
#ifndef __SANITIZE_ADDRESS__
	if (prctl(PR_SET_DUMPABLE, 0) != 0)
		return err_set(err, ERR_DENIED, "cannot hide from debuggers: %s",
			       strerror(errno));
#endif
	return 0;
}
