# shellcheck shell=bash
# For the tests that look at runs by their journals (load standin; load journal). Nothing here asserts how long something takes.

MAIL=$(realpath "$BATS_TEST_DIRNAME/../../runbooks/mail")
PLUGINS=${STANDIN%/build/*}/plugins
STATE=/var/lib/standin # on ctl

faulty() { # POINT:N:WHAT VERB...: the engine meets that fault (engine/base/fault.h)
  local fault=$1
  shift
  on ctl env "STANDIN_FAULT=$fault" "$STANDIN" "$@"
}

exits() { # CODE COMMAND...: it ends with that exit code; its words are in $output
  local wanted=$1
  shift
  run "$@"
  [ "$status" = "$wanted" ] || { echo "exit $status, not $wanted: $*" && echo "$output" && return 1; }
}

same() { # EXPECTED ACTUAL WHAT, of several lines
  [ "$1" = "$2" ] || { echo "$3:" && diff <(echo "$1") <(echo "$2"); }
}

# A question in Python about the records of a run (default: the latest): `r` are all of them, k("intent") those of a kind. A list is printed in lines.
journal() { # EXPRESSION [RUN]
  on ctl python3 -c '
import glob, json, os, sys
expression, state, run = sys.argv[1:]
if not run: # the manifest is written once, at the beginning
    run = max(glob.glob(state + "/runs/*/manifest.json"), key=lambda path: os.stat(path).st_mtime_ns).split("/")[-2]
with open(f"{state}/runs/{run}/journal.jsonl") as lines:
    r = [json.loads(line) for line in lines if line.endswith("\n")]
k = lambda kind: [x for x in r if x["kind"] == kind]
answer = eval(expression, globals())
print(*answer, sep="\n") if isinstance(answer, (list, tuple)) else print(answer)
' "$1" $STATE "${2:-}"
}
latest() { journal 'r[0]["run"]'; }
intents() { journal '[x["step"] for x in k("intent")]' "$@"; }
run_outcome() { journal '([x["outcome"] for x in k("run_finished")] or ["unfinished"])[-1]' "$@"; }
journal_has() { [ "$(journal "any($1 for x in r)")" = True ]; }
waits_for() { [ "$(journal '[x["gate"] for x in r[-1:] if x["kind"] == "waiting"]')" = "$1" ]; }

# Every attempt of a step in which a run applied something on a host, with the number of intents (a scope's name ends with its intent's record; a program may
# run several commands in one): systemd's word for it, not the engine's. The hosts keep their logs over a boot.
scopes() { # HOST [RUN]
  on "$1" journalctl --sync
  on "$1" journalctl -q -o cat --no-pager | sed -n "s/^\(standin-${2:-$(latest)}-.*\)\.scope: .*eactivated successfully.*/\1/p" |
    sort -u | sed 's/\.[0-9]*$//' | uniq -c | awk '{print $2, $1}'
}
nothing_twice() { # HOST...
  local host
  for host; do same "" "$(scopes "$host" | awk '$2 > 1')" "applied twice on $host"; done
}

invocation() { on "$1" systemctl show -P InvocationID "$2"; }

# The latest run did what the plan said: for each step that wishes something, its before, its changes, its commands.
plan_held() { # FILE
  on ctl python3 -c '
import glob, json, os, sys
plan = json.load(sys.stdin)
run = max(glob.glob(sys.argv[1] + "/runs/*/manifest.json"), key=lambda path: os.stat(path).st_mtime_ns)
records = [json.loads(line) for line in open(os.path.dirname(run) + "/journal.jsonl")]
finished = {x["step"]: x for x in records if x["kind"] == "step_finished"}
intents = {x["step"]: x for x in records if x["kind"] == "intent"}
wrong, compared = [], 0

def unknown(value):
    return isinstance(value, dict) and "?" in value

def state(observation):
    value = (observation or {}).get("state")
    return value if isinstance(value, dict) else {}

for row in plan["rows"]:
    if row.get("kind") != "state" or row["contingent"] or row["step"] not in finished:
        continue
    step, end = row["step"], finished[row["step"]]
    expected = {"ok": "ok", "change": "changed", "event": "changed"}.get(row["verdict"], end["outcome"])
    if end["outcome"] != expected:
        wrong.append(f"{step}: planned {row['"'verdict'"']}, it was {end['"'outcome'"']}")
    if row["verdict"] == "ok" and step in intents:
        wrong.append(f"{step}: applied, though planned as ok")
    for name, value in state(row["before"]).items():
        seen = state(end["before"])
        if name in seen and name not in row["volatile"] and not unknown(value) and value != seen[name]:
            wrong.append(f"{step}: {name} before: planned {value}, observed {seen[name]}")
    for change in row["changes"]:
        name = change["attribute"]
        after = state(end["after"]).get(name) if name != "object" else (None if end["after"]["state"] == "absent" else "present")
        compared += 1
        if not unknown(change["after"]) and after != change["after"]:
            wrong.append(f"{step}: {name} after: planned {change['"'after'"']}, observed {after}")
    if step in intents and intents[step]["commands"] != row["commands"] and not unknown(row["before"]):
        wrong.append(f"{step}: commands: planned {row['"'commands'"']}, run {intents[step]['"'commands'"']}")
print(compared, "changes compared")
sys.exit("\n".join(wrong) if wrong or not compared else 0)
' $STATE <"$1"
}
