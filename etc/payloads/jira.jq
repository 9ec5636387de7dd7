# Jira, the incoming webhook of an automation rule, which has all of this as {{webhookData.summary}} and so
# on: a rule for state = firing creates an issue with the label {{webhookData.label}}, one for
# state = resolved finds it by that label and closes it. Jira's limits: a summary of less than 255 characters on
# one line, a description 32,767, a label 255 without blanks.
# https://support.atlassian.com/cloud-automation/docs/jira-automation-triggers/
. as $event
| {state: state,
   label: ("phonewatch-" + key | gsub("[^a-zA-Z0-9._/-]"; "_") | .[0:255]),
   summary: (.data.summary | cut(254)),
   description: (
     (facts | map("\(.[0]): \(.[1] | cut(300))") | join("\n"))
     + (lines | map("- " + cut(120)) | if length == 0 then "" else
          "\n\n\($event | heading)\n" + listed($event | total; 20000) end)),
   priority: ({critical: "Highest", error: "High", warning: "Medium"}[.data.severity] // "Low"),
   severity: .data.severity,
   account: (.data.account | cut(255)),
   site: (.data.device.site // .data.alert.site | if . then tostring | cut(255) else null end),
   device: (.data.device.name | if . then cut(255) else null end),
   type: .type,
   event: .id,
   time: .time}
