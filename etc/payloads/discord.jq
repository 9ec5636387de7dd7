# Discord, a webhook of a channel. Its limits: a title 256 characters, a description 4,096, 25 fields of
# 256 and 1,024, a footer 2,048, and 6,000 in all.
# https://discord.com/developers/docs/resources/message#embed-object-embed-limits
. as $event
| (lines | map("- " + markdown(120)) | listed($event | total; 2500)) as $list
| {allowed_mentions: {parse: []},
   embeds: [
     {title: ("\(sign) \(.data.summary)" | markdown(256)),
      color: colour,
      timestamp: .time,
      fields: (facts | map({name: .[0], value: (.[1] | markdown(200)), inline: true})),
      footer: {text: ("\(.type) · \(.id)" | cut(200))}}
     + (if $list == "" then {} else {description: "\($event | heading)\n\($list)"} end)]}
