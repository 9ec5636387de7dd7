/* An event as a mail: RFC 5322, with a plain and an HTML form (RFC 2046), both in base64. Pure.
 *
 * The same event gives the same bytes. Its Message-ID is made of the event's id; those of one alert
 * belong together (References), so that mail programs show them as one conversation. */
#ifndef SINK_MAIL_FORMAT_H
#define SINK_MAIL_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "model/event.h"

struct mail_origin {
	const char *from; /* an address, as mail_address_is_valid() has it */
	char *const *to;  /* the same; at least one */
	size_t n_to;
};

/* out is empty. Returns 0, or ERR_FORMAT where it is larger than out may become. */
int mail_format(struct buf *out, const struct event *ev, const struct mail_origin *from,
		enum event_personal personal);

/* Whether the text is an address that may stand in an envelope: LOCAL@DOMAIN, ASCII, no blanks and
 * nothing that a header or an SMTP command would read as its own (RFC 5321 section 4.1.2, less
 * quoted local parts). */
bool mail_address_is_valid(const char *text);

#endif
