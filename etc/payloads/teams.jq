# Microsoft Teams, a workflow's webhook ("Post to a channel when a webhook request is received"): an
# Adaptive Card, 28 KB in all.
# https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook
. as $event
| (lines | map("- " + markdown(120)) | listed($event | total; 2800)) as $list
| {firing: (if .data.severity == "warning" then "warning" else "attention" end),
   resolved: "good", info: "accent"}[look] as $colour
| {type: "message",
   attachments: [{
     contentType: "application/vnd.microsoft.card.adaptive",
     contentUrl: null,
     content: {
       "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
       type: "AdaptiveCard",
       version: "1.4",
       msteams: {width: "Full"},
       fallbackText: (.data.summary | cut(300)),
       body: (
         [{type: "TextBlock", text: ("\(sign) \(.data.summary)" | markdown(600)), wrap: true,
           weight: "bolder", size: "medium", color: $colour},
          {type: "FactSet", facts: (facts | map({title: .[0], value: (.[1] | markdown(300))}))}]
         + (if $list == "" then [] else
              [{type: "TextBlock", text: "\($event | heading)\n\n\($list)", wrap: true}] end)
         + [{type: "TextBlock", text: ("\(.type) · \(.id)" | markdown(300)), isSubtle: true,
             size: "small", wrap: true}])}}]}
