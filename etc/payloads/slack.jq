# Slack, an incoming webhook. Its limits: text 40,000 characters, 50 blocks, a header 150, ten fields of
# 2,000, a section 3,000.
# https://docs.slack.dev/reference/block-kit/blocks
def spelling:
  if . == 38 then "&amp;" | explode[] elif . == 60 then "&lt;" | explode[]
  elif . == 62 then "&gt;" | explode[] else . end;
def mrkdwn($text): {type: "mrkdwn", $text, verbatim: true};

. as $event
| "\(sign) \(.data.summary)" as $summary
| (lines | map("• " + spelled(spelling; 120)) | listed($event | total; 2800)) as $list
| {text: ($summary | spelled(spelling; 3000)),
   blocks: (
     [{type: "header", text: {type: "plain_text", text: ($summary | cut(150)), emoji: true}},
      {type: "section",
       fields: (facts | .[0:10] | map(mrkdwn("*\(.[0])*\n\(.[1] | spelled(spelling; 300))")))}]
     + (if $list == "" then [] else
          [{type: "section", text: mrkdwn("*\($event | heading)*\n\($list)")}] end)
     + [{type: "context", elements: [mrkdwn("\(.type) · \(.id)")]}])}
