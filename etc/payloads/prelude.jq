# What stands in front of every payload program, ours or yours. Comments have lines of their own here,
# since all of this is put on the program's first line.

# A repeat must have the same bytes as the first time.
def now: error("now is not for payloads: a repeat must have the same bytes");

# ---- texts that fit ----

# Of a character: how long it is where a receiver counts most, in UTF-16; and itself, if it is
# neither a control character nor turns the direction of writing.
def units: if . > 65535 then 2 else 1 end;
def harmless:
  if . < 32 or (. > 126 and . < 160) or (. > 8231 and . < 8239) or (. > 8293 and . < 8298)
  then 32 else . end;

# Nothing to be seen: receivers refuse such a text.
def is_blank: all(explode[] | harmless; . == 32 or . == 160 or . == 12288);

# So much of a text that it is shorter than $n with each character as spelling says; where that is
# not all, it ends in "…". Most texts are nothing but what nobody spells otherwise, and stay as they are.
def is_plain: test("^[ 0-9A-Za-z.,:;()/+@=-]*$");
def spelled(spelling; $n):
  if utf8bytelength < $n and is_plain then .
  else
    length as $all
    | [foreach (.[0:$n] | explode[] | harmless) as $c ({size: 0};
        [$c | spelling] as $p | {$p, size: (.size + ($p | map(units) | add))};
        select(.size < $n) | .p)] as $kept
    | ($kept | add // [] | implode) + (if ($kept | length) < $all then "…" else "" end)
  end;
def cut($n): spelled(.; $n);
def size: [explode[] | units] | add // 0;

# With a backslash in front of what Markdown would take for its own.
def markdown($n):
  spelled(if . as $c | [92, 42, 95, 91, 93, 126, 96, 124, 60, 62, 35] | index($c) then 92, . else . end; $n);

# So many of these lines that they fit into $n, and of $total how many are left out.
def listed($total; $n):
  reduce .[] as $line ({lines: [], size: 0, full: false};
    (.size + ($line | size) + 1) as $size
    | if .full or $size > $n - 30 then .full = true
      else .lines += [$line] | .size = $size end)
  | .lines + (if (.lines | length) < $total then ["and \($total - (.lines | length)) more"] else [] end)
  | join("\n");

# ---- the event ----

# "2026-11-22 18:01:02 UTC"
def at: "\(.[0:10]) \(.[11:19]) UTC";

# Milliseconds as "3 d 4 h"
def lasted:
  (. / 1000 | floor) as $s
  | if $s < 60 then "\($s) s"
    elif $s < 3600 then "\($s / 60 | floor) min"
    elif $s < 86400 then "\($s / 3600 | floor) h \($s % 3600 / 60 | floor) min"
    else "\($s / 86400 | floor) d \($s % 86400 / 3600 | floor) h" end;

# firing: something is wrong; resolved: it is not any more; info: neither.
def state:
  {"alert.firing": "firing", "alert.resolved": "resolved",
   "device.offline": "firing", "device.unknown": "firing",
   "device.online": "resolved", "device.removed": "resolved",
   "account.unreachable": "firing", "account.reachable": "resolved"}[.type] // "info";

# The same for what is wrong and for its end, so that the one ends the other.
def key:
  if .data.alert then .data.alert.key
  elif state == "info" then .id
  elif .data.device then "\(.data.account)/device/\(.data.device.id)"
  else "\(.data.account)/account/\(.data.account)" end;

def kind: .data.alert.kind // (.type | sub("[.]"; "_"));

# 🔴, or what it is else; a digest is as grave as what it lists. Green is what is well again: an alert may
# be over, too, since it is part of a greater one, or nobody asks for it any more.
def is_not_well: .type == "device.removed" or (.data.alert.reason // "recovered") != "recovered";
def look:
  if .data.digest then "firing"
  elif state == "resolved" and is_not_well then "info"
  else state end;
def sign:
  {resolved: "🟢", info: "🔵"}[look]
  // {warning: "🟠", error: "🔴", critical: "🔴"}[.data.severity] // "🔵";

# The number of a colour, likewise.
def colour:
  {resolved: 3066993, info: 3447003}[look]
  // {warning: 15105570, error: 15158332, critical: 10038562}[.data.severity] // 3447003;

# [["Site", "Denver"], ...]: what is known of it, in few words.
def facts:
  .data as $d | ($d.device // {}) as $p | ($d.alert // $d.digest // {}) as $a
  | [["Account", $d.account],
     ["Site", ($p.site // $a.site)],
     ["Extension", ([$p.extension_number, $p.extension_name] | map(select(. != null and . != "")) | join(" "))],
     ["Model", ($p.model // $p.type)],
     ["Serial", $p.serial],
     ["Phones", (if $p.id then null elif $d.alert and ($a.count // 0) > 0 then $a.count else $d.counts.devices end)],
     ["Since", ($a.since // $d.since // null | if . then at else null end)],
     ["Lasted", ($a.duration_ms // null | if . then lasted else null end)],
     ["Reason", ($a.reason // $d.reason)],
     ["Seen", (if $d.not_before and $d.observed_at and $d.not_before != $d.observed_at
               then "between \($d.not_before | at) and \($d.observed_at | at)" else .time | at end)]]
  | map(select(.[1] != null) | .[1] |= tostring | select(.[1] | is_blank | not));

def value: if . == null then "nothing" elif type == "string" then . else tojson end;

# What there is a list of: those who are away, those who did not come back, what changed, or what is told
# together; a line of each; and how many there are in truth.
def listing:
  if .data.digest then .data.digest.events // []
  elif .data.alert and (.data.device | not) then
    (if .type == "alert.resolved" then .data.alert.not_back else .data.alert.devices end) // []
  elif .type == "device.changed" then .data.changes // []
  else [] end;
def lines:
  if .type == "device.changed" then
    listing | map(if has("from") or has("to")
                  then "\(.field): \(.from | value | cut(100)) → \(.to | value | cut(100))"
                  else .field // "" end)
  elif .data.digest then listing | map("\(.time // "" | at) \(.summary // .id // "")")
  else listing | map(.name // .id // "" | tostring) end;
def total:
  [if .data.device then 0
   elif .data.digest then (listing | length) + (.data.digest.more // 0)
   elif .type == "alert.resolved" then .data.alert.not_back_count
   else .data.alert.count end // 0, (listing | length)] | max;
def heading:
  if .data.digest then "Meanwhile:"
  elif .type == "alert.resolved" then "Not back:"
  elif .data.alert then "Offline:"
  else "Changed:" end;
