# PagerDuty, Events API v2: https://events.pagerduty.com/v2/enqueue. $secret is the routing key. Its
# limits: 512 KB, a summary 1,024 characters, a dedup_key 255.
# https://developer.pagerduty.com/docs/send-alert-event
. as $event
| {routing_key: $secret,
   event_action: (if state == "resolved" then "resolve" else "trigger" end),
   dedup_key: (key | cut(255)),
   client: "phonewatch",
   payload: {
     summary: (.data.summary | cut(1024)),
     source: ([.data.device.name, .data.alert.site, .data.account, "phonewatch"]
              | map(tostring | select(. != "null" and (is_blank | not))) | first | cut(255)),
     severity: .data.severity,
     timestamp: .time,
     component: (.data.device.id // .data.account | tostring | cut(255)),
     group: (.data.account | cut(255)),
     class: kind,
     custom_details: (
       (facts | map({key: .[0], value: (.[1] | cut(300))}) | from_entries)
       + {event: .id, type: .type, sequence: .data.sequence}
       + (lines | map(cut(120)) | if length == 0 then {} else
            {($event | heading | rtrimstr(":")): listed($event | total; 3000)} end))}}
