# shellcheck shell=bash
# For the tests that look at runs by their journals (load standin; load journal). Nothing here asserts how long something takes.

MAIL=$(realpath "$BATS_TEST_DIRNAME/../../runbooks/mail")
PLUGINS=$(realpath "$BATS_TEST_DIRNAME/../../plugins")
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
import json, sys
expression, state, run = sys.argv[1:]
if not run:
    run = [x["run"] for x in map(json.loads, open(state + "/index.jsonl")) if x["kind"] == "run_opened"][-1]
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

# Every scope in which a run applied something on a host, with how often: systemd's word for it, not the engine's. The hosts keep their logs over a boot.
scopes() { # HOST [RUN]
  on "$1" journalctl --sync
  on "$1" journalctl -q -o cat --no-pager | sed -n "s/^\(standin-${2:-$(latest)}-.*\)\.scope: .*eactivated successfully.*/\1/p" |
    sort | uniq -c | awk '{print $2, $1}'
}
nothing_twice() { # HOST...
  local host
  for host; do same "" "$(scopes "$host" | awk '$2 > 1')" "applied twice on $host"; done
}

invocation() { on "$1" systemctl show -P InvocationID "$2"; }
