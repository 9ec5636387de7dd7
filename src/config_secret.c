/* Values that are files: found, read where they hold secrets, and never repeated in a text. */
#include "config_value_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "payload/once.h"
#include "payload/payload.h"

static const char *credentials_dir(void)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");

	return dir != NULL && dir[0] == '/' ? dir : NULL;
}

/* The path that the name of a file stands for; the caller frees it. A name without a slash is
 * looked for where the service manager puts credentials, then beside this file; in both places
 * then in the folder "secrets", whose files systemd hands over as secrets_NAME. */
static char *find_file(const struct config_file *file, const char *name)
{
	const char *dir = credentials_dir();
	char *in_folder = mem_printf("secrets/%s", name);
	char *paths[] = {
		dir != NULL ? mem_printf("%s/%s", dir, name) : NULL,
		dir != NULL ? mem_printf("%s/secrets_%s", dir, name) : NULL,
		config_file_beside(file->path, name),
		config_file_beside(file->path, in_folder),
	};
	const size_t beside = COUNT(paths) - 2;
	size_t chosen = beside; /* also where none is there */

	for (size_t i = 0; i < COUNT(paths) && strchr(name, '/') == NULL; i++) {
		if (paths[i] != NULL && access(paths[i], F_OK) == 0) {
			chosen = i;
			break;
		}
	}
	for (size_t i = 0; i < COUNT(paths); i++) {
		if (i != chosen)
			free(paths[i]);
	}
	free(in_folder);
	return paths[chosen];
}

static enum secret_place place_of_file(const char *path)
{
	const char *dir = credentials_dir();
	size_t n = dir != NULL ? strlen(dir) : 0;

	/* One level only, so that "DIR/../x" is anywhere. */
	return n > 0 && strncmp(path, dir, n) == 0 && path[n] == '/' &&
			       strchr(path + n + 1, '/') == NULL
		       ? SECRET_OF_THE_SYSTEM
		       : SECRET_ANYWHERE;
}

/* Whether a folder beside this file is there and closed to us, so that we cannot know what it holds:
 * that of the secrets is root's alone. */
static bool is_closed(const struct config_file *file, const char *folder)
{
	char *path = config_file_beside(file->path, folder);
	bool closed = access(path, F_OK) != 0 && errno == EACCES;

	free(path);
	return closed;
}

/* The name is not repeated: it may be the secret itself, written in the place of its file. */
static int refuse_missing(const struct config_reading *r, const config_setting_t *s)
{
	if (strchr(s->value.sval, '/') == NULL && is_closed(r->file, "secrets/."))
		return config_refuse(
			r, s,
			"not beside this file, and we may not look into the folder"
			" secrets (%s); try again as root",
			strerror(EACCES));
	if (strchr(s->value.sval, '/') != NULL)
		return config_refuse(r, s,
				     "no such file; make it, or write another path");
	if (credentials_dir() == NULL)
		return config_refuse(
			r, s,
			"no such file beside this one or in the folder secrets"
			" ($CREDENTIALS_DIRECTORY is not set); make it, or write"
			" its path");
	return config_refuse(
		r, s,
		"no such file in $CREDENTIALS_DIRECTORY, beside this one or in the"
		" folder secrets; make it, or write its path");
}

static bool is_missing(const char *path)
{
	return access(path, F_OK) != 0 &&
	       (errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG);
}

static int check_readable(const struct config_reading *r, const config_setting_t *s,
			  const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), rc = 0;

	if (fd < 0)
		return config_refuse(r, s, "cannot read %s: %s", path, strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		rc = config_refuse(r, s, "%s is not a regular file", path);
	close(fd);
	return rc;
}

/* The path of the file that a text names, if any; the caller frees it. */
static int file_of(const struct config_reading *r, const config_setting_t *s, char **path)
{
	const char *name;

	if (config_value_text(r, s, &name) != 0)
		return ERR_CONFIG;
	*path = name[0] != '\0' ? find_file(r->file, name) : NULL;
	if (*path != NULL && is_missing(*path)) {
		free(*path);
		return refuse_missing(r, s);
	}
	return 0;
}

int config_value_read_file(const struct config_reading *r, const config_setting_t *s)
{
	char *path;

	if (file_of(r, s, &path) != 0)
		return ERR_CONFIG;
	if (path != NULL && check_readable(r, s, path) != 0) {
		free(path);
		return ERR_CONFIG;
	}
	if (r->base != NULL)
		*(char **)config_value_place(r->base, r->key) = path;
	else
		free(path);
	return 0;
}

static bool is_path(const char *name)
{
	size_t len = strlen(name);

	return strchr(name, '/') != NULL ||
	       (len > 3 && strcmp(name + len - 3, ".jq") == 0);
}

static int refuse_format(const struct config_reading *r, const config_setting_t *s)
{
	char all[256];
	size_t n = 0;

	all[0] = '\0';
	for (size_t i = 0; payload_formats[i] != NULL && n < sizeof all; i++)
		n += (size_t)snprintf(all + n, sizeof all - n, ", %s",
				      payload_formats[i]);
	return config_refuse(r, s, "is not %s%s or the path of a .jq",
			     PAYLOAD_CLOUDEVENTS, all);
}

/* Read a program and see that it compiles. */
static int program_of(const struct config_reading *r, const config_setting_t *s,
		      const char *path, char **program)
{
	struct err err;

	if (payload_read(path, program, &err) != 0)
		return config_refuse(r, s, "%s", err.text);
	if (payload_once(*program, NULL, NULL, 0, NULL, &err) == 0)
		return 0;
	free(*program);
	return config_refuse(r, s, "%s: %s", path, err.text);
}

int config_value_read_program(const struct config_reading *r, const config_setting_t *s)
{
	char *path = NULL, *program;
	const char *name;
	int rc;

	if (config_value_text(r, s, &name) != 0)
		return ERR_CONFIG;
	if (strcmp(name, PAYLOAD_CLOUDEVENTS) == 0)
		return 0;
	if (payload_is_format(name))
		path = payload_path(name);
	else if (!is_path(name))
		return refuse_format(r, s);
	else if (file_of(r, s, &path) != 0)
		return ERR_CONFIG;
	rc = program_of(r, s, path, &program);
	free(path);
	if (rc == 0 && r->base != NULL)
		*(char **)config_value_place(r->base, r->key) = program;
	else if (rc == 0)
		free(program);
	return rc;
}

/* into is empty before, and after an error. */
static int secret_of(const struct config_reading *r, const config_setting_t *s,
		     struct secret *into)
{
	struct err err;
	char *path;
	int rc;

	if (file_of(r, s, &path) != 0)
		return ERR_CONFIG;
	if (path == NULL)
		return 0;
	rc = secret_read(into, path, place_of_file(path), &err);
	if (rc == 0 && r->key->check_secret != NULL) {
		rc = r->key->check_secret(into, &err);
		if (rc != 0)
			err_wrap(&err, "%s", path);
	}
	if (rc != 0) {
		secret_clear(into);
		config_refuse(r, s, "%s", err.text);
	}
	free(path);
	return rc;
}

int config_value_read_secret(const struct config_reading *r, const config_setting_t *s)
{
	struct secret secret = {0};

	if (secret_of(r, s, &secret) != 0)
		return ERR_CONFIG;
	if (r->base != NULL)
		*(struct secret *)config_value_place(r->base, r->key) = secret;
	else
		secret_clear(&secret);
	return 0;
}

void config_value_clear_secret(void *base, const struct config_key *key)
{
	secret_clear(config_value_place(base, key));
}

bool config_value_same_secret(const void *a, const void *b, const struct config_key *key)
{
	return secret_same(config_value_const_place(a, key),
			   config_value_const_place(b, key));
}

static void free_secrets(struct secret *secrets, size_t n)
{
	for (size_t i = 0; i < n; i++)
		secret_clear(&secrets[i]);
	free(secrets);
}

/* The contract writes one name as "NAME" and several as a list. */
int config_value_read_secrets(const struct config_reading *r, const config_setting_t *s)
{
	bool one = s->type == CONFIG_TYPE_STRING;
	size_t n, ok = 0;
	struct secret *secrets;

	if (!one && config_value_check_list(r, s) != 0)
		return ERR_CONFIG;
	n = one ? 1 : (size_t)config_setting_length(s);
	secrets = mem_zalloc(n * sizeof *secrets);
	for (size_t i = 0; i < n; i++)
		ok += secret_of(r, one ? s : config_setting_get_elem(s, (unsigned)i),
				&secrets[ok]) == 0;
	if (ok < n || r->base == NULL) {
		free_secrets(secrets, ok);
		return ok < n ? ERR_CONFIG : 0;
	}
	*(struct secret **)config_value_place(r->base, r->key) = secrets;
	*config_value_count(r->base, r->key) = n;
	return 0;
}

void config_value_clear_secrets(void *base, const struct config_key *key)
{
	struct secret **secrets = config_value_place(base, key);
	size_t *n = config_value_count(base, key);

	free_secrets(*secrets, *n);
	*secrets = NULL;
	*n = 0;
}

bool config_value_same_secrets(const void *a, const void *b, const struct config_key *key)
{
	const struct secret *x =
		*(struct secret *const *)config_value_const_place(a, key);
	const struct secret *y =
		*(struct secret *const *)config_value_const_place(b, key);
	size_t n = config_value_const_count(a, key);

	if (n != config_value_const_count(b, key))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!secret_same(&x[i], &y[i]))
			return false;
	}
	return true;
}
