/* Whether the daemon will be able to write its database: judged by who owns what, since whoever
 * checks may be root, or an operator, and the service somebody else. */
#include "check.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/mem.h"
#include "config_keys.h"

#define NAME_BYTES 64

/* "phonewatch", or "user 4711". */
static void format_user(char out[NAME_BYTES], uid_t uid)
{
	const struct passwd *user = getpwuid(uid);

	if (user != NULL)
		snprintf(out, NAME_BYTES, "%s", user->pw_name);
	else
		snprintf(out, NAME_BYTES, "user %u", (unsigned)uid);
}

static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return mem_strdup(".");
	return mem_printf("%.*s", slash == path ? 1 : (int)(slash - path), path);
}

bool check_has_folder(const struct config *config)
{
	char *folder = folder_of(config->database);
	bool there = access(folder, F_OK) == 0;

	free(folder);
	return there;
}

static bool is_default(const char *folder)
{
	char *usual = folder_of(CONFIG_DATABASE);
	bool same = strcmp(folder, usual) == 0;

	free(usual);
	return same;
}

static int say_missing(const char *folder, FILE *out)
{
	if (errno == EACCES) { /* not ours to judge */
		fprintf(out, "database: we may not look into %s: not checked\n", folder);
		return 0;
	}
	if (errno == ENOENT && is_default(folder)) {
		fprintf(out,
			"database: %s is not there yet; systemd makes it when phonewatchd"
			" starts\n",
			folder);
		return 0;
	}
	fprintf(out,
		"database: its folder %s: %s; make it, for the user of phonewatchd\n",
		folder, strerror(errno));
	return ERR_STORE;
}

/* Others than root must own what they are to write. */
static int check_owner(const char *path, uid_t owner, FILE *out)
{
	char user[NAME_BYTES], others[NAME_BYTES];
	struct stat st;

	if (stat(path, &st) != 0 || st.st_uid == owner || owner == 0)
		return 0;
	format_user(user, owner);
	format_user(others, st.st_uid);
	fprintf(out, "database: %s belongs to %s, its folder to %s; chown %s %s\n", path,
		others, user, user, path);
	return ERR_STORE;
}

static int check_files(const char *database, uid_t owner, FILE *out)
{
	static const char *const behind[] = {"", "-wal", "-shm", ".lock", ".penalties"};
	int rc = 0;

	for (size_t i = 0; i < COUNT(behind); i++) {
		char *path = mem_printf("%s%s", database, behind[i]);

		if (check_owner(path, owner, out) != 0)
			rc = ERR_STORE;
		free(path);
	}
	return rc;
}

static int check_folder(const char *folder, const struct stat *st, FILE *out)
{
	char user[NAME_BYTES];
	struct statvfs disk;

	format_user(user, st->st_uid);
	if (!S_ISDIR(st->st_mode)) {
		fprintf(out, "database: %s is not a folder\n", folder);
		return ERR_STORE;
	}
	if (st->st_uid != 0 &&
	    (st->st_mode & (S_IWUSR | S_IXUSR)) != (S_IWUSR | S_IXUSR)) {
		fprintf(out,
			"database: %s may not write in its own folder %s; chmod 750 %s\n",
			user, folder, folder);
		return ERR_STORE;
	}
	if (statvfs(folder, &disk) == 0 && (disk.f_flag & ST_RDONLY) != 0) {
		fprintf(out, "database: %s is on a read-only file system\n", folder);
		return ERR_STORE;
	}
	return 0;
}

/* One that is there and cannot be used, whoever tries. */
static int check_content(const char *path, FILE *out)
{
	struct err err;

	if (access(path, R_OK) != 0 || store_probe(path, &err) == 0)
		return 0;
	fprintf(out, "%s\n", err.text);
	return ERR_STORE;
}

/* Nothing wrong with it, but of use to whoever starts it by hand. */
static void say_whose(const char *folder, uid_t owner, FILE *out)
{
	char user[NAME_BYTES];

	if (geteuid() == 0 || geteuid() == owner)
		return;
	format_user(user, owner);
	fprintf(out, "database: %s belongs to %s, who alone can run phonewatchd here\n",
		folder, user);
}

int check_database(const struct config *config, FILE *out)
{
	char *folder = folder_of(config->database);
	struct stat st;
	int rc;

	if (stat(folder, &st) != 0)
		rc = say_missing(folder, out);
	else if (check_folder(folder, &st, out) != 0 ||
		 check_files(config->database, st.st_uid, out) != 0 ||
		 check_content(config->database, out) != 0)
		rc = ERR_STORE;
	else
		rc = 0;
	if (rc == 0 && stat(folder, &st) == 0)
		say_whose(folder, st.st_uid, out);
	free(folder);
	return rc;
}
