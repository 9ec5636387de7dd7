/* What the vendor lists beside devices: extensions, what belongs to one, and its web phones.
 *
 * Shape   the good answers' records; ids have their JSON types
 * Source  api.md sections 4.2, 4.4, 4.5 */
#ifndef SIM_EXTENSION_H
#define SIM_EXTENSION_H

#include <stddef.h>

struct buf;
struct list;
struct world;
struct world_device;
struct world_extension;

/* Append the record of an extension. */
void extension_add(struct buf *b, const struct world *w, const struct world_extension *e);

/* The devices of one extension, as a list. */
struct extension_devices {
	const struct world *world;
	const struct world_device **devices;
	size_t n;
	char *url;
};
void extension_devices_init(struct extension_devices *into, const struct world *w,
			    const struct world_extension *e, const char *base_url);
/* Without the one at a place. */
void extension_devices_drop(struct extension_devices *d, size_t place);
void extension_devices_clear(struct extension_devices *d);
struct list extension_devices_list(const struct extension_devices *d);

/* Append {"records": [...]}: its web phones. */
void extension_add_web_phones(struct buf *b, const struct world_extension *e);

#endif
