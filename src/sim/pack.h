/* gzip, as the vendor's front end does it. */
#ifndef SIM_PACK_H
#define SIM_PACK_H

#include <stddef.h>
#include <stdint.h>

struct packer;
struct server_body;

struct packer *packer_create(void);
void packer_destroy(struct packer *p);

/* The gzip of data, the same bytes for the same data. The caller holds it. */
struct server_body *packer_gzip(struct packer *p, const void *data, size_t len);

/* A copy of a gzip that unpacks to the same and differs in its bytes: stamp goes where its
 * header has the time of the file. */
struct server_body *pack_stamped(const struct server_body *gzip, uint32_t stamp);

#endif
