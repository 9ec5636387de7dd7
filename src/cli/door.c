#include "cli/door.h"

#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/local.h"

#define SOCKET         "phonewatch.sock"
#define SERVICE_FOLDER "/run/phonewatch" /* RuntimeDirectory= of the unit */
#define ANSWER_MAX     ((size_t)16 << 20)

/* ---- where it is ---- */

/* As the daemon chooses it, as far as we can know: its environment is not ours. */
static size_t find_folders(const struct cli *cli, char *out[3])
{
	const char *runtime = getenv("RUNTIME_DIRECTORY");
	char *copy = mem_strdup(cli->database_path);
	size_t n = 0;

	if (runtime != NULL && runtime[0] != '\0')
		out[n++] = mem_strndup(runtime, strcspn(runtime, ":"));
	out[n++] = mem_strdup(dirname(copy));
	out[n++] = mem_strdup(SERVICE_FOLDER);
	free(copy);
	return n;
}

/* Say of the first why; that it is closed to us says more than that nothing is there. */
static int cannot_reach(char *const *paths, const int *codes, const struct err *errs,
			size_t n)
{
	size_t told = 0;

	for (size_t i = n; i-- > 0;)
		if (codes[i] == ERR_DENIED)
			told = i;
	if (codes[told] == ERR_DENIED)
		cli_warn("phonewatchd cannot be reached: %s: %s; members of its group may"
			 " ask",
			 paths[told], errs[told].text);
	else
		cli_warn(
			"phonewatchd cannot be reached: nobody answers at %s or %s; does it"
			" run?",
			paths[0], paths[n - 1]);
	return CLI_DAEMON;
}

static int connect_any(const struct cli *cli, int *fd)
{
	struct err errs[3];
	char *paths[3];
	int codes[3], status = CLI_OK;
	size_t n = find_folders(cli, paths), i;

	for (i = 0; i < n; i++) {
		char *folder = paths[i];

		paths[i] = mem_printf("%s/" SOCKET, folder);
		free(folder);
	}
	for (i = 0; i < n; i++) {
		codes[i] = local_connect(paths[i], fd, &errs[i]);
		if (codes[i] == 0)
			break;
	}
	if (i == n)
		status = cannot_reach(paths, codes, errs, n);
	for (i = 0; i < n; i++)
		free(paths[i]);
	return status;
}

/* ---- the request ---- */

static int send_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		if (n <= 0)
			return ERR_RETRY;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

static int send_request(int fd, const char *method, const char *path, const json_t *body,
			int64_t database)
{
	char *content = body != NULL ? json_dumps(body, JSON_COMPACT) : mem_strdup("");
	char *text = mem_printf("%s %s HTTP/1.1\r\n"
				"Host: phonewatch\r\n"
				"Connection: close\r\n"
				"Phonewatch-Database: %" PRId64 "\r\n"
				"Content-Type: application/json\r\n"
				"Content-Length: %zu\r\n\r\n%s",
				method, path, database, strlen(content), content);
	int rc = send_all(fd, text, strlen(text));

	free(text);
	free(content);
	return rc;
}

/* ---- the answer ---- */

static int receive(int fd, struct buf *b)
{
	char bytes[4096];
	ssize_t n;

	while ((n = read(fd, bytes, sizeof bytes)) > 0)
		if (buf_add(b, bytes, (size_t)n) != 0)
			return ERR_FORMAT;
	return n == 0 ? 0 : ERR_RETRY;
}

/* Its status, and its body; a body that was cut off is no JSON. 0: it is no answer. */
static int read_answer(const struct buf *b, json_t **body)
{
	const char *text = buf_text(b), *content = strstr(text, "\r\n\r\n");
	int status = 0;

	if (content == NULL || sscanf(text, "HTTP/1.1 %3d ", &status) != 1)
		return 0;
	*body = json_loads(content + 4, JSON_DECODE_ANY, NULL);
	return *body != NULL ? status : 0;
}

static int exit_status_of(int status)
{
	if (status >= 200 && status < 300)
		return CLI_OK;
	return status == 400 || status == 404 ? CLI_USAGE : CLI_REFUSED;
}

static int take_answer(const struct buf *b, json_t **answer)
{
	json_t *body;
	int status = read_answer(b, &body);
	int exit_status = exit_status_of(status);
	const char *error;

	if (status == 0) {
		cli_warn("phonewatchd gives no answer; did it stop?");
		return CLI_DAEMON;
	}
	if (exit_status == CLI_OK) {
		*answer = body;
		return CLI_OK;
	}
	error = json_string_value(json_object_get(body, "error"));
	cli_warn("%s", error != NULL ? error : "phonewatchd refuses");
	json_decref(body);
	return exit_status;
}

static int exchange(int fd, const char *method, const char *path, const json_t *body,
		    int64_t database, json_t **answer)
{
	struct buf b;
	int status;

	buf_init(&b, ANSWER_MAX);
	/* Where it does not take all of it, it may have said why. */
	send_request(fd, method, path, body, database);
	if (receive(fd, &b) == ERR_FORMAT) {
		cli_warn("phonewatchd's answer is too large");
		status = CLI_DAEMON;
	} else {
		status = take_answer(&b, answer);
	}
	buf_clear(&b);
	return status;
}

/* The number of the database that is asked about: only the daemon that writes it is meant. */
static int find_database(struct cli *cli, int64_t *database)
{
	struct store_conn *c = cli_open(cli);
	int64_t version;
	int status = CLI_OK;

	if (c == NULL)
		return CLI_DATABASE;
	if (store_reader_version(c, &version, &cli->err) == 0)
		*database = store_reader_random(c);
	else
		status = cli_fail_database(cli);
	store_close_reader(c);
	return status;
}

int door_ask(struct cli *cli, const char *method, const char *path, json_t *body,
	     json_t **answer)
{
	int64_t database = 0;
	int fd, status = find_database(cli, &database);

	if (status == CLI_OK)
		status = connect_any(cli, &fd);
	if (status == CLI_OK) {
		status = exchange(fd, method, path, body, database, answer);
		close(fd);
	}
	json_decref(body);
	return status;
}

const char *door_text(const json_t *answer, const char *name)
{
	const char *text = json_string_value(json_object_get(answer, name));

	return text != NULL ? text : "";
}
