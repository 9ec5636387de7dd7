/* What is wrong with a sink and takes more than one of its keys to see. */
#ifndef CONFIG_SINK_H
#define CONFIG_SINK_H

#include "config_file.h"

/* s: as its keys were read, those that could be; at: the sink in file. */
void config_sink_check(const struct sink_config *s, const config_setting_t *at,
		       const struct config_file *file, struct config_report *report);

#endif
