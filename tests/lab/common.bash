# shellcheck shell=bash
# What the lab tests of Standin share (smoke.bats tests the lab alone). They use one lab: $STANDIN_LAB or the default one. The binary is
# $STANDIN, a path inside the checkout: ctl sees that at the same place. Nothing here asserts how long something takes.

LAB_TOOL="$BATS_TEST_DIRNAME/lab"
CHECKOUT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
STANDIN=${STANDIN:-$CHECKOUT/build/standin}
STATE=/var/lib/standin # on ctl
BOOKS=$BATS_TEST_DIRNAME/runbooks
MAIL=$CHECKOUT/runbooks/mail

lab() { "$LAB_TOOL" "$@"; }
on() { lab run "$@"; }
standin() { lab run ctl "$STANDIN" "$@"; }
faulty() { # POINT:N:WHAT VERB...: the engine meets that fault
  local fault=$1
  shift
  lab run ctl env "STANDIN_FAULT=$fault" "$STANDIN" "$@"
}

not() { # unlike a bare `!`, this fails the test wherever it stands
  if "$@"; then
    echo "this should not have worked: $*"
    return 1
  fi
}

eventually() { # the command holds within a minute
  local deadline=$((SECONDS + 60))
  until "$@"; do
    [ $SECONDS -lt $deadline ] || { echo "this did not come true: $*" && return 1; }
    sleep 0.1
  done
}

exits() { # CODE COMMAND...: it ends with that exit code; its words are in $output
  local wanted=$1
  shift
  run "$@"
  [ "$status" = "$wanted" ] || { echo "exit $status, not $wanted: $*" && echo "$output" && return 1; }
}

says() { # TEXT...: each is in $output
  local text
  for text; do
    [[ $output == *"$text"* ]] || { echo "'$text' is not in: $output" && return 1; }
  done
}

same() { # EXPECTED ACTUAL WHAT
  [ "$1" = "$2" ] || { echo "$3:" && diff <(echo "$1") <(echo "$2"); }
}

# --- hosts

boot_id() { on "$1" cat /proc/sys/kernel/random/boot_id; }
boots_of() { on "$1" journalctl --list-boots --no-pager | wc -l; } # its journal is kept on disk
invocation() { on "$1" systemctl show -P InvocationID "$2"; }
mailbox() { lab mail read "$1" | cut -f1 | sort; }
fresh_lab() { # once a file: hosts as they were made
  lab reset
  [ -x "$STANDIN" ] || { echo "there is no $STANDIN: run make" >&2 && return 1; }
}

# --- runs

# A question in Python about the records of a run (default: the latest): `r` is the list; with a word for each, `k` those of a kind.
records() { # EXPRESSION [RUN]
  on ctl python3 -c '
import glob, json, sys
expression, state, run = sys.argv[1:]
if not run:
    index = [json.loads(line) for line in open(state + "/index.jsonl")]
    run = [x["run"] for x in index if x["kind"] == "run_opened"][-1]
with open(f"{state}/runs/{run}/journal.jsonl") as lines:
    r = [json.loads(line) for line in lines if line.endswith("\n")]
k = lambda kind: [x for x in r if x["kind"] == kind]
answer = eval(expression)
if isinstance(answer, (list, tuple)):
    print(*answer, sep="\n")
else:
    print(answer)
' "$1" $STATE "${2:-}"
}
latest() { records 'r[0]["run"]'; }
# What was applied: the steps with an intent, those of tasks left out (a task has nothing to observe, so it is done each time).
applied() { records 'sorted({x["step"] for x in k("intent")} - {x["step"] for x in k("step_started") if x["kind_of_action"] == "task"})' "$@"; }
outcome() { records '([x["outcome"] for x in k("run_finished")] or ["unfinished"])[-1]' "$@"; }
waits_for() { [ "$(records '[x["gate"] for x in r[-1:] if x["kind"] == "waiting"]')" = "$1" ]; }
has_record() { [ "$(records "any($1 for x in r)")" = True ]; }

# Every scope in which the run applied something on a host, with how often: systemd's own word for it, not the engine's.
scopes() { # HOST RUN
  on "$1" journalctl --sync
  on "$1" journalctl -q -o cat --no-pager | sed -n "s/^\(standin-$2-.*\)\.scope: .*eactivated successfully.*/\1/p" | sort | uniq -c | awk '{print $2, $1}'
}
nothing_twice() { # RUN HOST...
  local host run=$1
  shift
  for host; do same "" "$(scopes "$host" "$run" | awk '$2 > 1')" "applied twice on $host"; done
}
