/* phonewatch as a whole: what it prints, where, and how it ends. */
#include "cli/commands.h"

#include "lib/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <spawn.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "cli/fit.h"
#include "lib/database.h"
#include "lib/keep.h"
#include "query/when.h"

#define WAIT_MS  20000 /* a test that waits longer has failed */
#define MAX_ARGS 16

static char path[300];
static struct database db;
static int64_t now_ms;

static char *strdup_kept(const char *text)
{
	return keep(mem_strdup(text));
}

static void in_fresh_folder(void)
{
	snprintf(path, sizeof path, "%s/phonewatch.db", suite_dir());
	now_ms = clock_utc_ms();
	setenv("TZ", "UTC", 1);
	tzset();
	setenv("LC_ALL", "C", 1);
	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
	unsetenv("COLUMNS");
}

/* ---- running it ---- */

struct answer {
	char *out, *err; /* kept */
	int status;      /* exit status; 128 + signal */
};

static const char *program(void)
{
	static char name[512];
	const char *bin = getenv("TEST_BIN");

	snprintf(name, sizeof name, "%s/phonewatch", bin != NULL ? bin : ".");
	return name;
}

/* "status -o table" and the like; no argument has a blank. "@" is the database. */
static char **arguments(const char *line)
{
	char **argv = keep(mem_zalloc((MAX_ARGS + 2) * sizeof *argv));
	char *rest = strdup_kept(line), *word;
	int n = 0;

	argv[n++] = strdup_kept(program());
	while ((word = strsep(&rest, " ")) != NULL && n <= MAX_ARGS)
		if (word[0] != '\0')
			argv[n++] = strdup_kept(strcmp(word, "@") == 0 ? path : word);
	return argv;
}

static pid_t start(const char *line, int out, int err)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t set;
	pid_t pid;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&files, err, STDERR_FILENO);
	posix_spawnattr_init(&attr);
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	posix_spawnattr_setsigdefault(&attr, &set);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	ck_assert_int_eq(
		posix_spawn(&pid, program(), &files, &attr, arguments(line), environ), 0);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	return pid;
}

static int end_of(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static char *text_of(const char *name)
{
	struct buf b;
	char bytes[65536];
	ssize_t n;
	int fd = open(name, O_RDONLY);

	buf_init(&b, 1 << 28);
	while ((n = read(fd, bytes, sizeof bytes)) > 0)
		buf_add(&b, bytes, (size_t)n);
	close(fd);
	return b.data != NULL ? keep(b.data) : strdup_kept("");
}

static int make(const char *name)
{
	return open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

static struct answer run(const char *line)
{
	char *out_name = keep_printf("%s/out", suite_dir());
	char *err_name = keep_printf("%s/err", suite_dir());
	int out = make(out_name), err = make(err_name);
	struct answer a;

	a.status = end_of(start(line, out, err));
	close(out);
	close(err);
	a.out = text_of(out_name);
	a.err = text_of(err_name);
	return a;
}

/* On a terminal of so many columns. */
static struct answer run_on_terminal(const char *line, unsigned short columns)
{
	struct winsize size = {.ws_row = 40, .ws_col = columns};
	int terminal, keyboard;
	struct answer a = {0};
	struct buf b;
	char bytes[4096];
	ssize_t n;
	pid_t pid;

	ck_assert_int_eq(openpty(&keyboard, &terminal, NULL, NULL, &size), 0);
	fcntl(keyboard, F_SETFD, FD_CLOEXEC);
	pid = start(line, terminal, terminal);
	close(terminal);
	buf_init(&b, 1 << 20);
	while ((n = read(keyboard, bytes, sizeof bytes)) > 0) /* EIO at the end */
		buf_add(&b, bytes, (size_t)n);
	close(keyboard);
	a.out = b.data != NULL ? keep(b.data) : strdup_kept("");
	a.status = end_of(pid);
	return a;
}

/* ---- a database ---- */

static void make_account(const char *name, int64_t last_page_at_ms)
{
	database_set_account(&db,
			     &(struct store_account){.name = (char *)name,
						     .state = ACCOUNT_REACHABLE,
						     .since_at_ms = now_ms - 3600000,
						     .whole_sent_at_ms = last_page_at_ms,
						     .last_page_at_ms = last_page_at_ms,
						     .last_sweep_at_ms = last_page_at_ms,
						     .interval_ms = 60000});
}

static void make_database(void)
{
	static const struct database_device devices[] = {
		{.account = "acme",
		 .id = "1",
		 .name = "Lobby phone",
		 .extension = "101",
		 .site = "Denver",
		 .model = "Polycom VVX 450",
		 .status = DEVICE_ONLINE},
		{.account = "acme",
		 .id = "2",
		 .name = "K\xc3\xbc"
			 "che \x1b[31mrot\nzwei",
		 .extension = "102",
		 .site = "Z\xc3\xbcrich",
		 .status = DEVICE_ONLINE},
		{.account = "acme",
		 .id = "3",
		 .name = "Annex",
		 .site = "Denver",
		 .status = DEVICE_UNKNOWN,
		 .vendor_status = "Initial"},
	};

	database_open(&db, path);
	make_account("acme", now_ms);
	for (size_t i = 0; i < COUNT(devices); i++) {
		struct database_device d = devices[i];

		d.observed_at_ms = now_ms - 7200000;
		database_set_device(&db, &d);
	}
	database_transition(&db, "acme", "1", DEVICE_OFFLINE, now_ms - 90000,
			    now_ms - 60000);
}

/* ---- wrong use ---- */

static const struct {
	const char *line;
	const char *said;
} wrong[] = {
	{"", "no command; see phonewatch --help"},
	{"dance", "dance: no such command; see phonewatch --help"},
	{"status dance", "dance: unexpected; see phonewatch status --help"},
	{"status --dance", "--dance: no such option; see phonewatch --help"},
	{"status --o",
	 "--o: could be --offline or --older or --output; see phonewatch --help"},
	{"events --follow=x", "--follow: takes no value; see phonewatch --help"},
	{"status -z", "-z: no such option; see phonewatch --help"},
	{"status --match", "--match: needs a value; see phonewatch --help"},
	{"-d", "-d: needs a value; see phonewatch --help"},
	{"status --match nose=long",
	 "--match nose=long: not KEY=PATTERN with a KEY of account, site, type, model,"
	 " device, name"},
	{"status --match name",
	 "--match name: not KEY=PATTERN with a KEY of account, site,"
	 " type, model, device, name"},
	{"status --since -2h",
	 "status: has no option --since; see phonewatch status --help"},
	{"accounts --offline",
	 "accounts: has no option --offline; see phonewatch accounts --help"},
	{"-f accounts",
	 "accounts: has no option --follow; see phonewatch accounts --help"},
	{"events --failed",
	 "events: has no option --failed; see phonewatch events --help"},
	{"status -o xml", "-o xml: not table, json, ndjson or csv"},
	{"status --at soon",
	 "--at soon: not a time; a time is 2026-11-22T18:00:00Z,"
	 " \"2026-11-22 18:00\", 2026-11-22, 18:00, -2h, yesterday, monday, today or now"},
	{"status --at 9000-01-01", "--at 9000-01-01: that is still to come"},
	{"show", "show: which? phonewatch show DEVICE"},
	{"show 101 102", "102: unexpected; see phonewatch show --help"},
	{"history --since -2h", "history: which? phonewatch history DEVICE"},
	{"history 101 --until 9000-01-01", "--until 9000-01-01: that is still to come"},
	{"history 101 --since now", "--since now is not before --until now"},
	{"report --since -1h --until -2h", "--since -1h is not before --until -2h"},
	{"report --since 9000-01-01", "--since 9000-01-01: that is still to come"},
	{"report --by colour", "--by colour: not device, site, model or account"},
	{"report --e911 --since -1h",
	 "report --e911 is of now, and of all: it has no --since, --until or --worst"},
	{"report --e911 --by model", "--by model: with --e911 device or site"},
	{"diff -2h", "diff: which? phonewatch diff T1 T2"},
	{"diff -1h -2h", "diff: -1h is not before -2h"},
	{"diff soon now",
	 "diff soon: not a time; a time is 2026-11-22T18:00:00Z,"
	 " \"2026-11-22 18:00\", 2026-11-22, 18:00, -2h, yesterday, monday, today or now"},
	{"accounts -2h", "-2h: unexpected; see phonewatch accounts --help"},
	{"stale --older long", "--older long: not a duration, as 30d or 12h"},
	{"status --critical 5", "status: --critical goes with --nagios"},
	{"completion tcsh", "completion tcsh: not bash, zsh or fish"},
	{"report --worst 0", "--worst 0: not a number from 1 on"},
	{"report --worst many", "--worst many: not a number from 1 on"},
	{"alerts acme", "acme: unexpected; see phonewatch alerts --help"},
	{"silence", "silence: which? phonewatch silence add|list|remove [ID]"},
	{"silence dance",
	 "silence: add, list, or remove ID; see phonewatch silence --help"},
	{"silence remove",
	 "silence: add, list, or remove ID; see phonewatch silence --help"},
	{"silence list 1",
	 "silence: add, list, or remove ID; see phonewatch silence --help"},
	{"silence add --for 2h",
	 "silence add: of what? --match site=Denver, or --until-clear"
	 " KEY of an alert"},
	{"silence add --match place=x --for 2h",
	 "--match place=x: not KEY=PATTERN with a KEY of account, site, type, model, device,"
	 " name, kind"},
	{"status --match kind=x",
	 "--match kind=x: not KEY=PATTERN with a KEY of account, site, type, model, device,"
	 " name"},
	{"silence add --match site=x", "silence add: until when? --for 4h, --until T, or"
				       " --every for a window that comes again"},
	{"silence add --match site=x --for 2h --until-clear a/b/c",
	 "--match and --until-clear: which?"},
	{"silence add --match site=x --for 2h --until now",
	 "--for and --until say the same: which?"},
	{"silence add --match site=x --for 0s",
	 "--for 0s: not a duration; one is 30m, 4h or 2d"},
	{"silence add --match site=x --for 9999999999d",
	 "--for 9999999999d: not a duration; one is 30m, 4h or 2d"},
	{"silence add --match site=x --until soon",
	 "--until soon: not a time; a time is 2026-11-22T18:00:00Z,"
	 " \"2026-11-22 18:00\", 2026-11-22, 18:00, -2h, yesterday, monday, today or now"},
	{"silence add --match site=x --every night",
	 "--every night: not a window of time; one is \"Mon-Fri 22:00-06:00\", \"Sat,Sun"
	 " 00:00-24:00\" or \"02:00-04:00\""},
	{"silence list --for 2h", "silence list: its terms belong to silence add"},
	{"silence remove 0", "silence remove 0: not the number of a silence"},
	{"silence remove 1x", "silence remove 1x: not the number of a silence"},
	{"silence remove 99999999999999999999",
	 "silence remove 99999999999999999999: not the number of a silence"},
	{"poll acme other", "other: unexpected; see phonewatch poll --help"},
	{"backup", "backup: which? phonewatch backup FILE"},
	{"events --since soon",
	 "--since soon: not a time; a time is 2026-11-22T18:00:00Z,"
	 " \"2026-11-22 18:00\", 2026-11-22, 18:00, -2h, yesterday, monday, today or now"},
	{"events --since 9000-01-01", "--since 9000-01-01: that is still to come"},
	{"events --since -1h --until -2h", "--since -1h is after --until -2h"},
	{"events --after x",
	 "--after x: not a number; it is data.sequence of the last event that you have"},
	{"events --after -1",
	 "--after -1: not a number; it is data.sequence of the last event that you have"},
	{"events --after 99999999999999999999",
	 "--after 99999999999999999999: not a number; it is data.sequence of the last event"
	 " that you have"},
	{"payload", "payload: which? phonewatch payload FORMAT"},
	{"payload slack", "payload: of which event? phonewatch payload slack --event ID"},
	{"payload slack --event 1 -o csv", "payload: is JSON: no -o csv with it"},
	{"events --event 1",
	 "events: has no option --event; see phonewatch events --help"},
	{"events --follow --until now",
	 "events: --follow has no end: no --until with it"},
	{"events --follow -o json", "events: --follow has no end: no -o json with it;"
				    " -o ndjson has a line for each"},
};

START_TEST(wrong_use_is_told_in_one_line)
{
	struct answer a = run(wrong[_i].line);
	char *said = keep_printf("phonewatch: %s\n", wrong[_i].said);

	ck_assert_str_eq(a.err, said);
	ck_assert_str_eq(a.out, "");
	ck_assert_int_eq(a.status, CLI_USAGE);
}
END_TEST

START_TEST(a_type_that_no_event_has_is_wrong_use)
{
	const char *begin = "phonewatch: --type device.ofline: no event has such a type;"
			    " there are device.online, device.offline, ";
	struct answer a =
		run("-d @ events --type *line --type device.ofline --type zork");

	ck_assert_int_eq(strncmp(a.err, begin, strlen(begin)), 0);
	ck_assert_str_eq(strchr(a.err, '\n'), "\n");
	ck_assert_str_eq(a.out, "");
	ck_assert_int_eq(a.status, CLI_USAGE);
}
END_TEST

static const struct {
	const char *line, *begin, *has;
} helps[] = {
	{"--help", "Usage: phonewatch ", "deliveries"},
	{"-h", "Usage: phonewatch ", "--output FORMAT"},
	{"status --help", "Usage: phonewatch status ", "--offline"},
	{"--help events", "Usage: phonewatch events ", "--follow"},
	{"accounts -h", "Usage: phonewatch accounts ", "--database FILE"},
	{"deliveries -h", "Usage: phonewatch deliveries ", "--failed"},
	{"report --help", "Usage: phonewatch report ", "--worst"},
	{"show --help", "Usage: phonewatch show DEVICE ", "serial number"},
	{"alerts --help", "Usage: phonewatch alerts ", "--explain"},
	{"--version", "phonewatch ", "."},
	{"status -V", "phonewatch ", "."},
};

START_TEST(help_is_told)
{
	struct answer a = run(helps[_i].line);

	ck_assert_int_eq(a.status, CLI_OK);
	ck_assert_str_eq(a.err, "");
	ck_assert_int_eq(strncmp(a.out, helps[_i].begin, strlen(helps[_i].begin)), 0);
	ck_assert_ptr_nonnull(strstr(a.out, helps[_i].has));
	for (char *rest = a.out, *line; (line = strsep(&rest, "\n")) != NULL;)
		ck_assert_uint_le(strlen(line), 100);
}
END_TEST

/* ---- which database ---- */

static void write_text(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static const char *const configured[] = {
	"-c %s/p.conf accounts", "accounts --config=%s/p.conf",
	"accounts --database %s/phonewatch.db", "-o ndjson accounts -d %s/phonewatch.db"};

START_TEST(the_database_is_found_by_either_path)
{
	char *conf = keep_printf("%s/p.conf", suite_dir());
	char *line = keep_printf(configured[_i], suite_dir());
	struct answer a;

	make_database();
	write_text(conf, "database = \"phonewatch.db\"\nnonsense = 5\n");
	a = run(line);
	ck_assert_str_eq(a.err, "");
	ck_assert_int_eq(a.status, CLI_OK);
	ck_assert_int_eq(strncmp(a.out, "{\"account\":\"acme\",", 18), 0);
	database_close(&db);
}
END_TEST

START_TEST(without_a_configuration_it_says_what_to_do)
{
	struct answer a = run("-c /nowhere/p.conf status");

	ck_assert_int_eq(a.status, CLI_DATABASE);
	ck_assert_str_eq(
		a.err, "phonewatch: /nowhere/p.conf: cannot read it: No such file or"
		       " directory\n"
		       "phonewatch: name the configuration with -c, or the database with"
		       " -d\n");
}
END_TEST

static const struct {
	const char *bytes; /* NULL: no file */
	const char *said;
} unreadable[] = {
	{NULL, "No such file or directory"},
	{"", "empty: no phonewatchd has written it yet"},
	{"This is no database; it is just text, but there is enough of it to fill the"
	 " header of one, which has a hundred bytes.",
	 "file is not a database"},
};
static const char *const commands[] = {"status", "events", "accounts", "deliveries",
				       "events --follow"};

START_TEST(a_database_that_cannot_be_read_is_told_in_one_line)
{
	size_t i = (size_t)_i / COUNT(commands);
	char *line = keep_printf("-d @ %s", commands[(size_t)_i % COUNT(commands)]);
	char *said =
		keep_printf("phonewatch: database %s: %s\n", path, unreadable[i].said);
	struct answer a;

	if (unreadable[i].bytes != NULL)
		write_text(path, unreadable[i].bytes);
	a = run(line);
	ck_assert_str_eq(a.err, said);
	ck_assert_str_eq(a.out, "");
	ck_assert_int_eq(a.status, CLI_DATABASE);
	if (unreadable[i].bytes != NULL)
		ck_assert_str_eq(text_of(path), unreadable[i].bytes);
	else
		ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

START_TEST(a_path_of_control_characters_stays_a_line)
{
	struct answer a = run("status -d /nowhere/\x1b[31m\nred");

	ck_assert_str_eq(a.err,
			 "phonewatch: database /nowhere/\\x1b[31m\\x0ared: No such file"
			 " or directory\n");
}
END_TEST

/* ---- formats ---- */

static const struct {
	const char *line;
	bool empty; /* the database is */
	const char *out;
} empties[] = {
	{"-d @ status -o json", true, "[]\n"},
	{"-d @ status -o ndjson", true, ""},
	{"-d @ events -o json", true, "[]\n"},
	{"-d @ accounts -o json", true, "[]\n"},
	{"-d @ deliveries -o json", true, "[]\n"},
	{"-d @ deliveries", true, ""},
	{"-d @ status -o table", true, "0 devices: 0 offline, 0 unknown, 0 online\n"},
	{"-d @ events -o table", true, "no events\n"},
	{"-d @ events", true, ""},
	{"-d @ accounts -o table", true,
	 "no accounts: phonewatchd has not watched any yet\n"},
	{"-d @ deliveries -o table", true, "no deliveries\n"},
	{"-d @ alerts -o table", true, "no alerts\n"},
	{"-d @ silence list -o table", true, "no silences\n"},
	{"-d @ deliveries -o table --failed", true, "no delivery has failed\n"},
	{"-d @ status --match site=Nowhere -o json", false, "[]\n"},
	{"-d @ events --type device.added", false, ""},
	{"-d @ events --until 2020-01-01", false, ""},
};

START_TEST(an_empty_list_is_an_answer)
{
	struct answer a;

	if (empties[_i].empty)
		database_open(&db, path);
	else
		make_database();
	a = run(empties[_i].line);
	ck_assert_str_eq(a.err, "");
	ck_assert_str_eq(a.out, empties[_i].out);
	ck_assert_int_eq(a.status, CLI_OK);
	database_close(&db);
}
END_TEST

static const char *const lists[] = {"status", "events", "accounts", "status --offline",
				    "events --since -1h --type device.*"};

START_TEST(json_is_one_array_of_the_lines_of_ndjson)
{
	char *plain = keep_printf("-d @ %s", lists[_i]);
	char *json = keep_printf("-d @ %s -o json", lists[_i]);
	struct answer lines, array;
	json_t *all, *one;
	size_t i = 0;

	make_database();
	lines = run(plain); /* no terminal: ndjson */
	array = run(json);
	ck_assert_int_eq(lines.status + array.status, 0);
	all = json_loads(array.out, 0, NULL);
	ck_assert(json_is_array(all));
	ck_assert_uint_gt(json_array_size(all), 0);
	for (char *rest = lines.out, *line; (line = strsep(&rest, "\n")) != NULL;) {
		if (line[0] == '\0')
			continue;
		one = json_loads(line, 0, NULL);
		ck_assert(json_equal(one, json_array_get(all, i++)));
		json_decref(one);
	}
	ck_assert_uint_eq(i, json_array_size(all));
	json_decref(all);
	database_close(&db);
}
END_TEST

static char *rendered;

static void on_event(const struct event *ev, void *arg)
{
	(void)arg;
	rendered = event_render(ev, EVENT_WITHOUT_PERSONAL);
}

START_TEST(events_are_told_byte_for_byte)
{
	struct answer a;
	struct store_conn *c;
	struct err err = {0};
	char *expected;

	make_database();
	ck_assert_int_eq(store_open_reader(path, &c, &err), 0);
	ck_assert_int_eq(store_events_each(c, 1, 1, on_event, NULL, &err), 0);
	store_close_reader(c);
	expected = keep_printf("%s\n", rendered);
	a = run("events -d @");
	ck_assert_str_eq(a.out, expected);
	database_close(&db);
}
END_TEST

static int move_away(struct store_conn *c, void *arg, struct err *e)
{
	struct event ev = {.type = EVENT_DEVICE_CHANGED,
			   .at_ms = now_ms,
			   .account = (char *)"acme",
			   .device_id = (char *)"1"};
	struct store_device d;
	int rc;

	(void)arg;
	ev.detail = json_pack("{s:[{s:s, s:s, s:s, s:b}]}", "changes", "field",
			      "emergency.address.street", "from", "1 Example Way", "to",
			      "2 Example Way", "personal", 1);
	if (store_device_load(c, 1, "1", &d, e) != 0)
		return e->code;
	rc = store_event_add(c, &ev, 1, d.device_id, d.version_id, NULL, 0, e);
	json_decref(ev.detail);
	store_device_clear(&d);
	return rc;
}

START_TEST(personal_data_is_not_told)
{
	static const char *const formats[] = {"ndjson", "json", "table"};
	struct answer a;

	make_database();
	database_write(&db, move_away, NULL);
	for (size_t i = 0; i < COUNT(formats); i++) {
		a = run(keep_printf("-d @ events --type device.changed -o %s",
				    formats[i]));
		ck_assert_ptr_nonnull(strstr(a.out, "emergency.address.street"));
		ck_assert_ptr_null(strstr(a.out, "Example Way"));
	}
	database_close(&db);
}
END_TEST

START_TEST(the_table_has_what_needs_somebody_first)
{
	char since[CLOCK_TEXT_BYTES];
	struct answer a;
	const char *offline, *unknown, *online;

	make_database();
	when_format_short(since, now_ms - 60000, now_ms);
	a = run("-d @ status -o table");
	ck_assert_int_eq(strncmp(a.out, "STATUS   WHY        NAME  ", 26), 0);
	offline = strstr(a.out, "\nOffline             Lobby phone  ");
	unknown = strstr(a.out, "\nUnknown  no status  Annex  ");
	online = strstr(a.out, "\nOnline              K");
	ck_assert_ptr_nonnull(offline);
	ck_assert(offline < unknown && unknown < online);
	ck_assert_ptr_nonnull(strstr(a.out, "K\xc3\xbc"
					    "che \\x1b[31mrot\\x0azwei  102  "
					    "Z\xc3\xbcrich"));
	ck_assert_ptr_nonnull(strstr(a.out, since));
	ck_assert_ptr_null(strchr(a.out, '\x1b'));
	ck_assert_ptr_null(strstr(a.out, "ACCOUNT")); /* there is only one */
	ck_assert_ptr_nonnull(
		strstr(a.out, "\n3 devices: 1 offline, 1 unknown, 1 online\n"));

	make_account("globex", now_ms);
	database_set_device(&db, &(struct database_device){.account = "globex",
							   .id = "9",
							   .status = DEVICE_OFFLINE,
							   .observed_at_ms = now_ms});
	a = run("-d @ status -o table --offline");
	ck_assert_ptr_nonnull(strstr(a.out, "ACCOUNT"));
	ck_assert_ptr_null(strstr(a.out, "WHY"));
	ck_assert_ptr_nonnull(strstr(a.out, "\n2 devices offline, 1 unknown\n"));
	database_close(&db);
}
END_TEST

START_TEST(what_nobody_watches_is_unknown)
{
	char since[CLOCK_TEXT_BYTES], *old;
	struct answer a;

	make_database();
	make_account("acme", now_ms - 600000);
	database_close(&db);
	a = run("-d @ status -o table");
	ck_assert_ptr_nonnull(
		strstr(a.out, "Unknown  unobserved, was Offline  Lobby phone"));
	when_format_short(since, now_ms - 600000, now_ms);
	old = keep_printf("acme: not watched since %s (10 min): phonewatchd does not run",
			  since);
	ck_assert_ptr_nonnull(
		strstr(a.out, keep_printf("\n3 devices: 0 offline, 3 unknown, 0 online\n"
					  "%s\n",
					  old)));
	ck_assert_str_eq(a.err, "");
	a = run("-d @ status --offline -o table");
	ck_assert_str_eq(a.out, keep_printf("0 devices offline, 3 unknown\n%s\n", old));
	a = run("-d @ status --offline -o table --match site=Denver");
	ck_assert_str_eq(a.out, keep_printf("0 devices offline, 2 unknown\n%s\n", old));
	a = run("-d @ status --offline -o table --match site=Nowhere");
	ck_assert_str_eq(a.out, keep_printf("0 devices offline\n%s\n", old));
	a = run("-d @ status --offline -o table --match account=other");
	ck_assert_str_eq(a.out, "0 devices offline\n");
	a = run("-d @ status --offline");
	ck_assert_str_eq(a.out, "");
	ck_assert_int_eq(a.status, CLI_OK);
	ck_assert_str_eq(a.err, keep_printf("phonewatch: %s\nphonewatch: 3 devices are"
					    " unknown and not in the list\n",
					    old));
	a = run("-d @ status --offline --at -8m -o table");
	ck_assert_str_eq(a.out, "0 devices offline, 3 unknown\n");
	a = run("-d @ status --offline --at -8m");
	ck_assert_str_eq(a.out, "");
	ck_assert_str_eq(a.err,
			 "phonewatch: 3 devices are unknown and not in the list\n");
	a = run("-d @ accounts -o table");
	ck_assert_ptr_nonnull(strstr(
		a.out, "\nacme     not watched        3       0        0        3"));
	ck_assert_ptr_nonnull(strstr(a.out, keep_printf("\n%s\n", old)));
	a = run("-d @ accounts");
	ck_assert_ptr_nonnull(
		strstr(a.out, "\"devices\":3,\"online\":0,\"offline\":0,\"unknown\":3,"));
}
END_TEST

START_TEST(who_was_so_at_first_sight_has_been_so_for_longer)
{
	struct answer a;
	char *at_least;

	make_database();
	a = run("-d @ status -o table");
	at_least = strstr(a.out, "  \xe2\x89\xa5 2 h 0 min\n");
	ck_assert_ptr_nonnull(at_least);
	/* Of the one in front a transition was seen. */
	ck_assert_ptr_null(memmem(a.out, (size_t)(at_least - a.out), "\xe2\x89\xa5", 3));
	ck_assert(strstr(a.out, "Lobby phone") < at_least &&
		  strstr(a.out, "Annex") < at_least);
	database_close(&db);
}
END_TEST

/* It has never delivered a page, so there is no device that could be unknown. */
START_TEST(an_account_without_a_device_is_not_watched_either)
{
	struct answer a;

	make_database();
	make_account("acme", now_ms);
	make_account("beta", now_ms - 600000);
	a = run("-d @ status -o table");
	ck_assert_ptr_nonnull(strstr(a.out, "\nbeta: not watched since "));
	a = run("-d @ status --nagios");
	ck_assert_int_ne(a.status, 0);
	ck_assert_ptr_nonnull(strstr(a.out, ", 1 account not watched"));
	a = run("-d @ status --nagios --match account=acme");
	ck_assert_ptr_null(strstr(a.out, "not watched"));
	database_close(&db);
}
END_TEST

START_TEST(of_many_accounts_that_nobody_watches_one_line_tells)
{
	struct answer a;

	make_database();
	make_account("globex", now_ms - 600000);
	database_set_device(&db, &(struct database_device){.account = "globex",
							   .id = "9",
							   .status = DEVICE_OFFLINE,
							   .observed_at_ms = now_ms});
	a = run("-d @ status --offline -o table");
	ck_assert_ptr_nonnull(strstr(
		a.out, "\n1 device offline, 2 unknown\nglobex: not watched since "));
	/* The daemon's lock is ours. */
	ck_assert_ptr_nonnull(strstr(a.out, "): its pages do not come, or "));
	make_account("acme", now_ms - 600000);
	a = run("-d @ status -o table");
	ck_assert_ptr_nonnull(
		strstr(a.out, "\n4 devices: 0 offline, 4 unknown, 0 online\n"
			      "2 accounts are not watched; see phonewatch accounts\n"));
	database_close(&db);
	a = run("-d @ status -o table");
	ck_assert_ptr_nonnull(strstr(a.out,
				     "\n2 accounts are not watched: phonewatchd does"
				     " not run; see phonewatch accounts\n"));
}
END_TEST

static int save_budget(struct store_conn *c, void *arg, struct err *e)
{
	return store_budget_save(c, arg, e);
}

static const struct {
	struct store_account account;
	const char *row, *note;
} accounts[] = {
	{{.name = (char *)"acme"},
	 "\nacme     new          0       0        0",
	 "\nacme: nothing came yet: phonewatchd has just begun, or its log tells more\n"},
	{{.name = (char *)"acme",
	  .state = ACCOUNT_UNREACHABLE,
	  .reason = (char *)"network",
	  .detail = (char *)"no\033route",
	  .last_page_at_ms = 1,
	  .interval_ms = 60000},
	 "\nacme     unreachable (network)        0       0        0   60 s",
	 ": no\\x1broute\n"},
	{{.name = (char *)"acme",
	  .state = ACCOUNT_REACHABLE,
	  .last_page_at_ms = -1, /* now */
	  .interval_ms = 5000,
	  .budget_scope = (char *)"s",
	  .budget_group = (char *)"heavy"},
	 "  7 of 10\n",
	 ""},
	{{.name = (char *)"acme",
	  .state = ACCOUNT_REACHABLE,
	  .last_page_at_ms = -1,
	  .records_bad = 2},
	 "\nacme     reachable        0       0        0",
	 "\nacme: 2 records of the last sweep could not be read, or not wholly; "},
};

START_TEST(an_account_is_a_row_and_what_it_has_no_room_for)
{
	struct store_account account = accounts[_i].account;
	struct store_budget budget = {.scope = "s",
				      .group = "heavy",
				      .limit = 10,
				      .remaining = 7,
				      .window_ms = 3600000,
				      .told_at_ms = now_ms};
	struct answer a;

	if (account.last_page_at_ms < 0)
		account.last_page_at_ms = now_ms;
	database_open(&db, path);
	database_write(&db, save_budget, &budget);
	database_set_account(&db, &account);
	a = run("-d @ accounts -o table");
	ck_assert_msg(strstr(a.out, accounts[_i].row) != NULL, "%s", a.out);
	ck_assert_msg(strstr(a.out, accounts[_i].note) != NULL, "%s", a.out);
	ck_assert_int_eq(strstr(a.out, "acme:") != NULL, accounts[_i].note[0] != '\0');
	database_close(&db);
}
END_TEST

START_TEST(an_event_is_a_line)
{
	char at[CLOCK_TEXT_BYTES], *expected;
	struct answer a;

	make_database();
	database_transition(&db, "acme", "2", DEVICE_OFFLINE, now_ms, now_ms);
	a = run("-d @ events -o table --match device=2");
	when_format(at, now_ms);
	expected = keep_printf("%s  OFFLINE   K\xc3\xbc"
			       "che \\x1b[31mrot\\x0azwei (ext 102,"
			       " Z\xc3\xbcrich) is offline\n",
			       at);
	ck_assert_str_eq(a.out, expected);
	database_close(&db);
}
END_TEST

/* ---- terminals ---- */

START_TEST(a_terminal_gets_a_table_in_colours)
{
	struct answer a;

	make_database();
	a = run_on_terminal("-d @ status", 100);
	ck_assert_int_eq(a.status, CLI_OK);
	ck_assert_int_eq(strncmp(a.out, "STATUS ", 7), 0);
	ck_assert_ptr_nonnull(strstr(a.out, "\x1b[31mOffline"));
	ck_assert_ptr_nonnull(strstr(a.out, "\x1b[33mUnknown"));
	ck_assert_ptr_nonnull(strstr(a.out, "\x1b[31m1 offline\x1b[0m"));
	a = run_on_terminal("-d @ events", 100);
	ck_assert_ptr_nonnull(strstr(a.out, "\x1b[31m  OFFLINE \x1b[0m"));
	a = run_on_terminal("-d @ status -o ndjson", 100);
	ck_assert_int_eq(a.out[0], '{');
	ck_assert_ptr_null(strchr(a.out, '\x1b'));

	setenv("NO_COLOR", "1", 1);
	a = run_on_terminal("-d @ status", 100);
	ck_assert_ptr_nonnull(strstr(a.out, "\nOffline"));
	ck_assert_ptr_null(strchr(a.out, '\x1b'));
	setenv("NO_COLOR", "", 1); /* present, but empty, is no wish */
	a = run_on_terminal("-d @ status", 100);
	ck_assert_ptr_nonnull(strchr(a.out, '\x1b'));
	setenv("TERM", "dumb", 1);
	a = run_on_terminal("-d @ status", 100);
	ck_assert_ptr_null(strchr(a.out, '\x1b'));
	database_close(&db);
}
END_TEST

static int save_failed(struct store_conn *c, void *arg, struct err *e)
{
	struct event ev = {
		.type = EVENT_ACCOUNT_REACHABLE, .at_ms = 1, .account = (char *)"acme"};
	struct store_delivery *failed = arg;
	struct store_account a;
	int64_t sink;

	if (store_account_load(c, "acme", &a, e) != 0 ||
	    store_sink_load(c, "the-webhook-of-operations", &sink, e) != 0 ||
	    store_event_add(c, &ev, a.account_id, 0, 0, &sink, 1, e) != 0)
		return e->code;
	store_account_clear(&a);
	failed->sequence = ev.sequence;
	return store_outbox_save(c, sink, failed, e);
}

/* Everything that a table can hold, as wide as it comes. */
static void make_wide_database(void)
{
	struct store_delivery failed = {.attempts = 12,
					.first_at_ms = now_ms - 86400000,
					.next_at_ms = now_ms + 86400000,
					.code = 503,
					.error = (char *)"Failed to connect to"
							 " ops.example.com port 443"};

	make_database();
	make_account("a-customer-with-a-long-name", now_ms - 86400000);
	database_set_device(&db, &(struct database_device){
					 .account = "a-customer-with-a-long-name",
					 .id = "62264425016",
					 .name = "Conference room 4, second floor, left",
					 .extension = "10104",
					 .site = "Frankfurt am Main, Flughafen",
					 .model = "Polycom SoundStation IP 6000",
					 .status = DEVICE_OFFLINE,
					 .observed_at_ms = now_ms - 90 * 86400000LL});
	database_write(&db, save_failed, &failed);
}

static const char *const tables[] = {"-d @ status",        "-d @ status --offline",
				     "-d @ accounts",      "-d @ deliveries",
				     "-d @ stale",         "-d @ diff -1h now",
				     "-d @ report",        "-d @ report --by device",
				     "-d @ report --e911", "-d @ report --e911 --by site",
				     "-d @ alerts",        "-d @ silence list",
				     "-d @ history 2",     "-d @ history 62264425016"};

/* What is shown above 100 columns is shown there, too; "..." would be text of somebody's. */
START_TEST(a_table_fits_its_terminal)
{
	static const unsigned short columns[] = {200, 100, 80, 40};
	unsigned short width = columns[(size_t)_i % COUNT(columns)];
	struct answer a;

	ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C.UTF-8"));
	setenv("NO_COLOR", "1", 1);
	make_wide_database();
	a = run_on_terminal(tables[(size_t)_i / COUNT(columns)], width);
	ck_assert_int_eq(a.status, CLI_OK);
	for (char *rest = a.out, *line; (line = strsep(&rest, "\r\n")) != NULL;)
		ck_assert_msg(fit_width(line) <= width ||
				      strstr(line, " unknown, ") != NULL,
			      "%zu columns: %s", fit_width(line), line);
	database_close(&db);
}
END_TEST

START_TEST(what_is_cut_is_seen_to_be_cut)
{
	struct answer a;

	setenv("NO_COLOR", "1", 1);
	make_wide_database();
	a = run_on_terminal("-d @ status --match name=Conf*", 80);
	ck_assert_ptr_nonnull(strstr(a.out, "  Conference r"));
	ck_assert_ptr_null(strstr(a.out, "left"));
	ck_assert_ptr_nonnull(strstr(a.out, "\xe2\x80\xa6  "));
	a = run("-d @ status -o table --match name=Conf*"); /* to a file: all of it */
	ck_assert_ptr_nonnull(strstr(a.out, "  Conference room 4, second floor, left  "));
	ck_assert_ptr_nonnull(strstr(a.out, "  Polycom SoundStation IP 6000  "));
	database_close(&db);
}
END_TEST

/* ---- where it goes ---- */

START_TEST(a_full_disk_is_told)
{
	static const char *const lines[] = {"-d @ status", "-d @ events", "-d @ accounts",
					    "-d @ status -o table",
					    "-d @ events --follow"};
	char *name = keep_printf("%s/err", suite_dir());
	int full = open("/dev/full", O_WRONLY), err = make(name);

	make_database();
	ck_assert_int_eq(end_of(start(lines[_i], full, err)), CLI_OUTPUT);
	ck_assert_str_eq(text_of(name),
			 "phonewatch: standard output: No space left on device\n");
	database_close(&db);
}
END_TEST

START_TEST(a_reader_that_goes_ends_it)
{
	char *name = keep_printf("%s/err", suite_dir());
	int err = make(name), ends[2];

	make_database();
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	close(ends[0]);
	ck_assert_int_eq(end_of(start(_i == 0 ? "-d @ status" : "-d @ events --follow",
				      ends[1], err)),
			 128 + SIGPIPE);
	ck_assert_str_eq(text_of(name), "");
	database_close(&db);
}
END_TEST

START_TEST(a_sink_that_was_switched_off_does_not_look_as_if_it_were_late)
{
	struct store_delivery gone = {
		.attempts = 1, .code = 410, .error = (char *)"HTTP 410"};
	struct answer a;

	make_database();
	database_write(&db, save_failed, &gone);
	a = run("-d @ deliveries -o table");
	ck_assert_ptr_nonnull(strstr(
		a.out, "  pending      1  after a reload   410  HTTP 410\n"
		       "the-webhook-of-operations: its receiver has switched it off"
		       " (HTTP 410), 1 waits; correct its address, or take the sink"
		       " out, and reload phonewatchd\n"));
	database_close(&db);
}
END_TEST

/* ---- many ---- */

#define N_OWED 2500

static int many_owed(struct store_conn *c, void *arg, struct err *e)
{
	struct store_account a;
	int64_t sink;

	(void)arg;
	if (store_account_load(c, "acme", &a, e) != 0 ||
	    store_sink_load(c, "ops", &sink, e) != 0)
		return e->code;
	for (int i = 0; i < N_OWED; i++) {
		struct event ev = {.type = EVENT_ACCOUNT_REACHABLE,
				   .at_ms = 1,
				   .account = (char *)"acme"};

		if (store_event_add(c, &ev, a.account_id, 0, 0, &sink, 1, e) != 0)
			return e->code;
	}
	store_account_clear(&a);
	return store_outbox_save(c, sink,
				 &(struct store_delivery){.sequence = N_OWED,
							  .state = DELIVERY_DEAD,
							  .attempts = 3,
							  .code = 400,
							  .error = (char *)"HTTP 400"},
				 e);
}

START_TEST(a_long_table_is_one_table)
{
	struct answer a;
	int n = 0;
	char last[200] = "";

	database_open(&db, path);
	database_write(&db, many_owed, NULL);
	a = run("-d @ deliveries -o table");
	for (char *rest = a.out, *line; (line = strsep(&rest, "\n")) != NULL;) {
		if (line[0] == '\0')
			continue;
		if (n == 0)
			ck_assert_ptr_nonnull(strstr(line, "EVENT"));
		else if (strstr(line, "pending") == NULL && n < N_OWED)
			ck_abort_msg("%s", line);
		n++;
		snprintf(last, sizeof last, "%s", line);
	}
	ck_assert_int_eq(n, N_OWED + 1);
	ck_assert_ptr_nonnull(strstr(last, "dead"));
	ck_assert_ptr_nonnull(strstr(last, "HTTP 400"));
	a = run("-d @ deliveries --failed");
	ck_assert_ptr_nonnull(strstr(a.out, "\"sequence\":2500,\"sink\":\"ops\","
					    "\"state\":\"dead\",\"attempts\":3,"
					    "\"next_at\":null,\"delivered_at\":null,"
					    "\"code\":400,\"error\":\"HTTP 400\","
					    "\"switched_off\":false}\n"));
	ck_assert_ptr_eq(strchr(a.out, '\n') + 1, strchr(a.out, '\0'));
	database_close(&db);
}
END_TEST

/* ---- following ---- */

struct follower {
	pid_t pid;
	int from;
	struct buf text;
};

static struct follower follow(const char *line)
{
	struct follower f;
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	f.pid = start(line, ends[1], ends[1]);
	close(ends[1]);
	f.from = ends[0];
	buf_init(&f.text, 1 << 20);
	return f;
}

/* Wait until it has printed this, and forget all up to there. */
static void sees(struct follower *f, const char *text)
{
	struct pollfd in = {.fd = f->from, .events = POLLIN};
	int64_t deadline = clock_mono_ms() + WAIT_MS;
	char bytes[4096], *found;

	while ((found = strstr(buf_text(&f->text), text)) == NULL) {
		ssize_t n;

		ck_assert_msg(clock_mono_ms() < deadline, "no \"%s\" in \"%s\"", text,
			      buf_text(&f->text));
		if (poll(&in, 1, 100) <= 0)
			continue;
		n = read(f->from, bytes, sizeof bytes);
		ck_assert_msg(n > 0, "it ended before \"%s\"", text);
		buf_add(&f->text, bytes, (size_t)n);
	}
	found = mem_strdup(found + strlen(text));
	f->text.len = 0;
	buf_add_text(&f->text, found);
	free(found);
}

static int stop(struct follower *f, int signal)
{
	int status;

	kill(f->pid, signal);
	status = end_of(f->pid);
	close(f->from);
	buf_clear(&f->text);
	return status;
}

/* Its line as a table has it. */
static void next_change(struct follower *f, enum device_status to)
{
	database_transition(&db, "acme", "1", to, now_ms, now_ms);
	sees(f, to == DEVICE_OFFLINE ? "Lobby phone (ext 101, Denver) is offline\n"
				     : "Lobby phone (ext 101, Denver) is online\n");
}

START_TEST(a_follower_is_told_as_it_happens)
{
	static const int signals[] = {SIGINT, SIGTERM};
	struct follower f;

	make_database();
	f = follow("-d @ events --follow -o table");
	sees(&f, "is offline\n"); /* the past */
	next_change(&f, DEVICE_ONLINE);
	next_change(&f, DEVICE_OFFLINE);
	ck_assert_int_eq(stop(&f, signals[_i]), CLI_OK);
	database_close(&db);
}
END_TEST

/* Every event behind it, each once, and nothing before: of the past and of what happens. */
START_TEST(a_reader_goes_on_behind_a_sequence)
{
	int64_t first, second;
	struct follower f;
	struct answer a;

	make_database();
	first = database_transition(&db, "acme", "1", DEVICE_ONLINE, now_ms, now_ms);
	second = database_transition(&db, "acme", "1", DEVICE_OFFLINE, now_ms, now_ms);
	a = run(keep_printf("-d @ events --after %lld -o table", (long long)first));
	ck_assert_ptr_nonnull(strstr(a.out, "is offline\n"));
	ck_assert_ptr_null(strstr(strchr(a.out, '\n') + 1, "\n"));
	a = run(keep_printf("-d @ events --since now --after %lld", (long long)first));
	ck_assert_str_eq(a.out, "");
	a = run(keep_printf("-d @ events --after %lld", (long long)second));
	ck_assert_str_eq(a.out, "");
	f = follow(keep_printf("-d @ events -f --after %lld -o table", (long long)first));
	sees(&f, "is offline\n");
	next_change(&f, DEVICE_ONLINE);
	stop(&f, SIGTERM);
	f = follow(
		keep_printf("-d @ events -f --after %lld -o table", (long long)second));
	sees(&f, "is online\n");
	ck_assert_int_eq(stop(&f, SIGTERM), CLI_OK);
	database_close(&db);
}
END_TEST

START_TEST(a_follower_outlives_the_daemon)
{
	struct follower f;

	make_database();
	f = follow("-d @ events -f -o table");
	sees(&f, "is offline\n");
	database_close(&db);
	database_open(&db, path);
	next_change(&f, DEVICE_ONLINE);
	next_change(&f, DEVICE_OFFLINE);
	database_close(&db);
	database_open(&db, path);
	next_change(&f, DEVICE_ONLINE);
	ck_assert_int_eq(stop(&f, SIGTERM), CLI_OK);
	database_close(&db);
}
END_TEST

START_TEST(a_follower_of_a_database_at_rest_sees_the_daemon_come)
{
	struct follower f;

	make_database();
	database_close(&db);
	f = follow("-d @ events -f -o table");
	sees(&f, "is offline\n");
	database_open(&db, path);
	next_change(&f, DEVICE_ONLINE);
	ck_assert_int_eq(stop(&f, SIGTERM), CLI_OK);
	database_close(&db);
}
END_TEST

START_TEST(a_follower_begins_with_the_last_ten_or_where_it_is_told)
{
	struct follower f;

	make_database();
	for (int i = 2; i <= 15; i++)
		database_transition(&db, "acme", "2",
				    i % 2 == 0 ? DEVICE_OFFLINE : DEVICE_ONLINE, now_ms,
				    now_ms + i);
	f = follow("-d @ events -f");
	sees(&f, "\"sequence\":15,");
	ck_assert_int_eq(stop(&f, SIGTERM), CLI_OK);
	f = follow("-d @ events -f");
	sees(&f, "\"sequence\":");
	ck_assert_int_eq(strncmp(buf_text(&f.text), "6,", 2), 0);
	ck_assert_int_eq(stop(&f, SIGTERM), CLI_OK);
	f = follow("-d @ events -f --since -1h");
	sees(&f, "\"sequence\":1,");
	sees(&f, "\"sequence\":15,");
	ck_assert_int_eq(stop(&f, SIGTERM), CLI_OK);
	database_close(&db);
}
END_TEST

START_TEST(a_follower_ends_when_nobody_reads_it)
{
	struct follower f;

	make_database();
	f = follow("-d @ events -f -o table");
	sees(&f, "is offline\n");
	close(f.from); /* and nothing happens any more */
	ck_assert_int_ne(end_of(f.pid), CLI_OK);
	buf_clear(&f.text);
	database_close(&db);
}
END_TEST

START_TEST(a_follower_goes_on_in_another_database)
{
	char *old = keep_printf("%s.old", path);
	struct follower f;

	make_database();
	database_transition(&db, "acme", "1", DEVICE_ONLINE, now_ms, now_ms);
	database_close(&db);
	f = follow("-d @ events -f -o table");
	sees(&f, "is online\n");
	ck_assert_int_eq(rename(path, old), 0);
	make_database(); /* all of which is news */
	sees(&f, "is offline\n");
	next_change(&f, DEVICE_ONLINE);
	ck_assert_int_eq(stop(&f, SIGTERM), CLI_OK);
	database_close(&db);
}
END_TEST

START_TEST(a_follower_goes_on_in_a_backup_of_its_database)
{
	char *old = keep_printf("%s.old", path), *backup = keep_printf("%s.backup", path);
	char *copy = keep_printf("cp %s %s", path, backup);
	struct follower f;

	make_database();
	database_close(&db);
	ck_assert_int_eq(system(copy), 0);
	database_open(&db, path);
	database_transition(&db, "acme", "1", DEVICE_ONLINE, now_ms, now_ms);
	database_transition(&db, "acme", "1", DEVICE_OFFLINE, now_ms, now_ms);
	database_close(&db);
	f = follow("-d @ events -f -o table");
	sees(&f, "is online\n");
	sees(&f, "is offline\n");
	ck_assert_int_eq(rename(path, old), 0);
	sees(&f, "phonewatch: database "); /* it says that it is gone */
	ck_assert_int_eq(rename(backup, path), 0);
	sees(&f, "phonewatch: database "); /* and when it is back */
	database_open(&db, path);
	next_change(&f, DEVICE_ONLINE);
	ck_assert_ptr_null(strstr(buf_text(&f.text), "Lobby"));
	ck_assert_int_eq(stop(&f, SIGTERM), CLI_OK);
	database_close(&db);
}
END_TEST

/* ---- how soon ---- */

/* ---- the past ---- */

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS   (60 * MINUTE_MS)
#define SPRING    INT64_C(1711839600000) /* 2024-03-30T23:00Z: midnight in Berlin */

/* A phone that was offline for an hour of 2024-03-31, which has 23 in Berlin, and one of another
 * site that came that day at noon and went an hour later. */
static void make_past(void)
{
	const struct database_device lobby = {.account = "acme",
					      .id = "1",
					      .name = "Lobby phone",
					      .extension = "101",
					      .number = "+15555550101",
					      .site = "Denver",
					      .model = "VVX 450",
					      .status = DEVICE_ONLINE,
					      .observed_at_ms = SPRING - 11 * HOUR_MS};
	const struct database_device annex = {.account = "acme",
					      .id = "2",
					      .name = "Annex, 2nd floor",
					      .site = "Oslo",
					      .status = DEVICE_OFFLINE,
					      .absent_since_ms = SPRING - 11 * HOUR_MS,
					      .observed_at_ms = SPRING + 11 * HOUR_MS};

	database_open(&db, path);
	make_account("acme", now_ms);
	database_set_device(&db, &lobby);
	database_set_device(&db, &annex);
	database_transition(&db, "acme", "1", DEVICE_OFFLINE,
			    SPRING + 10 * HOUR_MS - MINUTE_MS, SPRING + 10 * HOUR_MS);
	database_transition(&db, "acme", "1", DEVICE_ONLINE,
			    SPRING + 11 * HOUR_MS - MINUTE_MS, SPRING + 11 * HOUR_MS);
	database_transition(&db, "acme", "2", DEVICE_UNKNOWN,
			    SPRING + 12 * HOUR_MS - MINUTE_MS, SPRING + 12 * HOUR_MS);
}

#define REPORT_HEAD                                                          \
	"by,account,key,name,devices,covered_ms,online_ms,offline_ms,"       \
	"unknown_ms,availability,availability_min,availability_max,outages," \
	"longest_ms,mttr_ms,mtbf_ms\n"
#define DIFF_HEAD                                                                \
	"device.account,device.id,device.name,device.type,device.serial,device." \
	"sku,device.model,device.extension_number,device.extension_id,"          \
	"device.extension_name,device.phone_numbers,device.site,device.site_id," \
	"before,before_why,after,after_why,since\n"
#define HISTORY_HEAD                                            \
	"account,device_id,status,why,from,from_not_before,to," \
	"to_not_before,duration_ms\n"

static const struct {
	const char *zone, *line, *out;
} answers[] = {
	/* 22 hours of 23 online; at least a minute less, at most a minute more. */
	{"Europe/Berlin",
	 "report --by device --match device=1 --since 2024-03-31 --until 2024-04-01 -o csv",
	 REPORT_HEAD "device,acme,1,Lobby phone,1,82800000,79200000,3600000,0,"
		     "0.956521739130435,0.955797101449275,0.957246376811594,1,3600000,"
		     "3600000,79200000\n"},
	{"Europe/Berlin",
	 "report --match site=Denver --since 2024-10-27 --until 2024-10-28 -o csv",
	 REPORT_HEAD "account,acme,acme,,1,90000000,90000000,0,0,1.0,1.0,1.0,0,0,,\n"},
	{"Europe/Berlin",
	 "report --utc --match site=Denver --since 2024-10-27 --until 2024-10-28 -o csv",
	 REPORT_HEAD "account,acme,acme,,1,86400000,86400000,0,0,1.0,1.0,1.0,0,0,,\n"},
	/* By site; without a status it may have been either. */
	{"UTC",
	 "report --by site --since 2024-03-31T10:00:00Z --until 2024-03-31T14:00:00Z -o csv",
	 REPORT_HEAD "site,acme,Denver,,1,14400000,14400000,0,0,1.0,1.0,1.0,0,0,,\n"
		     "site,acme,Oslo,,1,14400000,0,3600000,10800000,0.0,0.0,"
		     "0.754166666666667,1,3600000,3600000,0\n"},
	{"UTC",
	 "report --by site --worst 1 --since 2024-03-31T10:00:00Z --until"
	 " 2024-03-31T14:00:00Z -o csv",
	 REPORT_HEAD "site,acme,Oslo,,1,14400000,0,3600000,10800000,0.0,0.0,"
		     "0.754166666666667,1,3600000,3600000,0\n"},
	{"UTC", "report --since 2020-01-01 --until 2021-01-01 -o csv", REPORT_HEAD},
	{"UTC", "history 101 --until 2024-03-31T09:30:00Z -o csv",
	 HISTORY_HEAD "acme,1,Unknown,unobserved,,,2024-03-30T12:00:00.000Z,"
		      "2024-03-30T12:00:00.000Z,\n"
		      "acme,1,Online,,2024-03-30T12:00:00.000Z,2024-03-30T12:00:00.000Z,"
		      "2024-03-31T09:00:00.000Z,2024-03-31T08:59:00.000Z,75600000\n"
		      "acme,1,Offline,,2024-03-31T09:00:00.000Z,2024-03-31T08:59:00.000Z,"
		      "2024-03-31T10:00:00.000Z,2024-03-31T09:59:00.000Z,3600000\n"},
	{"UTC", "status --at 2024-03-31T09:30:00Z -o ndjson",
	 "{\"device\":{\"account\":\"acme\",\"id\":\"1\",\"name\":\"Lobby phone\","
	 "\"type\":\"HardPhone\",\"serial\":null,\"sku\":null,\"model\":\"VVX 450\","
	 "\"extension_number\":\"101\",\"extension_id\":null,\"extension_name\":null,"
	 "\"phone_numbers\":[\"+15555550101\"],\"site\":\"Denver\",\"site_id\":null,"
	 "\"vendor_status\":\"Offline\"},\"status\":\"Offline\",\"why\":null,"
	 "\"last_status\":\"Offline\",\"since\":\"2024-03-31T09:00:00.000Z\","
	 "\"not_before\":\"2024-03-31T08:59:00.000Z\","
	 "\"observed_at\":\"2024-03-31T09:00:00.000Z\","
	 "\"last_location_report_time\":null,\"unobserved_ms\":0}\n"},
	{"UTC", "status --at 2024-03-31T09:30:00Z --offline --match site=Oslo -o json",
	 "[]\n"},
	/* Both were the same at noon and an hour later; in between one came. */
	{"UTC", "diff 2024-03-31T08:30:00Z 2024-03-31T09:30:00Z -o csv",
	 DIFF_HEAD "acme,1,Lobby phone,HardPhone,,,VVX 450,101,,,+15555550101,Denver,,"
		   "Online,,Offline,,2024-03-31T09:00:00.000Z\n"},
	{"UTC", "diff 2024-03-31T08:30:00Z 2024-03-31T11:30:00Z -o csv",
	 DIFF_HEAD
	 "acme,2,\"Annex, 2nd floor\",HardPhone,,,,,,,,Oslo,,,,Unknown,no_status,"
	 "2024-03-31T11:00:00.000Z\n"},
	{"UTC", "stale --older 365d -o csv",
	 "device.account,device.id,device.name,device.type,device.serial,device.sku,"
	 "device.model,device.extension_number,device.extension_id,"
	 "device.extension_name,device.phone_numbers,device.site,device.site_id,"
	 "device.vendor_status,reasons,status,why,since,first_seen_at,last_online_at,"
	 "last_location_report_time,unobserved_ms\n"
	 "acme,2,\"Annex, 2nd floor\",HardPhone,,,,,,,,Oslo,,Offline,never_online,Unknown,no_status,"
	 "2024-03-31T11:00:00.000Z,2024-03-31T10:00:00.000Z,,,0\n"},
	{"UTC", "status --at 2024-03-31T11:00:00Z --match site=Oslo -o csv",
	 "device.account,device.id,device.name,device.type,device.serial,device.sku,"
	 "device.model,device.extension_number,device.extension_id,"
	 "device.extension_name,device.phone_numbers,device.site,device.site_id,"
	 "device.vendor_status,status,why,last_status,since,not_before,observed_at,"
	 "last_location_report_time,unobserved_ms\n"
	 "acme,2,\"Annex, 2nd floor\",HardPhone,,,,,,,,Oslo,,,Unknown,no_status,Offline,"
	 "2024-03-31T11:00:00.000Z,2024-03-31T10:59:00.000Z,2024-03-31T11:00:00.000Z,,0\n"},
};

START_TEST(the_past_is_told_as_it_was)
{
	struct answer a;

	make_past();
	setenv("TZ", answers[_i].zone, 1);
	a = run(keep_printf("%s -d @", answers[_i].line));
	ck_assert_str_eq(a.err, "");
	ck_assert_str_eq(a.out, answers[_i].out);
	ck_assert_int_eq(a.status, CLI_OK);
	database_close(&db);
}
END_TEST

/* One cell is an hour and a half; the worst of its time is shown. */
/* Nobody had looked yet: that is not to say that there was nothing. */
static const struct {
	const char *line, *out, *err;
} unknown[] = {
	{"status --at 2024-03-30T11:00:00Z --match device=1 -o ndjson",
	 "\"vendor_status\":null},\"status\":\"Unknown\",\"why\":\"unobserved\","
	 "\"last_status\":null,\"since\":null,\"not_before\":null,\"observed_at\":null,"
	 "\"last_location_report_time\":null,\"unobserved_ms\":null}\n",
	 "phonewatch: of 1 device nothing is known of that time: nobody had looked yet, or it"
	 " is forgotten\n"},
	{"status --at 2024-03-30T11:00:00Z -o table",
	 "2 devices: 0 offline, 2 unknown, 0 online\n"
	 "of 2 devices nothing is known of that time: nobody had looked yet, or it is"
	 " forgotten\n",
	 ""},
	/* The lists of that time lacked it. */
	{"status --at 2024-03-30T12:30:00Z -o table",
	 "1 device: 0 offline, 0 unknown, 1 online\n", ""},
	{"status --at 2024-03-30T11:00:00Z --offline -o csv", "unobserved_ms\n",
	 "phonewatch: of 2 devices nothing is known of that time: nobody had looked yet, or it"
	 " is forgotten\nphonewatch: 2 devices are unknown and not in the list\n"},
	{"history 2 --since 2024-03-30T11:00:00Z --until 2024-03-31T10:30:00Z -o csv",
	 "\nacme,2,Unknown,unobserved,,,2024-03-30T12:00:00.000Z,2024-03-30T12:00:00.000Z,\n"
	 "acme,2,Offline,,2024-03-31T10:00:00.000Z,",
	 ""},
	{"history 1 --utc --since 2024-03-30 --until 2024-03-31 -o table",
	 "Unknown  unobserved  earlier              2024-03-30 12:00:00 ", ""},
	{"history 2 --since 2024-03-30T12:30:00Z --until 2024-03-31T09:30:00Z -o table",
	 "It was in no list at that time.\n", ""},
	{"diff --utc 2024-03-30T11:00:00Z 2024-03-31T08:30:00Z -o table",
	 "2 devices differ between 2024-03-30 11:00:00 and 2024-03-31 08:30:00; 0 of them"
	 " online before and not after\n"
	 "of 2 devices nobody knows how they were at 2024-03-30 11:00:00: nobody looked then,"
	 " or it is forgotten\n",
	 ""},
	{"diff --utc 2024-03-30T10:00:00Z 2024-03-30T11:00:00Z -o json --match device=1",
	 "[]\n",
	 "phonewatch: of 1 device nobody knows how it was at 2024-03-30 10:00:00: nobody looked"
	 " then, or it is forgotten\n"
	 "phonewatch: of 1 device nobody knows how it was at 2024-03-30 11:00:00: nobody looked"
	 " then, or it is forgotten\n"},
	{"diff 2024-03-30T11:00:00Z 2024-03-31T08:30:00Z -o csv --match device=1",
	 ",Unknown,unobserved,Online,,2024-03-30T12:00:00.000Z\n",
	 "phonewatch: of 1 device nobody knows how it was at 2024-03-30 11:00:00: nobody looked"
	 " then, or it is forgotten\n"},
};

START_TEST(where_nobody_looked_nothing_is_claimed)
{
	struct answer a;

	make_past();
	setenv("TZ", "UTC", 1);
	a = run(keep_printf("%s -d @", unknown[_i].line));
	ck_assert_msg(strstr(a.out, unknown[_i].out) != NULL, "%s:\n%s", unknown[_i].line,
		      a.out);
	ck_assert_str_eq(a.err, unknown[_i].err);
	ck_assert_int_eq(a.status, CLI_OK);
	database_close(&db);
}
END_TEST

static int add_gap(struct store_conn *c, void *arg, struct err *e)
{
	struct store_account account;
	int64_t begin_ms = SPRING + 20 * HOUR_MS, *id = arg;

	ck_assert_int_eq(store_account_load(c, "acme", &account, e), 0);
	*id = account.account_id;
	store_account_clear(&account);
	return store_account_gap(c, *id, begin_ms, begin_ms + 2 * HOUR_MS, e);
}

/* It is online since eleven; from eight to ten in the evening nobody looked. */
static const struct {
	const char *line, *out;
} reaching[] = {
	{"status --match device=1 -o ndjson", ",\"unobserved_ms\":7200000}\n"},
	{"status --match device=1 --at 2024-03-31T20:00:00Z -o ndjson",
	 ",\"unobserved_ms\":null}\n"},
	{"status --match device=1 --at 2024-03-31T22:00:00Z -o ndjson",
	 ",\"unobserved_ms\":7200000}\n"},
	{"status --match device=1 --at 2024-03-31T18:00:00Z -o ndjson",
	 ",\"unobserved_ms\":0}\n"},
	{"status --match device=1 -o table", "  ~ "},
	{"status --match device=1 -o table",
	 "~ Each look since then has shown it so, but for a part of that time nobody looked:"
	 " phonewatch history tells when.\n"},
	{"show 1 -o table", ", of which nobody looked for 2 h 0 min\n"},
	{"show 1 -o json", ",\"unobserved_ms\":7200000,"},
	{"stale --older 1d -o csv", ",7200000\n"},
	{"stale --older 1d -o table",
	 "That nobody looked for a part of that time, of 1 device,"},
	{"history 1 --utc -o table --since 2024-03-31",
	 "Unknown  unobserved  2024-03-31 19:00:00  2024-03-31 21:00:00 "},
};

START_TEST(what_reaches_over_a_gap_says_so)
{
	struct answer a;
	int64_t id;

	make_past();
	database_write(&db, add_gap, &id);
	setenv("TZ", "UTC", 1);
	a = run(keep_printf("%s -d @", reaching[_i].line));
	ck_assert_str_eq(a.err, "");
	ck_assert_msg(strstr(a.out, reaching[_i].out) != NULL, "%s:\n%s",
		      reaching[_i].line, a.out);
	database_close(&db);
}
END_TEST

static int add_alerts(struct store_conn *c, void *arg, struct err *e)
{
	struct alert lobby = {.kind = ALERT_DEVICE_OFFLINE,
			      .state = ALERT_FIRING,
			      .subject = (char *)"1",
			      .device_id = 1,
			      .since_ms = SPRING,
			      .fired_ms = SPRING,
			      .rule = (char *)"alerts",
			      .count = 1};
	struct alert oslo = {.kind = ALERT_SITE_OUTAGE,
			     .state = ALERT_FIRING,
			     .subject = (char *)"7",
			     .since_ms = SPRING,
			     .fired_ms = SPRING,
			     .rule = (char *)"alerts",
			     .name = (char *)"Oslo",
			     .count = 9};
	struct store_account account;
	int64_t account_id, sink_id;

	(void)arg;
	ck_assert_int_eq(store_account_load(c, "acme", &account, e), 0);
	account_id = account.account_id;
	store_account_clear(&account);
	ck_assert_int_eq(store_sink_load(c, "ops", &sink_id, e), 0);
	for (int64_t sequence = 1; sequence <= 3; sequence++) {
		bool was_owed;

		ck_assert_int_eq(store_outbox_again(c, sink_id, sequence, &was_owed, e),
				 0);
	}
	ck_assert_int_eq(store_alert_save(c, account_id, &lobby, e), 0);
	return store_alert_save(c, account_id, &oslo, e);
}

static int add_alert_of_a_long_key(struct store_conn *c, void *arg, struct err *e)
{
	struct alert flapping = {.kind = ALERT_DEVICE_FLAPPING,
				 .state = ALERT_FIRING,
				 .subject = (char *)"802398804016",
				 .device_id = 1,
				 .since_ms = SPRING,
				 .fired_ms = SPRING,
				 .rule = (char *)"alerts",
				 .count = 1};
	struct store_account account;
	int64_t account_id;

	(void)arg;
	ck_assert_int_eq(store_account_load(c, "acme", &account, e), 0);
	account_id = account.account_id;
	store_account_clear(&account);
	return store_alert_save(c, account_id, &flapping, e);
}

/* Without its end a key says neither which alert it is nor of whom. */
START_TEST(a_narrow_terminal_leaves_an_alert_its_key)
{
	struct answer a;

	make_past();
	database_write(&db, add_alert_of_a_long_key, NULL);
	a = run_on_terminal("-d @ alerts", 60);
	ck_assert_msg(strstr(a.out, "acme/device_flapping/802398804016 ") != NULL, "%s",
		      a.out);
	ck_assert_ptr_null(strstr(a.out, "RULE"));
	database_close(&db);
}
END_TEST

/* Two events are of the Lobby phone, and then one of the Annex. */
static const struct {
	const char *line, *out, *err;
	int status;
} matched[] = {
	{"alerts -o ndjson --match site=Oslo", "\"key\":\"acme/site_outage/7\"", "", 0},
	{"alerts -o ndjson --match name=Lobby*", "\"acme/device_offline/1\"", "", 0},
	{"alerts -o ndjson --match kind=device_*", "\"acme/device_offline/1\"", "", 0},
	{"alerts -o json --match account=other", "[]\n", "", 0},
	{"alerts -o table --match name=Annex*", "no such alert\n", "", 0},
	{"alerts --explain acme/site_outage/7 --match site=Rome", "",
	 "phonewatch: acme/site_outage/7: no such alert", 1},
	{"deliveries -o csv --match name=Annex*", "switched_off\n", "", 0},
	{"deliveries -o ndjson --match name=Annex*", ",\"sequence\":3,", "", 0},
	{"deliveries -o ndjson --match site=Denver", ",\"sequence\":1,", "", 0},
	{"deliveries -o table --match site=Rome", "no such delivery\n", "", 0},
	{"deliveries -o json --match account=acme --match site=Rome", "[]\n", "", 0},
	{"deliveries --match site=Rome --replay 1 --sink ops", "", "which?", 2},
	{"deliveries --match rack=7", "", "not KEY=PATTERN", 2},
	{"accounts -o ndjson --match account=ac*", "{\"account\":\"acme\",", "", 0},
	{"accounts -o json --match account=other", "[]\n", "", 0},
	{"accounts -o table --match account=other", "no such account\n", "", 0},
	{"accounts --match site=Oslo", "", "of an account only account= can be asked", 2},
	{"accounts --match account=acme --accept acme", "", "which?", 2},
};

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; (text = strchr(text, '\n')) != NULL; text++)
		n++;
	return n;
}

START_TEST(match_leaves_what_it_holds_for)
{
	struct answer a;

	make_past();
	database_write(&db, add_alerts, NULL);
	a = run(keep_printf("%s -d @", matched[_i].line));
	ck_assert_msg(strstr(a.out, matched[_i].out) != NULL, "%s:\n%s", matched[_i].line,
		      a.out);
	ck_assert_msg(strstr(a.err, matched[_i].err) != NULL, "%s:\n%s", matched[_i].line,
		      a.err);
	ck_assert_int_eq(a.status, matched[_i].status);
	database_close(&db);
}
END_TEST

static const struct {
	const char *line;
	size_t n;
} matching[] = {
	{"alerts", 2},
	{"alerts --match site=Oslo", 1},
	{"alerts --match name=Lobby*", 1},
	{"alerts --match kind=device_*", 1},
	{"alerts --match account=acme", 2},
	{"deliveries", 3},
	{"deliveries --match site=Denver", 2},
	{"deliveries --match name=Annex*", 1},
	{"deliveries --match site=Denver --failed", 0},
	{"accounts --match account=a*", 1},
};

START_TEST(match_leaves_no_more)
{
	struct answer a;

	make_past();
	database_write(&db, add_alerts, NULL);
	a = run(keep_printf("%s -o ndjson -d @", matching[_i].line));
	ck_assert_msg(count_lines(a.out) == matching[_i].n, "%s:\n%s", matching[_i].line,
		      a.out);
	database_close(&db);
}
END_TEST

/* 02:30 comes twice in autumn. */
START_TEST(times_between_which_the_clocks_are_changed_have_an_offset)
{
	struct answer a;

	make_past();
	setenv("TZ", "Europe/Berlin", 1);
	a = run("history 1 --since 2024-03-30 --until 2024-04-02 -d @ -o table");
	ck_assert_ptr_nonnull(strstr(
		a.out, "  2024-03-31 11:00:00 +0200  2024-03-31 12:00:00 +0200  "));
	ck_assert_ptr_nonnull(strstr(a.out, "  2024-03-30 13:00:00 +0100  "));
	a = run("history 2 --since 2024-03-31T10:00:00Z --until 2024-04-02 -d @ -o table");
	ck_assert_ptr_null(strstr(a.out, "+0"));
	database_close(&db);
}
END_TEST

START_TEST(devices_are_in_the_order_of_their_names)
{
	struct answer a;
	const char *annex, *lobby;

	make_past();
	a = run("report --by device --since 2024-03-30 --until 2024-04-02 -d @ -o table");
	annex = strstr(a.out, "\nAnnex");
	lobby = strstr(a.out, "\nLobby");
	ck_assert(annex != NULL && lobby != NULL && annex < lobby);
	database_close(&db);
}
END_TEST

START_TEST(a_damage_is_told_once)
{
	struct answer a;
	FILE *file;

	make_past();
	database_close(&db);
	file = fopen(path, "r+");
	ck_assert_ptr_nonnull(file);
	fseek(file, 2 * 4096, SEEK_SET); /* a page of it */
	for (int i = 0; i < 4096; i++)
		fputc('x', file);
	fclose(file);
	a = run("check -d @ -o table");
	ck_assert_int_eq(a.status, CLI_DATABASE);
	ck_assert_msg(strncmp(a.out, "Page 3: ", 8) == 0, "%s", a.out);
	ck_assert_str_eq(a.err, "");
}
END_TEST

START_TEST(a_history_is_a_bar_of_eighty_cells_and_its_spans)
{
	struct answer a;

	make_past();
	setenv("TZ", "UTC", 1);
	a = run("history 1 --since 2024-03-30T10:00:00Z --until 2024-04-04T10:00:00Z -o"
		" table -d @");
	ck_assert_str_eq(a.err, "");
	ck_assert_ptr_nonnull(strstr(
		a.out,
		"Lobby phone (1, acme)\n"
		"2024-03-30 10:00:00                                          "
		"2024-04-04 10:00:00\n"
		"??\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80"
		"\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80"
		"\xe2\x94\x80\xe2\x94\x80\xe2\x96\x88\xe2\x94\x80"));
	ck_assert_ptr_nonnull(strstr(a.out, "2024-03-31 09:00:00  2024-03-31 10:00:00"));
	ck_assert_ptr_nonnull(strstr(a.out, "2024-03-31 10:00:00  now"));
	ck_assert_ptr_nonnull(strstr(a.out, "A status"));
	database_close(&db);
}
END_TEST

START_TEST(a_report_says_how_it_counts)
{
	struct answer a;

	make_past();
	setenv("TZ", "UTC", 1);
	a = run("report --by site --since 2024-03-31 --until 2024-04-01 -o table -d @");
	ck_assert_str_eq(a.err, "");
	/* 22 hours of 23 and one that is not; cut, not rounded. */
	ck_assert_ptr_nonnull(strstr(a.out, "95.833 %"));
	ck_assert_ptr_nonnull(strstr(a.out, "all 2"));
	ck_assert_ptr_nonnull(
		strstr(a.out, "From 2024-03-31 00:00:00 to 2024-04-01 00:00:00."));
	ck_assert_ptr_nonnull(strstr(a.out, "Available is online / (online + offline)"));
	database_close(&db);
}
END_TEST

/* What the vendor says of emergency addresses, and what it does not. */
static void make_addresses(void)
{
	static const struct database_device devices[] = {
		{.id = "1",
		 .name = "Lobby",
		 .site = "Denver",
		 .more = "{\"emergency\":{\"addressStatus\":\"Valid\",\"outOfCountry\":false,"
			 "\"address\":{\"country\":\"United States\",\"countryIsoCode\":\"US\"}},"
			 "\"inCompanyNet\":true}",
		 .location_ms = SPRING},
		{.id = "2",
		 .name = "Annex",
		 .site = "Denver",
		 .more = "{\"emergency\":{\"addressStatus\":\"Provisioning\",\"outOfCountry\":true},"
			 "\"emergencyServiceAddress\":{\"country\":\"Norway\"},"
			 "\"inCompanyNet\":false}"},
		{.id = "3", .name = "Dock", .site = "Austin"},
		{.id = "4",
		 .name = "Roof",
		 .more = "{\"emergency\":{\"addressStatus\":\"Valid\"}}"},
	};

	database_open(&db, path);
	make_account("acme", now_ms);
	for (size_t i = 0; i < COUNT(devices); i++) {
		struct database_device d = devices[i];

		d.account = "acme";
		d.status = DEVICE_ONLINE;
		d.observed_at_ms = now_ms;
		database_set_device(&db, &d);
	}
}

#define E911_HEAD                                                              \
	"device.account,device.id,device.name,device.type,device.serial,"      \
	"device.sku,device.model,device.extension_number,device.extension_id," \
	"device.extension_name,device.phone_numbers,device.site,"              \
	"device.site_id,device.vendor_status,address,address_status,country,"  \
	"off_network,out_of_country,last_location_report_time\n"
#define E911_SITE_HEAD                                            \
	"account,site,devices,valid,invalid,unknown,off_network," \
	"out_of_country,without_location_report\n"

static const struct {
	const char *line, *out;
} evidence[] = {
	{"report --e911 -o csv",
	 E911_HEAD "acme,4,Roof,HardPhone,,,,,,,,,,Online,valid,Valid,,,,\n"
		   "acme,3,Dock,HardPhone,,,,,,,,Austin,,Online,unknown,,,,,\n"
		   "acme,2,Annex,HardPhone,,,,,,,,Denver,,Online,invalid,Provisioning,"
		   "Norway,true,true,\n"
		   "acme,1,Lobby,HardPhone,,,,,,,,Denver,,Online,valid,Valid,US,false,"
		   "false,2024-03-30T23:00:00.000Z\n"},
	{"report --e911 --match name=L* -o csv",
	 E911_HEAD "acme,1,Lobby,HardPhone,,,,,,,,Denver,,Online,valid,Valid,US,false,"
		   "false,2024-03-30T23:00:00.000Z\n"},
	{"report --e911 --by site -o csv", E911_SITE_HEAD "acme,,1,1,0,0,0,0,1\n"
							  "acme,Austin,1,0,0,1,0,0,1\n"
							  "acme,Denver,2,1,1,0,1,1,1\n"},
	{"report --e911 --by site --match site=Denver -o json",
	 "[\n{\"account\":\"acme\",\"site\":\"Denver\",\"devices\":2,\"valid\":1,"
	 "\"invalid\":1,\"unknown\":0,\"off_network\":1,\"out_of_country\":1,"
	 "\"without_location_report\":1}\n]\n"},
	{"report --e911 --utc -o table",
	 "SITE       NAME   ADDRESS       NETWORK  COUNTRY          LAST LOCATION        DEVICE\n"
	 "(no site)  Roof   Valid                                                        4\n"
	 "Austin     Dock   unknown                                                      3\n"
	 "Denver     Annex  Provisioning  off      another: Norway                       2\n"
	 "Denver     Lobby  Valid         on       US               2024-03-30 23:00:00  1\n"
	 "4 devices: the emergency addresses of 2 are valid, of 1 are not, of 1 the vendor"
	 " says nothing\n"},
};

START_TEST(emergency_addresses_are_told_as_the_vendor_has_them)
{
	struct answer a;

	make_addresses();
	a = run(keep_printf("%s -d @", evidence[_i].line));
	ck_assert_str_eq(a.err, "");
	ck_assert_str_eq(a.out, evidence[_i].out);
	ck_assert_int_eq(a.status, CLI_OK);
	database_close(&db);
}
END_TEST

static const struct {
	const char *line;
	int status;
	const char *out;
} plugin[] = {
	{"status --nagios --at 2024-03-31T08:30:00Z", 0,
	 "PHONEWATCH OK - 0 of 1 devices offline|offline=0;1;1;0;1 unknown=0 online=1\n"},
	{"status --nagios --at 2024-03-31T09:30:00Z", 2,
	 "PHONEWATCH CRITICAL - 1 of 1 devices offline: Lobby phone|offline=1;1;1;0;1"
	 " unknown=0 online=0\n"},
	{"status --nagios --critical 2 --at 2024-03-31T09:30:00Z", 1,
	 "PHONEWATCH WARNING - 1 of 1 devices offline: Lobby phone|offline=1;1;2;0;1"
	 " unknown=0 online=0\n"},
	{"status --nagios --at 2024-03-31T12:00:00Z", 1,
	 "PHONEWATCH WARNING - 0 of 2 devices offline, 1 unknown|offline=0;1;1;0;2"
	 " unknown=1 online=1\n"},
	/* Nothing there is nothing seen. */
	{"status --nagios --match site=Rome", 3,
	 "PHONEWATCH UNKNOWN - 0 of 0 devices offline|offline=0;1;1;0;0 unknown=0"
	 " online=0\n"},
	{"status --nagios --at soon", 3, "PHONEWATCH UNKNOWN - the question is wrong\n"},
	{"status --nagios -o json", 3, "PHONEWATCH UNKNOWN - the question is wrong\n"},
	{"status --nagios --offline", 3, "PHONEWATCH UNKNOWN - the question is wrong\n"},
	{"status --nagios --match rack=7", 3,
	 "PHONEWATCH UNKNOWN - the question is wrong\n"},
	{"status --nagios -d /no/such/file", 3,
	 "PHONEWATCH UNKNOWN - the database cannot be read\n"},
};

START_TEST(a_plugin_says_how_bad_it_is)
{
	struct answer a;

	make_past();
	a = run(keep_printf("-d @ %s", plugin[_i].line));
	ck_assert_str_eq(a.out, plugin[_i].out);
	ck_assert_int_eq(a.status, plugin[_i].status);
	database_close(&db);
}
END_TEST

static const char *const shells[] = {"bash", "zsh", "fish"};

/* Whatever the table of commands has. */
START_TEST(a_completion_has_every_command_and_option)
{
	struct answer a = run(keep_printf("completion %s", shells[_i]));

	ck_assert_int_eq(a.status, CLI_OK);
	for (size_t i = 0; i < cli_n_commands; i++)
		ck_assert_ptr_nonnull(strstr(a.out, cli_commands[i].name));
	for (size_t i = 0; i < cli_n_options; i++)
		ck_assert_ptr_nonnull(strstr(a.out, cli_options[i].name));
	ck_assert_ptr_nonnull(strstr(a.out, "add list remove"));
}
END_TEST

START_TEST(bash_completes_what_fits_a_command)
{
	char *script = keep_printf("%s/script", suite_dir());
	char *out = keep_printf("%s/out", suite_dir());
	char *shell = keep_printf(
		"bash -c 'source %s && COMP_WORDS=(phonewatch report --b) COMP_CWORD=2 &&"
		" _phonewatch && echo ${COMPREPLY[*]} && COMP_WORDS=(phonewatch report --by"
		" s) COMP_CWORD=3 && _phonewatch && echo ${COMPREPLY[*]} &&"
		" COMP_WORDS=(phonewatch hi) COMP_CWORD=1 && _phonewatch &&"
		" echo ${COMPREPLY[*]}' >%s",
		script, out);
	FILE *f;
	char text[100];

	write_text(script, run("completion bash").out);
	f = popen(shell, "r");
	ck_assert_int_eq(pclose(f), 0);
	f = fopen(out, "r");
	text[fread(text, 1, sizeof text - 1, f)] = '\0';
	fclose(f);
	ck_assert_str_eq(text, "--by\nsite\nhistory\n");
}
END_TEST

static const struct {
	const char *line;
	int status;
	const char *out; /* is part of what is told */
} shown[] = {
	{"show 1", CLI_OK,
	 "\"first_seen_at\":\"2024-03-30T12:00:00.000Z\",\"removed_at\":null,"
	 "\"record\":{\"id\":\"1\""},
	{"show 101", CLI_OK, "\"id\":\"1\""},
	{"show 15555550101", CLI_OK, "\"id\":\"1\""},
	{"show 1 -o table", CLI_OK,
	 "phone number    +15555550101\nstatus          Online for "},
	{"show 99", CLI_NO_DEVICE, ""},
	{"show 1 --match account=acme", CLI_OK, "\"id\":\"1\""},
	{"show 1 --match site=Nowhere", CLI_NO_DEVICE, ""},
	{"history 1 --match site=Nowhere", CLI_NO_DEVICE, ""},
	{"history 99", CLI_NO_DEVICE, ""},
	{"history 2 --since 2020-01-01 --until 2020-01-02", CLI_OK, ""},
	{"history 2 --since 2020-01-01 --until 2020-01-02 -o table", CLI_OK,
	 "Unknown  unobserved  earlier  2024-03-30 "},
};

/* While a daemon has it open, which then goes on. */
START_TEST(a_backup_is_the_database_as_it_was)
{
	char *copy = keep_printf("%s/copy", suite_dir());
	char *line = keep_printf("backup %s -d @", copy), *said;
	struct answer a, b;
	struct stat st;

	make_past();
	a = run(line);
	ck_assert_str_eq(a.err, "");
	ck_assert_str_eq(a.out, "");
	ck_assert_int_eq(a.status, CLI_OK);
	a = run("events -d @");
	database_transition(&db, "acme", "1", DEVICE_OFFLINE, now_ms - 2000,
			    now_ms - 1000);
	b = run(keep_printf("events -d %s", copy));
	ck_assert_str_eq(b.err, "");
	ck_assert_str_eq(b.out, a.out);
	ck_assert_int_eq(stat(copy, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0640);
	/* One file that needs no log beside it, and what is there is left as it is. */
	ck_assert_int_eq(text_of(copy)[18], 1); /* sqlite.org/fileformat.html: no WAL */
	ck_assert_int_ne(access(keep_printf("%s-wal", copy), F_OK), 0);
	ck_assert_int_ne(access(keep_printf("%s.part", copy), F_OK), 0);
	a = run(line);
	said = keep_printf("phonewatch: %s: there is one already\n", copy);
	ck_assert_str_eq(a.err, said);
	ck_assert_int_eq(a.status, CLI_OUTPUT);
	database_close(&db);
}
END_TEST

START_TEST(a_backup_that_cannot_be_written_is_told)
{
	struct answer a;

	make_past();
	a = run("backup /no/such/folder/copy -d @");
	ck_assert_str_eq(a.err, "phonewatch: /no/such/folder/copy.part: No such file or"
				" directory\n");
	ck_assert_int_eq(a.status, CLI_OUTPUT);
	database_close(&db);
}
END_TEST

/* One of a device, with the events and the outage that it points to. */
#define ALERT(state, account_id, device_id, subject, points)                              \
	"INSERT INTO alert (account_id, kind, state, subject, device_id, since_ms, rule," \
	" count, repeats, fired_sequence, absorbed_by) VALUES (" account_id               \
	", 1, " state ", " subject ", " device_id ", 5, 'alerts', 1, 0, " points ")"

/* What cannot be, and the finding. */
static const struct {
	const char *sql, *finding;
} unsound[] = {
	{"UPDATE device_state SET status = 2 WHERE device_id = 1",
	 "device 1 is listed with status 2, and its past ends with 1"},
	{"UPDATE device SET removed_ms = 5 WHERE device_id = 1",
	 "device 1 is removed with status 1, and its past ends with 1"},
	{"DELETE FROM span WHERE device_id = 2",
	 "device 2 is listed with status 0, and its past ends with nothing"},
	{"UPDATE span SET lead_ms = -1 WHERE device_id = 1",
	 "a span of device 1 begins before it may"},
	{"UPDATE span SET state = 1 WHERE device_id = 1",
	 "two spans of device 1 follow each other with one state"},
	{"INSERT INTO gap VALUES (1, 0, 10, 20, 1), (1, 0, 15, 30, 1)",
	 "two gaps of account 1 overlap"},
	{"INSERT INTO gap VALUES (1, 2, 20, 10, 1)", "two gaps of device 2 overlap"},
	{"INSERT INTO place VALUES (1, 1, '', ''); INSERT INTO days VALUES"
	 " (1, 10, 1, 2, x'00000000'), (1, 11, 1, 1, x'0000')",
	 "two sums of one day of device 1"},
	{"INSERT INTO account (account_id, name) VALUES (9, 'other'); INSERT INTO place"
	 " VALUES (1, 9, '', ''); INSERT INTO days VALUES (1, 10, 1, 1, x'0000')",
	 "device 1 was in a place of another account"},
	{"INSERT INTO place VALUES (1, 1, '', ''); INSERT INTO days VALUES"
	 " (1, 10, 1, 2, x'000000')",
	 "sums of days of device 1 are damaged"},
	{"DROP INDEX alert_live; " ALERT("1", "1", "1", "'1'", "NULL, NULL") ";" ALERT(
		 "1", "1", "1", "'1'", "NULL, NULL"),
	 "alert 2 lives, and so does another one of its key"},
	{ALERT("1", "1", "1", "'1'", "1, NULL"), "alert 1 is pending, and has fired"},
	{ALERT("2", "1", "1", "'1'", "1, NULL"),
	 "alert 1 is firing, and nothing says so"},
	{ALERT("2", "1", "1", "'1'", "99, NULL"),
	 "alert 1 is firing, and nothing says so"},
	{ALERT("3", "1", "1", "'1'", "NULL, NULL"),
	 "alert 1 is resolved, and nothing says so"},
	{ALERT("3", "1", "1", "'1'",
	       "NULL, NULL") "; UPDATE alert SET reason = 1, resolved_ms = 4",
	 "alert 1 ends before it begins"},
	{ALERT("1", "1", "1", "'1'", "NULL, 7"), "alert 1 is part of none that fires"},
	{ALERT("1", "1", "9", "'9'", "NULL, NULL"),
	 "alert 1 is of a device that is not of its account"},
	{ALERT("1", "1", "1", "'other'", "NULL, NULL"),
	 "alert 1 is of a device that is not of its account"},
	{"INSERT INTO outbox (sink_id, sequence) VALUES (7, 2)",
	 "event 2 is owed to a sink that is not there"},
	{"INSERT INTO sink VALUES (7, 'x'); INSERT INTO outbox (sink_id, sequence) VALUES (7, 2);"
	 " INSERT INTO delivery VALUES (2, 7, 5, NULL)",
	 "event 2 is owed to a sink that was told of it"},
	{"INSERT INTO outbox (sink_id, sequence) VALUES (7, 99)",
	 "a row of outbox points to what is not there"},
	{"DELETE FROM device_state WHERE device_id = 1", "device 1 has no state"},
	{"DELETE FROM device_state WHERE device_id = 1",
	 "event 1 is of a device without state"},
	{"UPDATE device SET version_id = 2 WHERE device_id = 1",
	 "device 1 has no facts of its own"},
	{"UPDATE event SET version_id = 2 WHERE sequence = 1",
	 "event 1 has the facts of another device"},
};

static void tell_database(const char *sql)
{
	sqlite3 *other;

	ck_assert_int_eq(sqlite3_open(path, &other), 0);
	ck_assert_msg(sqlite3_exec(other, sql, NULL, NULL, NULL) == 0, "%s",
		      sqlite3_errmsg(other));
	sqlite3_close(other);
}

START_TEST(what_cannot_be_is_found)
{
	struct answer a;
	char *finding = keep_printf("{\"finding\":\"%s\"}\n", unsound[_i].finding);

	make_past();
	a = run("check -o ndjson -d @");
	ck_assert_str_eq(a.err, "");
	ck_assert_str_eq(a.out, "");
	ck_assert_int_eq(a.status, CLI_OK);
	tell_database(unsound[_i].sql);
	a = run("check -o ndjson -d @");
	ck_assert_msg(strstr(a.out, finding) != NULL, "%s: %s", finding, a.out);
	ck_assert_int_eq(a.status, CLI_DATABASE);
	/* And no copy of that is kept. */
	a = run(keep_printf("backup %s/copy -d @", suite_dir()));
	ck_assert_ptr_nonnull(strstr(a.err, "the copy is not sound"));
	ck_assert_int_eq(a.status, CLI_DATABASE);
	ck_assert_int_ne(access(keep_printf("%s/copy", suite_dir()), F_OK), 0);
	ck_assert_int_ne(access(keep_printf("%s/copy.part", suite_dir()), F_OK), 0);
	database_close(&db);
}
END_TEST

START_TEST(a_sound_database_is_called_so)
{
	struct answer a;

	make_past();
	a = run("check -o table -d @");
	ck_assert_str_eq(a.out, keep_printf("%s is sound\n", path));
	database_close(&db);
}
END_TEST

START_TEST(a_device_is_shown_or_there_is_none)
{
	struct answer a;

	make_past();
	a = run(keep_printf("%s -d @", shown[_i].line));
	ck_assert_int_eq(a.status, shown[_i].status);
	ck_assert_ptr_nonnull(strstr(a.out, shown[_i].out));
	if (shown[_i].status == CLI_NO_DEVICE) {
		ck_assert_str_eq(a.out, "");
		ck_assert_str_eq(
			a.err,
			strstr(shown[_i].line, "--match") != NULL
				? "phonewatch: 1: none of that name for which --match"
				  " holds\n"
				: "phonewatch: 99: no such device; it is an id, a serial"
				  " number, an extension number, a phone number or a"
				  " name\n");
	}
	database_close(&db);
}
END_TEST

START_TEST(it_loads_no_library_that_it_does_not_need)
{
	static const char *const heavy[] = {"libcurl", "libmicrohttpd", "libuv",
					    "libcrypto", "libsystemd"};
	FILE *f = fopen(program(), "rb");
	char *bytes = keep(mem_alloc(32 << 20));
	size_t n = fread(bytes, 1, 32 << 20, f);

	fclose(f);
	ck_assert_uint_gt(n, 10000);
	for (size_t i = 0; i < COUNT(heavy); i++) {
		char *name = keep_printf("%s.so", heavy[i]);

		ck_assert_msg(memmem(bytes, n, name, strlen(name)) == NULL, "%s", name);
	}
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{wrong_use_is_told_in_one_line, COUNT(wrong)},
		{a_type_that_no_event_has_is_wrong_use, 1},
		{help_is_told, COUNT(helps)},
		{the_database_is_found_by_either_path, COUNT(configured)},
		{without_a_configuration_it_says_what_to_do, 1},
		{a_database_that_cannot_be_read_is_told_in_one_line,
		 COUNT(unreadable) * COUNT(commands)},
		{a_path_of_control_characters_stays_a_line, 1},
		{an_empty_list_is_an_answer, COUNT(empties)},
		{json_is_one_array_of_the_lines_of_ndjson, COUNT(lists)},
		{events_are_told_byte_for_byte, 1},
		{personal_data_is_not_told, 1},
		{the_table_has_what_needs_somebody_first, 1},
		{what_nobody_watches_is_unknown, 1},
		{who_was_so_at_first_sight_has_been_so_for_longer, 1},
		{an_account_without_a_device_is_not_watched_either, 1},
		{of_many_accounts_that_nobody_watches_one_line_tells, 1},
		{an_account_is_a_row_and_what_it_has_no_room_for, COUNT(accounts)},
		{an_event_is_a_line, 1},
		{a_terminal_gets_a_table_in_colours, 1},
		{a_table_fits_its_terminal, 4 * COUNT(tables)},
		{what_is_cut_is_seen_to_be_cut, 1},
		{a_sink_that_was_switched_off_does_not_look_as_if_it_were_late, 1},
		{a_full_disk_is_told, 5},
		{a_reader_that_goes_ends_it, 2},
		{a_long_table_is_one_table, 1},
		{a_follower_is_told_as_it_happens, 2},
		{a_reader_goes_on_behind_a_sequence, 1},
		{a_follower_outlives_the_daemon, 1},
		{a_follower_of_a_database_at_rest_sees_the_daemon_come, 1},
		{a_follower_begins_with_the_last_ten_or_where_it_is_told, 1},
		{a_follower_ends_when_nobody_reads_it, 1},
		{a_follower_goes_on_in_another_database, 1},
		{a_follower_goes_on_in_a_backup_of_its_database, 1},
		{the_past_is_told_as_it_was, COUNT(answers)},
		{where_nobody_looked_nothing_is_claimed, COUNT(unknown)},
		{what_reaches_over_a_gap_says_so, COUNT(reaching)},
		{a_narrow_terminal_leaves_an_alert_its_key, 1},
		{match_leaves_what_it_holds_for, COUNT(matched)},
		{match_leaves_no_more, COUNT(matching)},
		{times_between_which_the_clocks_are_changed_have_an_offset, 1},
		{devices_are_in_the_order_of_their_names, 1},
		{a_damage_is_told_once, 1},
		{a_history_is_a_bar_of_eighty_cells_and_its_spans, 1},
		{a_report_says_how_it_counts, 1},
		{emergency_addresses_are_told_as_the_vendor_has_them, COUNT(evidence)},
		{a_backup_is_the_database_as_it_was, 1},
		{a_backup_that_cannot_be_written_is_told, 1},
		{what_cannot_be_is_found, COUNT(unsound)},
		{a_sound_database_is_called_so, 1},
		{a_plugin_says_how_bad_it_is, COUNT(plugin)},
		{a_completion_has_every_command_and_option, COUNT(shells)},
		{bash_completes_what_fits_a_command, 1},
		{a_device_is_shown_or_there_is_none, COUNT(shown)},
		{it_loads_no_library_that_it_does_not_need, 1},
	};

	return suite_run("cli", tests, COUNT(tests), in_fresh_folder, NULL);
}
