/* The kinds of sinks that are built: who is told, and how. */
#ifndef MODEL_SINK_KIND_H
#define MODEL_SINK_KIND_H

enum sink_kind { SINK_JOURNAL, SINK_SYSLOG, SINK_WEBHOOK, SINK_MAIL, SINK_EXEC };

#endif
