#include "store/sqlite/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

static int open_lock_file(const char *database, int flags)
{
	char *path = mem_printf("%s.lock", database);
	int fd = open(path, flags | O_CLOEXEC, 0640);

	free(path);
	return fd;
}

/* For who is refused. A failure leaves the holder unnamed, no more. */
static void write_holder(int fd)
{
	char text[24];
	int len = snprintf(text, sizeof text, "%d\n", (int)getpid());

	if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)len, 0) != len)
		return;
}

static int refuse(int fd, struct err *err)
{
	char text[24] = "";
	ssize_t len = pread(fd, text, sizeof text - 1, 0);
	long pid = len > 0 ? strtol(text, NULL, 10) : 0;

	if (pid > 0)
		return err_set(err, ERR_STORE,
			       "in use by another phonewatchd, process %ld", pid);
	return err_set(err, ERR_STORE, "in use by another phonewatchd");
}

int lock_take(const char *database, int *out, struct err *err)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = open_lock_file(database, O_RDWR | O_CREAT);

	if (fd < 0)
		return err_set(err, ERR_STORE, "%s.lock: %s", database, strerror(errno));
	fchmod(fd, 0640); /* readers of our group look at it, whatever the umask */
	if (fcntl(fd, F_OFD_SETLK, &lock) != 0) {
		if (errno == EACCES || errno == EAGAIN)
			refuse(fd, err);
		else
			err_set(err, ERR_STORE, "%s.lock: %s", database, strerror(errno));
		close(fd);
		return err->code;
	}
	write_holder(fd);
	*out = fd;
	return 0;
}

bool lock_is_held(const char *database)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = open_lock_file(database, O_RDONLY);
	bool held;

	if (fd < 0)
		return errno != ENOENT; /* not to be looked at: held, for all we know */
	held = fcntl(fd, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
	close(fd);
	return held;
}
