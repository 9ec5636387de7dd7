#include "base/own.h"

#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"

char *own_path(const char *name, const char *installed)
{
	char self[PATH_MAX] = {0}, *path;

	if (readlink("/proc/self/exe", self, sizeof self - 1) > 0) {
		path = mem_printf("%s/%s", dirname(self), name);
		if (access(path, F_OK) == 0)
			return path;
		free(path);
	}
	return mem_printf("%s/%s", installed, name);
}
