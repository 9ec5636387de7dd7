/* The parts of a server, and what its files share. Nobody else includes this. */
#ifndef NET_SERVER_INSIDE_H
#define NET_SERVER_INSIDE_H

#include "net/server.h"

#include <microhttpd.h>
#include <stdbool.h>

#include "base/buf.h"
#include "net/patience.h"

struct server {
	struct MHD_Daemon *daemon;
	uv_poll_t poll;   /* libmicrohttpd's epoll set */
	uv_timer_t timer; /* when libmicrohttpd wants to be called */
	bool again;       /* a connection was resumed: run once more */
	unsigned n_handles;
	struct server_request *requests; /* those with a connection */
	server_request_cb on_request;
	void *data;
	size_t body_max_bytes;
	bool is_patient; /* there are limits */
	struct patience patience;
	char *socket_path; /* NULL: none of ours */
	char *url;
	char complaint[200]; /* libmicrohttpd's last */
};

enum request_state {
	REQUEST_NEW,
	REQUEST_READING,
	REQUEST_ASKED,    /* on_request was called, the answer is owed */
	REQUEST_ANSWERED, /* to be queued */
	REQUEST_QUEUED,
};

/* Sees the end of a suspended connection. Its memory goes in its close callback. */
struct guard {
	uv_poll_t poll;
	struct server_request *req;
};

struct header {
	char *name, *value;
};

struct server_request {
	struct server_request *prev, *next;
	struct server *server;
	struct MHD_Connection *conn; /* NULL once it is lost or done */
	enum request_state state;
	char *method, *path, *uri;
	const char *query; /* within uri */
	struct buf body;
	struct header *headers;
	size_t n_headers, headers_cap;
	int status;
	struct MHD_Response *response; /* NULL while not made, and for a close */
	bool never;                    /* the answer is none */
	bool suspended;
	bool lost; /* the guard saw the end */
	struct guard *guard;
};

/* Let libmicrohttpd work, in the next turn of the loop. data is the server. */
void server_run_soon(void *data);

/* ---- a request's way: server_request.c ---- */

/* libmicrohttpd's calls; cls is the server. */
void server_on_connection(void *cls, struct MHD_Connection *conn, void **context,
			  enum MHD_ConnectionNotificationCode what);
void *server_on_uri(void *cls, const char *uri, struct MHD_Connection *conn);
enum MHD_Result server_on_access(void *cls, struct MHD_Connection *conn, const char *url,
				 const char *method, const char *version,
				 const char *data, size_t *len, void **context);
void server_on_completed(void *cls, struct MHD_Connection *conn, void **context,
			 enum MHD_RequestTerminationCode why);

/* NULL where there are no limits. */
struct patient *server_patient_of(struct MHD_Connection *conn);
int server_descriptor_of(struct MHD_Connection *conn);
/* Take its connection from libmicrohttpd, and give it back. Both may come twice. */
void server_suspend(struct server_request *req);
void server_resume(struct server_request *req);
/* See the end of its suspended connection. */
void server_guard(struct server_request *req);
void server_request_destroy(struct server_request *req);

#endif
