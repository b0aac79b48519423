# support.bash - what the tests of the command line share: a world of light local hosts, and ways to watch a run without a clock.
#
# Each test has its own folder W (in memory where there is /dev/shm: the engine syncs a lot) with inventory.yaml (hosts a and b), plugins/ (core and the toy of tests/torture), state/,
# and one world a host: W/a, W/b (see tests/torture/plugins/toy/plugin.yaml). A file that needs more defines furnish. Nothing depends on the directory that bats is called from.

TREE=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
STANDIN=${STANDIN:-$TREE/build/standin}

setup() {
  W=$(mktemp -d "$([ -w /dev/shm ] && echo /dev/shm || echo "$BATS_TEST_TMPDIR")/standin-cli.XXXXXX")
  chmod 755 "$W" # for those who come as another user
  export STANDIN_PLUGINS=$W/plugins STANDIN_STATE=$W/state STANDIN_AUDIT=$W/audit LC_ALL=C.UTF-8
  unset STANDIN_FAULT STANDIN_INVENTORY
  mkdir "$W/plugins"
  ln -s "$TREE/plugins/core" "$W/plugins/core"
  ln -s "$TREE/tests/torture/plugins/toy" "$W/plugins/toy"
  {
    printf 'standin: "1"\nhosts:\n'
    for host in a b; do
      mkdir -p "$W/$host/objects" "$W/$host/fail" "$W/$host/blind"
      : >"$W/$host/observed"
      : >"$W/$host/apply.log"
      printf '  %s: {connection: local, vars: {root: %s}}\n' "$host" "$W/$host"
    done
    printf 'secrets:\n  word: {file: %s/word}\n' "$W"
  } >"$W/inventory.yaml"
  echo hunter2-and-more >"$W/word"
  cd "$W"
  started=()
  if declare -F furnish >/dev/null; then furnish; fi
}

# Only what this test started, by its id.
teardown() {
  local pid
  for pid in "${started[@]}"; do
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  cd /
  rm -rf "$W"
}

standin() { "$STANDIN" "$@"; }

# runbook [NAME] - writes NAME.yaml (default: r.yaml) from stdin, with the head that every runbook needs.
runbook() {
  local name=${1:-r}
  { printf 'standin: "1"\nrunbook: test/%s\nkind: drill\n' "$name"; cat; } >"$W/$name.yaml"
}

applied() { cat "$W/${1:-a}/apply.log"; }
journal() { cat "$W"/state/runs/*/journal.jsonl; }
kinds() { journal | sed 's/.*"kind":"\([a-z_]*\)".*/\1/'; }

# Text without what differs from run to run: ids, times, pids.
tidy() {
  sed -E -e 's/[0-9]{8}-[0-9]{6}-[0-9a-f]{8}/RUN/g' -e 's/^[0-9]+:[0-9.:]+ +/TIME /' -e "s#$W#W#g" \
    -e 's/\b[0-9.]+(ms|s)\b/T/g' -e 's/pid [0-9]+/pid N/' -e 's/by [a-z]+@[^ ]+/by WHO/' -e 's/at [0-9:]{8} on [^ ,]+/at TIME on HOST/'
}

# begin ARGUMENT... - standin in the background, without a terminal; its id in $pid, its output in out and err.
begin() {
  "$STANDIN" "$@" >"$W/out" 2>"$W/err" </dev/null 3>&- &
  pid=$!
  started+=("$pid")
}

# await TEXT [FILE] - until the journal (or FILE) holds TEXT. The limit is there to end a test that has failed anyway.
await() {
  local i
  for ((i = 0; i < 3000; i++)); do
    if [ $# -gt 1 ]; then grep -q -e "$1" "$2" 2>/dev/null && return 0; else journal 2>/dev/null | grep -q -e "$1" && return 0; fi
    sleep 0.01
  done
  echo "never came: $1" >&2
  cat "$W/out" "$W/err" >&2
  return 1
}

# there FILE - until FILE is there.
there() {
  local i
  for ((i = 0; i < 3000; i++)); do
    [ ! -e "$1" ] || return 0
    sleep 0.01
  done
  echo "never there: $1" >&2
  return 1
}

# stopped - until the process in $pid has stopped itself (STANDIN_FAULT=...:stop); kill -CONT lets it go on.
stopped() {
  until grep -qs '^State:[[:space:]]*T' "/proc/$pid/status"; do
    [ -e "/proc/$pid" ] || { echo "it never stopped" >&2; cat "$W/out" "$W/err" >&2; return 1; }
    sleep 0.005
  done
}

# ended - waits for the process in $pid; its exit code in $status, its output in $output.
ended() {
  status=0
  wait "$pid" || status=$?
  output=$(cat "$W/out")
}

# gone PID - no such process, or only what is left of one that nobody has waited for.
gone() { ! grep -qs '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$1/status" || { echo "process $1 is still there"; return 1; }; }

# last TEXT - of a long text the end.
last() {
  local text=$1
  [ "${#text}" -le 4000 ] || text=...${text: -4000}
  printf '%s\n' "$text"
}

# code EXPECTED COMMAND... - runs it and insists on that exit code.
code() {
  local expected=$1
  shift
  run "$@"
  [ "$status" -eq "$expected" ] || { echo "exit code $status instead of $expected: $*"; last "$output"; return 1; }
}

# same WHAT EXPECTED - WHAT is a text.
same() {
  [ "$1" = "$2" ] || { diff -u <(printf '%s\n' "$2") <(printf '%s\n' "$1"); return 1; }
}

has() { [[ $1 == *"$2"* ]] || { printf 'not there: %s\nin: %s\n' "$2" "$(last "$1")"; return 1; }; }
has_not() { [[ $1 != *"$2"* ]] || { printf 'must not be there: %s\nin: %s\n' "$2" "$1"; return 1; }; }

# field JSON PYTHON - value is what was parsed. It may be longer than an argument can be.
field() { python3 -c 'import json,sys; value = json.load(sys.stdin); print(eval(sys.argv[1]))' "$2" <<<"$1"; }
