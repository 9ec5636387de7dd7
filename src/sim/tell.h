/* Commands for a simulator that runs already: what --tell does. */
#ifndef SIM_TELL_H
#define SIM_TELL_H

struct buf;
struct err;

/*
 * Send commands and wait for what they did.
 * where    "127.0.0.1:8080" or its URL
 * ca_file  PEM, for one that speaks HTTPS; NULL: the system's authorities
 * text     commands, one a line
 * results  what it answered is added
 * Returns 0; ERR_FORMAT with what the simulator says against them; another code where it could
 * not be asked.
 */
int tell(const char *where, const char *ca_file, const char *text, struct buf *results,
	 struct err *err);

#endif
