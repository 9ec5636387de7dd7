/* What the service manager is told: sd_notify(3). Does nothing without one. */
#ifndef NOTIFY_H
#define NOTIFY_H

#include <stdint.h>

void notify_ready(void);
/* systemd 252 has no notify-reload: begin and end are told by hand. */
void notify_reloading(void);
void notify_stopping(void);
void notify_watchdog(void);
/* One line for `systemctl status`. */
void notify_status(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* How often the watchdog wants to be fed, in milliseconds; 0: there is none. */
int64_t notify_watchdog_ms(void);

#endif
