#!/usr/bin/env bats
# One lock, one run: a second one is refused, with the holder named; after a kill only those may go on who take up that very run.

load standin
load journal

setup_file() { fresh_lab; }
setup() { on mail1 rm -f /root/did /root/go /root/slow-before /root/slow-after; }
teardown() {
  on mail1 touch /root/go
  standin abandon "$(latest)" --reason "the test is over" >/dev/null 2>&1 || true
}

did_begin() { [ "$(on mail1 cat /root/did 2>/dev/null)" = began ]; }
start_slow() {
  standin run "$RUNBOOKS/slow.yaml" --yes </dev/null >"$BATS_TEST_TMPDIR/run" 2>&1 3>&- &
  RUN_PID=$!
  eventually did_begin
  FIRST=$(latest)
}
engine_pid() { on ctl python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["pid"])' "$STATE/runs/$FIRST/lock"; }
runs() { on ctl ls $STATE/runs; }

@test "two at once: the second is refused, and told who holds the lock" {
  start_slow
  before=$(runs)
  exits 4 standin run "$RUNBOOKS/slow.yaml" --yes
  says "lock 'lab-slow'"
  says "$FIRST"
  says "lab/slow"
  says "root"
  says "ctl"
  says "pid $(engine_pid)"
  same "$before" "$(runs)" "run directories" # a refused run leaves nothing behind

  exits 4 standin resume "$FIRST" # nor may it be taken from the process that works on it
  says "pid $(engine_pid)"
  exits 4 standin abandon "$FIRST" --reason "impatience"
  same "2" "$(journal '[x["step"] for x in k("step_started")][-1]' "$FIRST")" "the step that it is at"

  on mail1 touch /root/go
  await_run
  is "$status" 0
  is "$(intents "$FIRST" | xargs)" "1 2 4"
}

@test "another lock is another matter" {
  start_slow
  act mail2 file.present 'path: /root/other, content: other'
  is "$status" 0
  on mail1 touch /root/go
  await_run
  is "$status" 0
}

@test "after a kill: nobody but resume is admitted" {
  start_slow
  on ctl kill -9 "$(engine_pid)"
  await_run
  is "$status" 137
  exits 4 standin run "$RUNBOOKS/slow.yaml" --yes
  says "$FIRST"
  says "no process is working on it"
  says "standin resume $FIRST"
  says "standin abandon $FIRST"

  on mail1 touch /root/go
  exits 0 standin resume "$FIRST"
  on mail1 rm /root/did
  exits 0 standin run "$RUNBOOKS/slow.yaml" --yes
  exits 0 standin audit verify
}

@test "after a kill: or abandon, with a reason, which names what was left open" {
  start_slow
  on ctl kill -9 "$(engine_pid)"
  await_run
  exits 2 standin abandon "$FIRST"
  exits 0 standin abandon "$FIRST" --reason "mail1 is to be replaced"
  is "$(journal 'r[-1]["kind"], r[-1]["reason"], r[-1]["unfinished"]' "$FIRST" | xargs)" "abandoned mail1 is to be replaced [2]"
  exits 2 standin resume "$FIRST"
  on mail1 touch /root/go
  exits 0 standin run "$RUNBOOKS/slow.yaml" --yes
  exits 0 standin audit verify
}

@test "two that begin in the same moment: one of them" {
  on mail1 touch /root/go
  standin run "$RUNBOOKS/slow.yaml" --yes </dev/null >"$BATS_TEST_TMPDIR/one" 2>&1 3>&- &
  one=$!
  standin run "$RUNBOOKS/slow.yaml" --yes </dev/null >"$BATS_TEST_TMPDIR/two" 2>&1 3>&- &
  two=$!
  codes=()
  for pid in $one $two; do
    code=0
    wait "$pid" || code=$?
    codes+=($code)
  done
  cat "$BATS_TEST_TMPDIR"/{one,two}
  # either they met, and one was refused; or one came when the other had ended, and found all done
  case "${codes[*]}" in "0 0" | "0 4" | "4 0") ;; *) false ;; esac
  is "$(on mail1 cat /root/did | xargs)" "began ended"
}
