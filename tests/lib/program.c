#include "lib/program.h"

#include <check.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

pid_t program_start(char *const words[], FILE **out)
{
	extern char **environ;
	const char *dir = getenv("TEST_BIN");
	char *path = mem_printf("%s/%s", dir != NULL ? dir : ".", words[0]);
	posix_spawn_file_actions_t files;
	int fds[2];
	pid_t pid;

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, fds[1], 1);
	posix_spawn_file_actions_adddup2(&files, fds[1], 2);
	ck_assert_msg(posix_spawn(&pid, path, &files, NULL, words, environ) == 0, "%s",
		      path);
	posix_spawn_file_actions_destroy(&files);
	close(fds[1]);
	*out = fdopen(fds[0], "r");
	free(path);
	return pid;
}

int program_status(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}
