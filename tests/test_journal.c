#include "sink/journal.h"

#include "lib/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/told.h"
#include "lib/turn.h"

#ifdef HAVE_SYSTEMD

#define FIELDS_MAX 32

static struct {
	uv_loop_t loop;
	void *sink;
	struct event ev;
	char *socket;
	uv_sem_t may_write; /* posted beforehand unless a test wants to wait */
	/* The last entry. */
	char *fields[FIELDS_MAX];
	int n;
	unsigned n_entries;
	int answer; /* what the journal says to it */
} w;

/* The journal: ours stands in for libsystemd's. */
int sd_journal_sendv(const struct iovec *iov, int n);
int sd_journal_sendv(const struct iovec *iov, int n)
{
	uv_sem_wait(&w.may_write);
	uv_sem_post(&w.may_write);
	ck_assert_int_le(n, FIELDS_MAX);
	while (w.n > 0)
		free(w.fields[--w.n]);
	for (; w.n < n; w.n++)
		w.fields[w.n] = mem_strndup(iov[w.n].iov_base, iov[w.n].iov_len);
	w.n_entries++;
	return w.answer;
}

static void make_socket(void)
{
	int fd = open(w.socket, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	close(fd);
}

static void open_sink(enum event_personal personal)
{
	const struct sink_settings settings = {.name = "journal",
					       .kind = SINK_JOURNAL,
					       .address = w.socket,
					       .personal = personal};
	const struct sink_env env = {.loop = &w.loop};
	struct err err = {0};

	journal_ops.destroy(w.sink);
	ck_assert_int_eq(journal_ops.create(&settings, &env, &w.sink, &err), 0);
}

static void open_world(void)
{
	memset(&w, 0, sizeof w);
	turn_open(&w.loop);
	uv_sem_init(&w.may_write, 1);
	told_device(&w.ev);
	w.socket = mem_printf("%s/socket", suite_dir());
	make_socket();
	open_sink(EVENT_WITHOUT_PERSONAL);
}

static void close_world(void)
{
	journal_ops.destroy(w.sink);
	event_clear(&w.ev);
	while (w.n > 0)
		free(w.fields[--w.n]);
	free(w.socket);
	turn_close(&w.loop);
	uv_sem_destroy(&w.may_write);
}

static struct sink_send tell(void)
{
	struct told t;

	told_begin(&t, &journal_ops, w.sink, &w.ev);
	TURN_UNTIL(&w.loop, t.done);
	told_clear(&t);
	return t.send;
}

/* Exactly these fields, in order, and the event as JSON. */
static void check_fields(const char *const *fields, size_t n)
{
	char *json = event_render(&w.ev, EVENT_WITHOUT_PERSONAL);

	ck_assert_int_eq(w.n, (int)n + 1);
	for (size_t i = 0; i < n; i++)
		ck_assert_str_eq(w.fields[i], fields[i]);
	ck_assert_int_eq(strncmp(w.fields[n], "PHONEWATCH_JSON=", 16), 0);
	ck_assert_str_eq(w.fields[n] + 16, json);
	free(json);
}

START_TEST(an_entry_has_the_fields_of_the_contract)
{
	static const char *const fields[] = {
		"MESSAGE=Lobby phone (ext 101, Denver) is offline",
		"PRIORITY=4",
		"MESSAGE_ID=c7d9a6d0f6a94f4f8c0e3c1f7f0b1a02",
		"SYSLOG_IDENTIFIER=phonewatchd",
		("PHONEWATCH_EVENT_ID=" TOLD_ID),
		"PHONEWATCH_ACCOUNT=acme",
		"PHONEWATCH_DEVICE_ID=802398804016",
		"PHONEWATCH_STATUS=Offline",
		"PHONEWATCH_DEVICE_NAME=Lobby phone",
		"PHONEWATCH_SITE=Denver",
		"PHONEWATCH_TYPE=device.offline",
	};

	ck_assert_int_eq(tell().end, SINK_DELIVERED);
	check_fields(fields, COUNT(fields));
}
END_TEST

START_TEST(an_account_has_no_fields_of_a_device)
{
	static const char *const fields[] = {
		"MESSAGE=account acme cannot be watched (credentials)",
		"PRIORITY=3",
		"MESSAGE_ID=c7d9a6d0f6a94f4f8c0e3c1f7f0b1a08",
		"SYSLOG_IDENTIFIER=phonewatchd",
		("PHONEWATCH_EVENT_ID=" TOLD_ID),
		"PHONEWATCH_ACCOUNT=acme",
		"PHONEWATCH_TYPE=account.unreachable",
	};

	event_clear(&w.ev);
	told_account(&w.ev);
	ck_assert_int_eq(tell().end, SINK_DELIVERED);
	check_fields(fields, COUNT(fields));
}
END_TEST

START_TEST(a_message_can_always_be_shown)
{
	told_rename(&w.ev, "a\nb\x1b[31m");
	ck_assert_int_eq(tell().end, SINK_DELIVERED);
	ck_assert_str_eq(w.fields[0],
			 "MESSAGE=a\\x0ab\\x1b[31m (ext 101, Denver) is offline");
	ck_assert_str_eq(w.fields[8], "PHONEWATCH_DEVICE_NAME=a\nb\x1b[31m");
}
END_TEST

START_TEST(addresses_are_told_only_where_wanted)
{
	w.ev.detail = json_pack("{s:[{s:s, s:s, s:s, s:b}]}", "changes", "field",
				"emergency.address", "from", "1 Old St", "to", "2 New St",
				"personal", 1);
	open_sink(_i == 1 ? EVENT_WITH_PERSONAL : EVENT_WITHOUT_PERSONAL);
	ck_assert_int_eq(tell().end, SINK_DELIVERED);
	ck_assert_int_eq(strstr(w.fields[w.n - 1], "2 New St") != NULL, _i == 1);
}
END_TEST

START_TEST(a_journal_that_is_not_there_is_tried_again)
{
	struct sink_send s;

	unlink(w.socket);
	s = tell();
	ck_assert_int_eq(s.end, SINK_LATER);
	ck_assert_str_eq(s.err.text, "the journal: No such file or directory");
	ck_assert_uint_eq(w.n_entries, 0);
	make_socket();
	ck_assert_int_eq(tell().end, SINK_DELIVERED);
}
END_TEST

static const struct {
	int answer;
	enum sink_end end;
} answers[] = {
	{-ECONNREFUSED, SINK_LATER}, {-EAGAIN, SINK_LATER}, {-ENOBUFS, SINK_LATER},
	{-EINVAL, SINK_DEAD},        {-E2BIG, SINK_DEAD},
};

START_TEST(what_the_journal_does_not_take_is_tried_again_if_that_can_help)
{
	w.answer = answers[_i].answer;
	ck_assert_int_eq(tell().end, answers[_i].end);
}
END_TEST

START_TEST(a_journal_that_hangs_holds_up_a_worker_and_not_the_loop)
{
	struct told t;

	uv_sem_wait(&w.may_write);
	told_begin(&t, &journal_ops, w.sink, &w.ev);
	for (int i = 0; i < 5; i++)
		uv_run(&w.loop, UV_RUN_NOWAIT);
	ck_assert(!t.done);
	journal_ops.cancel(w.sink, &t.send);
	uv_sem_post(&w.may_write);
	TURN_UNTIL(&w.loop, t.done);
	ck_assert(t.send.end == SINK_DELIVERED || t.send.end == SINK_CANCELED);
	ck_assert_uint_eq(w.n_entries, t.send.end == SINK_DELIVERED ? 1 : 0);
	told_clear(&t);
}
END_TEST

/* Keeps a worker busy until the semaphore is posted. */
static void occupy(uv_work_t *work)
{
	uv_sem_wait(work->data);
}

START_TEST(an_entry_no_worker_has_yet_can_be_canceled)
{
	uv_work_t work[4];
	uv_sem_t sem;
	struct told t;

	uv_sem_init(&sem, 0);
	for (int i = 0; i < 4; i++) { /* the size of the pool, set in main */
		work[i].data = &sem;
		uv_queue_work(&w.loop, &work[i], occupy, NULL);
	}
	told_begin(&t, &journal_ops, w.sink, &w.ev);
	journal_ops.cancel(w.sink, &t.send);
	ck_assert(!t.done); /* never from within */
	TURN_UNTIL(&w.loop, t.done);
	ck_assert_int_eq(t.send.end, SINK_CANCELED);
	ck_assert_uint_eq(w.n_entries, 0);
	for (int i = 0; i < 4; i++)
		uv_sem_post(&sem);
	uv_run(&w.loop, UV_RUN_DEFAULT);
	uv_sem_destroy(&sem);
	told_clear(&t);
}
END_TEST

/* ---- the catalog ---- */

START_TEST(the_catalog_explains_each_type_of_event)
{
	char *text = suite_data("../../systemd/phonewatch.catalog", NULL);

	for (int type = 1; event_type_name((enum event_type)type) != NULL; type++) {
		char *line = mem_printf("\n-- %s\nSubject: ",
					event_message_id((enum event_type)type));
		const char *entry = strstr(text, line);

		ck_assert_msg(entry != NULL, "no %s",
			      event_type_name((enum event_type)type));
		free(line);
	}
	free(text);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{an_entry_has_the_fields_of_the_contract, 1},
		{an_account_has_no_fields_of_a_device, 1},
		{a_message_can_always_be_shown, 1},
		{addresses_are_told_only_where_wanted, 2},
		{a_journal_that_is_not_there_is_tried_again, 1},
		{what_the_journal_does_not_take_is_tried_again_if_that_can_help,
		 COUNT(answers)},
		{a_journal_that_hangs_holds_up_a_worker_and_not_the_loop, 1},
		{an_entry_no_worker_has_yet_can_be_canceled, 1},
		{the_catalog_explains_each_type_of_event, 1},
	};

	setenv("UV_THREADPOOL_SIZE", "4", 1);
	return suite_run("journal", tests, COUNT(tests), open_world, close_world);
}

#else /* nothing to test */

int main(void)
{
	printf("1..0 # SKIP built without systemd\n");
	return 0;
}

#endif
