#include "net/local.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"

#define BACKLOG 128
#define MODE    0660

/* A path as a socket's address holds it: of 107 bytes at most. A longer one goes by way of its
 * folder's descriptor. */
struct address {
	struct sockaddr_un un;
	int folder; /* -1: not needed */
};

static char *folder_of(const char *path)
{
	char *copy = mem_strdup(path), *folder = mem_strdup(dirname(copy));

	free(copy);
	return folder;
}

static int address_open(struct address *a, const char *path, struct err *err)
{
	char *folder, *copy;
	int len;

	*a = (struct address){.un = {.sun_family = AF_UNIX}, .folder = -1};
	if (strlen(path) < sizeof a->un.sun_path) {
		strcpy(a->un.sun_path, path);
		return 0;
	}
	folder = folder_of(path);
	a->folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	free(folder);
	if (a->folder < 0)
		return err_set(err, ERR_CONFIG, "%s", strerror(errno));
	copy = mem_strdup(path);
	len = snprintf(a->un.sun_path, sizeof a->un.sun_path, "/proc/self/fd/%d/%s",
		       a->folder, basename(copy));
	free(copy);
	return len < (int)sizeof a->un.sun_path
		       ? 0
		       : err_set(err, ERR_CONFIG, "the name is too long");
}

static void address_close(struct address *a)
{
	if (a->folder >= 0)
		close(a->folder);
}

static const struct sockaddr *generic(const struct address *a)
{
	return (const struct sockaddr *)&a->un;
}

/* ---- listening ---- */

/* What is there already: nobody answers for what a killed process has left. */
static int clear_path(const struct address *a, struct err *err)
{
	struct stat st;
	int fd, rc;

	if (lstat(a->un.sun_path, &st) != 0)
		return errno == ENOENT ? 0
				       : err_set(err, ERR_CONFIG, "%s", strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return err_set(err, ERR_CONFIG, "it is there already, and no socket");
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_set(err, ERR_CONFIG, "%s", strerror(errno));
	/* One whose queue is full is alive, too: EAGAIN. */
	rc = connect(fd, generic(a), sizeof a->un) == 0 ? 0 : errno;
	close(fd);
	if (rc != ECONNREFUSED)
		return err_set(
			err, ERR_CONFIG,
			"another process listens there already, another phonewatchd"
			" perhaps");
	return unlink(a->un.sun_path) == 0
		       ? 0
		       : err_set(err, ERR_CONFIG, "%s", strerror(errno));
}

/* Whoever may look into the folder as a member of its group may ask. */
static int open_to_group(const struct address *a, const char *path, struct err *err)
{
	char *folder = folder_of(path);
	struct stat st;
	bool known = stat(folder, &st) == 0;

	free(folder);
	/* Where we are no member of that group, ours remains. */
	if (known && lchown(a->un.sun_path, (uid_t)-1, st.st_gid) != 0 && errno != EPERM)
		return err_set(err, ERR_CONFIG, "%s", strerror(errno));
	return chmod(a->un.sun_path, MODE) == 0
		       ? 0
		       : err_set(err, ERR_CONFIG, "%s", strerror(errno));
}

int local_listen(const char *path, int *out, struct err *err)
{
	struct address a;
	int fd = -1;

	if (address_open(&a, path, err) != 0 || clear_path(&a, err) != 0)
		goto fail;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, generic(&a), sizeof a.un) != 0) {
		err_set(err, ERR_CONFIG, "%s", strerror(errno));
		goto fail;
	}
	if (open_to_group(&a, path, err) != 0)
		goto fail;
	if (listen(fd, BACKLOG) != 0) {
		err_set(err, ERR_CONFIG, "%s", strerror(errno));
		goto fail;
	}
	address_close(&a);
	*out = fd;
	return 0;

fail:
	if (fd >= 0)
		close(fd);
	address_close(&a);
	return err->code;
}

void local_unlink(const char *path)
{
	unlink(path);
}

/* ---- connecting ---- */

int local_connect(const char *path, int *out, struct err *err)
{
	struct address a;
	int fd = -1, rc = 0;

	if (address_open(&a, path, err) != 0)
		rc = ERR_RETRY;
	else if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) < 0 ||
		 connect(fd, generic(&a), sizeof a.un) != 0)
		rc = err_set(err, errno == EACCES ? ERR_DENIED : ERR_RETRY, "%s",
			     strerror(errno));
	address_close(&a);
	if (rc == 0)
		*out = fd;
	else if (fd >= 0)
		close(fd);
	return rc;
}
