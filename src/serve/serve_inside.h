/* What the files behind the door share. Nobody else includes this. */
#ifndef SERVE_SERVE_INSIDE_H
#define SERVE_SERVE_INSIDE_H

#include "net/server.h"
#include "serve/serve.h"

struct serve {
	struct server *server;
	struct serve_config config;
	char *database; /* its random number, as its header has it */
	bool ready;
	unsigned n_held; /* jobs, wishes, and the door itself: each holds this struct */
	unsigned n_jobs;
	bool closed;
	void (*on_closed)(void *data);
	void *closed_data;
};

#define SERVE_BY_BYTES 256

/* A request that is answered by a job. run sets status and answer. */
struct task {
	struct store_job job;
	struct serve *serve;
	struct server_request *req;
	bool has_uid;
	uid_t uid;              /* of who asks */
	struct silence silence; /* to be made */
	int64_t id;             /* to be removed */
	bool removed;
	int status;
	json_t *answer;
};

/* Submit it; its answer follows. The task may hold a silence, which is freed with it. */
struct task *task_create(struct serve *s, struct server_request *req, store_run_cb run);
void task_submit(struct task *t);
/* Who asks, by his name where he has one. On the worker: it may take long to find. */
void task_by(const struct task *t, char out[SERVE_BY_BYTES]);
void task_refuse(struct task *t, int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* object is taken over. */
void answer_object(struct server_request *req, int status, json_t *object);
void answer_error(struct server_request *req, int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The request's body: an object with none but these members (NULL ends them). NULL: it is none, and the
 * request has been answered. */
json_t *read_body(struct server_request *req, const char *const *members);

/* One for each row of the table; rest is what stands behind its path. */
void silences_list(struct serve *s, struct server_request *req, const char *rest);
void silences_add(struct serve *s, struct server_request *req, const char *rest);
void silences_remove(struct serve *s, struct server_request *req, const char *rest);

#endif
