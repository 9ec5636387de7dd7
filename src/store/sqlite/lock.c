#include "store/sqlite/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

static int open_lock_file(const char *database, int flags)
{
	char *path = mem_printf("%s.lock", database);
	int fd = open(path, flags | O_CLOEXEC, 0640);

	free(path);
	return fd;
}

int lock_take(const char *database, int *out, struct err *err)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = open_lock_file(database, O_RDWR | O_CREAT);

	if (fd < 0)
		return err_set(err, ERR_STORE, "%s.lock: %s", database, strerror(errno));
	if (fcntl(fd, F_SETLK, &lock) != 0) {
		int why = errno;

		lock.l_pid = 0;
		fcntl(fd, F_GETLK, &lock); /* who; 0 where it cannot be told */
		close(fd);
		if (why != EACCES && why != EAGAIN)
			return err_set(err, ERR_STORE, "%s.lock: %s", database,
				       strerror(why));
		if (lock.l_pid > 0)
			return err_set(err, ERR_STORE,
				       "in use by another phonewatchd, process %d",
				       (int)lock.l_pid);
		return err_set(err, ERR_STORE, "in use by another phonewatchd");
	}
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
	held = fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
	close(fd);
	return held;
}
