/* A gzip that unpacks to far more than it is: its middle is the same piece again and again. */
#ifndef SIM_BOMB_H
#define SIM_BOMB_H

#include <stdint.h>

struct server_request;

/* Answer 200 with the gzip of so many MiB of blanks, checksum and length right. */
void bomb_answer(struct server_request *req, uint64_t n_mib);

#endif
