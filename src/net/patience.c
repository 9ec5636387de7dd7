#include "net/patience.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/mem.h"

struct patient {
	struct patience *all;
	int fd;
	uv_timer_t deadline;
	bool owes; /* it is in the list */
	bool dropped;
	TAILQ_ENTRY(patient) entry;
};

void patience_init(struct patience *p)
{
	p->n = 0;
	TAILQ_INIT(&p->owing);
}

static void set_owes(struct patient *c, bool owes)
{
	if (c->owes)
		TAILQ_REMOVE(&c->all->owing, c, entry);
	c->owes = owes;
	if (owes)
		TAILQ_INSERT_TAIL(&c->all->owing, c, entry);
}

static void drop(struct patient *c)
{
	set_owes(c, false);
	uv_timer_stop(&c->deadline);
	c->dropped = true;
	c->all->n--;
	shutdown(c->fd, SHUT_RDWR);
	c->all->on_dropped(c->all->data);
}

static void on_deadline(uv_timer_t *timer)
{
	drop(timer->data);
}

/* From now on; 0: it has any time. */
static void start(struct patient *c, int64_t wait_ms)
{
	if (c->dropped)
		return;
	if (wait_ms > 0)
		uv_timer_start(&c->deadline, on_deadline, (uint64_t)wait_ms, 0);
	else
		uv_timer_stop(&c->deadline);
}

/* Where all others are being served, the newcomer goes. */
static void make_room(struct patience *p)
{
	struct patient *oldest = TAILQ_FIRST(&p->owing);

	if (p->n > p->max && oldest != NULL)
		drop(oldest);
}

struct patient *patience_connected(struct patience *p, int fd)
{
	struct patient *c = mem_zalloc(sizeof *c);

	c->all = p;
	c->fd = fd;
	uv_timer_init(p->loop, &c->deadline);
	c->deadline.data = c;
	p->n++;
	patience_owes(c);
	make_room(p);
	return c;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void patience_gone(struct patient *c)
{
	if (c == NULL)
		return;
	set_owes(c, false);
	if (!c->dropped)
		c->all->n--;
	uv_close((uv_handle_t *)&c->deadline, on_closed);
}

void patience_owes(struct patient *c)
{
	if (c == NULL || c->dropped)
		return;
	set_owes(c, true);
	start(c, c->all->request_ms);
}

void patience_waits(struct patient *c)
{
	if (c == NULL)
		return;
	set_owes(c, false);
	start(c, 0);
}

void patience_takes(struct patient *c)
{
	if (c == NULL)
		return;
	set_owes(c, false);
	start(c, c->all->answer_ms);
}
