/* Mail, by SMTP: smtps://HOST[:PORT], or smtp://HOST[:PORT] with STARTTLS. Both are verified.
 *
 * STARTTLS must be had, unless the server is this machine and no ca_file is given; where plain is
 * allowed, it is used if it is offered. PLAIN, LOGIN or CRAM-MD5 logs in, where there is a user.
 *
 * One message to all recipients. Those that the server refuses for good (5xx) are named in the error
 * of a delivery that the others made; those that it refuses for now (4xx) get theirs later, and
 * alone. Who of them has it is known until we are stopped: then all are told again. */
#ifndef SINK_MAIL_H
#define SINK_MAIL_H

#include "sink/sink.h"

extern const struct sink_ops mail_ops;

#endif
