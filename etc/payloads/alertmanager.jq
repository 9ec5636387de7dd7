# Prometheus Alertmanager, API v2: http://HOST:9093/api/v2/alerts. Labels say which alert it is, so they
# are the same when it fires and when it ends: nothing is among them that may change, as names do.
# Without endsAt Alertmanager would end it after five minutes; so it has one that is far away. What is
# no condition, but only happened, lasts five minutes.
# https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
def later($seconds): "\(.[0:19])Z" | fromdate + $seconds | todate;
def camel: split("_") | map((.[0:1] | ascii_upcase) + .[1:]) | join("");

state as $state
| (if $state == "info" then .type else
     {"alert.firing": kind, "alert.resolved": kind}[.type]
     // (if .data.device then "device_away" else "account_away" end) end) as $name
| (.data.alert.since // .data.since // .data.observed_at // .time) as $since
| [{labels: (
      {alertname: ("Phonewatch_" + ($name | gsub("[^a-zA-Z0-9]"; "_")) | camel),
       account: (.data.account | cut(300)),
       key: (key | cut(600)),
       severity: ({site_outage: "error", monitor_blind: "error", account_away: "error",
                   account_outage: "critical"}[$name]
                  // (if $state == "info" then .data.severity else "warning" end))}
      + (if .data.device.id then {device: (.data.device.id | cut(300))} else {} end)
      + (if .data.alert.drill then {drill: "true"} else {} end)),
    annotations: (
      {summary: (.data.summary | cut(1024)), event: .id}
      + (facts | map(select(.[0] != "Account")
                     | {key: (.[0] | ascii_downcase), value: (.[1] | cut(300))}) | from_entries)
      + (. as $event | lines | map(cut(120)) | if length == 0 then {} else
           {list: listed($event | total; 3000)} end)),
    startsAt: (if $state == "firing" then $since
               elif $state == "resolved" then .data.alert.since // .time
               else .time end),
    endsAt: (if $state == "firing" then .time | later(365 * 86400)
             elif $state == "resolved" then .data.alert.resolved_at // .time
             else .time | later(300) end)}]
