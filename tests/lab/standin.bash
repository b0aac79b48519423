# shellcheck shell=bash
# For the tests of Standin on the lab (load standin): a fresh lab, a run on its controller, what the run's report says of it.
#   STANDIN            the program, as the controller sees it (default: build/standin of this checkout)
#   STANDIN_PLUGINS    its plugins, if not those of the checkout
#   STANDIN_LAB_KEEP   not empty: use the lab as it is, leave it as it is (for working on one test)

export LAB_TOOL=$BATS_TEST_DIRNAME/lab
STANDIN=$(realpath -m "${STANDIN:-$BATS_TEST_DIRNAME/../../build/standin}")
export STANDIN
RUNBOOKS=$BATS_TEST_DIRNAME/runbooks
export RUNBOOKS

lab() { "$LAB_TOOL" "$@"; }
on() { lab run "$@"; }
boot_id() { on "$1" cat /proc/sys/kernel/random/boot_id; }

fresh_lab() {
  [ -z "${STANDIN_LAB_KEEP:-}" ] || [ ! -d "${STANDIN_LAB:-/var/tmp/standin-lab}/hosts" ] || return 0
  lab reset
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
    [ $SECONDS -lt $deadline ] || {
      echo "this did not come true: $*"
      return 1
    }
    sleep 0.1
  done
}

says() { # TEXT: it is in $output
  case $output in *"$1"*) return 0 ;; esac
  printf 'this is missing: %s\nin: %s\n' "$1" "$output"
  return 1
}

is() { # WHAT EXPECTED: no test of a lasting state without a word of what it was
  [ "$1" = "$2" ] || {
    printf 'this is: %s\nnot:     %s\n' "$1" "$2"
    return 1
  }
}

# --- Standin, on the controller

standin() {
  rm -f "$BATS_TEST_TMPDIR/report"
  on ctl ${STANDIN_PLUGINS:+env STANDIN_PLUGINS="$STANDIN_PLUGINS"} "$STANDIN" "$@"
}

put() { cat >"${STANDIN_LAB:-/var/tmp/standin-lab}/hosts/ctl/root/root/$1"; } # FILE: stdin becomes /root/FILE of the controller

rebooted() { # HOST BOOT-ID: it has booted since
  local now
  now=$(boot_id "$1" 2>/dev/null) && [ -n "$now" ] && [ "$now" != "$2" ]
}

use_inventory() { # SED-EXPRESSION: from now on in this test, the lab's inventory changed so
  lab inventory | sed -E "$1" | put changed.yaml # by the name of inventory.yaml it would be found uncalled
  INVENTORY=/root/changed.yaml
}

book() { case $1 in /*) echo "$1" ;; *) echo "$RUNBOOKS/$1.yaml" ;; esac }

run_book() { # RUNBOOK [OPTION...]: of runbooks/, or a path on the controller
  run standin run "$(book "$1")" ${INVENTORY:+-i "$INVENTORY"} --yes "${@:2}"
  echo "$output"
}

act_book() { # HOST ACTION [WITH [KEYS]]: a runbook of one step; WITH and KEYS as in YAML's {}
  printf '%s\n' 'standin: "1"' 'runbook: lab/act' 'kind: drill' 'summary: One step' 'steps:' \
    "  - {uses: $2, host: $1, with: {${3:-}}${4:+, $4}}" | put act.yaml
}

act() { # HOST ACTION [WITH [KEYS]]
  act_book "$@"
  run_book /root/act.yaml
}

# run in the background, for a test that does something meanwhile; then `await_run`
start_book() { # RUNBOOK [OPTION...]
  standin run "$(book "$1")" ${INVENTORY:+-i "$INVENTORY"} --yes "${@:2}" >"$BATS_TEST_TMPDIR/run" 2>&1 3>&- &
  RUN_PID=$!
}
await_run() { # sets status and output, as `run` does
  status=0
  wait "$RUN_PID" || status=$?
  output=$(cat "$BATS_TEST_TMPDIR/run")
  rm -f "$BATS_TEST_TMPDIR/report"
  echo "$output"
}
run_says() { grep -qF -- "$1" "$BATS_TEST_TMPDIR/run"; }
asked() { eventually run_says waiting; }

# What the report of the latest run says of a step: field 2 after.state.port
field() { # STEP PATH
  [ -s "$BATS_TEST_TMPDIR/report" ] || on ctl "$STANDIN" show -o json >"$BATS_TEST_TMPDIR/report"
  python3 -c '
import json, sys
steps = [step for step in json.load(open(sys.argv[3]))["steps"] if step["step"] == sys.argv[1]]
value = steps[0] if steps else sys.exit("no step " + sys.argv[1])
for key in sys.argv[2].split("."):
    value = value[int(key)] if isinstance(value, list) else value.get(key) if value else None
print(value if isinstance(value, str) else json.dumps(value))' "$1" "$2" "$BATS_TEST_TMPDIR/report"
}
outcome() { # STEP... : one word each
  local step
  for step; do field "$step" outcome; done | xargs
}
error_says() { # STEP TEXT
  output="$(field "$1" error.message) $(field "$1" error.hint)"
  says "$2"
}

# The latest run's journal: how many records of a kind, of a step
records() { # KIND STEP
  # shellcheck disable=SC2016 # for the controller's shell
  on ctl sh -c 'grep -c "\"kind\":\"$1\",\"step\":\"$2\"" "$(ls -d /var/lib/standin/runs/*/journal.jsonl | tail -n 1)" || [ $? = 1 ]' sh "$1" "$2"
}
