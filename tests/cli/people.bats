#!/usr/bin/env bats
# What people ask of a running run: answer, attach, cancel, skip, abandon; signals; a terminal that goes away.
load support

asking() {
  runbook <<'YAML'
lock: l
steps:
  - {uses: toy.put, host: a, with: {name: x, value: v}}
  - {id: ask, uses: core.prompt, with: {message: Well?, choices: [left, right, stop]}}
  - {uses: toy.put, host: a, with: {name: "${{ steps.ask.outputs.answer }}", value: v}}
finally: [{uses: toy.put, host: a, with: {name: end, value: "${{ run.outcome }}"}}]
YAML
}

@test "a question is answered from another process; a wrong answer is refused" {
  asking
  begin run r.yaml --yes
  await '"kind":"waiting"'
  code 2 standin answer up
  has "$output" "not accepted: it is none of the choices"
  code 2 standin answer left --step 3
  has "$output" "no such step waits for an answer"
  code 0 standin answer left --step ask
  same "$output" accepted
  ended
  [ "$status" -eq 0 ]
  same "$(applied)" $'put x v\nput left v\nput end changed'
  has "$(tidy <<<"$output")" "Well?  [left] [right] [stop]"
}

@test "an answer can be prepared; stop fails the step" {
  asking
  code 0 standin run r.yaml --yes --answer ask=right
  same "$(applied)" $'put x v\nput right v\nput end changed'
  : >a/apply.log
  code 1 standin run r.yaml --yes --answer 2=stop
  same "$(applied)" 'put end failed'
}

@test "attach shows the run from its beginning until its end" {
  asking
  begin run r.yaml --yes
  await '"kind":"waiting"'
  "$STANDIN" attach >watched 2>&1 3>&- &
  started+=($!)
  watcher=$!
  await waiting watched
  standin answer left
  ended
  wait "$watcher"
  same "$(tidy <watched)" "$(tidy <out)"
  code 0 standin attach
  has "$output" "end       changed"
}

@test "attach to a run that nobody works on says so" {
  asking
  begin run r.yaml --yes
  await '"kind":"waiting"'
  kill -KILL "$pid"
  ended
  code 3 standin attach
  has "$output" "no process works on run"
  has "$output" "standin resume"
}

@test "cancel: what waits is cancelled, finally runs, exit code 5; journaled with who and why" {
  asking
  begin run r.yaml --yes
  await '"kind":"waiting"'
  code 0 standin cancel --reason "the source is back"
  ended
  [ "$status" -eq 5 ]
  same "$(applied)" $'put x v\nput end cancelled'
  has "$(journal)" '"reason":"the source is back"'
  code 0 standin run r.yaml --yes --answer ask=left
}

@test "cancel: the step that is being done is finished; a finally that waits is not cut short" {
  runbook <<'YAML'
steps:
  - group: G
    host: a
    steps:
      - {name: slow, uses: core.run, with: {run: [sh, -c, "touch $0/begun; while [ ! -e $0/go ]; do sleep 0.01; done; echo slow >>$0/apply.log", "${{ host.vars.root }}"]}}
      - {uses: toy.put, with: {name: never, value: v}}
    finally: [{uses: toy.put, with: {name: inner, value: v}}, {uses: core.wait, with: {duration: 1ms}}]
finally: [{uses: toy.put, host: a, with: {name: outer, value: v}}]
YAML
  begin run r.yaml --yes
  there a/begun
  code 0 standin cancel
  touch a/go
  ended
  [ "$status" -eq 5 ]
  same "$(applied)" $'slow\nput inner v\nput outer v'
}

@test "cancelled, then killed: resume runs what is left of finally, once, of groups too" {
  runbook <<'YAML'
steps:
  - group: G
    host: a
    steps:
      - {uses: toy.put, with: {name: x, value: v}}
      - {uses: core.prompt, with: {message: Well?}}
      - {uses: toy.put, with: {name: never, value: v}}
    finally: [{uses: toy.bump, with: {name: inner}}]
finally: [{uses: toy.bump, host: a, with: {name: outer}}]
YAML
  for k in 1 2 3 4 5 6 7 8; do
    rm -rf state a/objects/*
    : >a/apply.log
    # seven records and the index's, then the request: killed after that one, and after each that follows
    STANDIN_FAULT=journal.after:$((8 + k)):kill begin run r.yaml --yes
    await '"kind":"waiting"'
    run standin cancel
    ended
    [ "$status" -eq 137 ]
    code 5 standin resume
    same "$(applied)" $'put x v\nbump inner\nbump outer'
  done
}

@test "skip: a step that is still to come, one that waits, a whole group, a round; each with its reason" {
  runbook <<'YAML'
steps:
  - {uses: core.prompt, with: {message: First?}}
  - {id: two, uses: toy.put, host: a, with: {name: two, value: v}}
  - group: Three
    host: a
    steps: [{uses: toy.put, with: {name: three, value: v}}]
  - {id: four, uses: toy.put, host: a, foreach: [p, q], with: {name: "${{ item }}", value: v}}
  - {uses: core.prompt, with: {message: Second?}}
  - {uses: toy.put, host: a, with: {name: six, value: v}}
YAML
  begin run r.yaml --yes
  await '"message":"First?"'
  code 2 standin skip two
  has "$output" "a reason is needed"
  code 2 standin skip nothing --reason x
  has "$output" "there is no such step"
  code 0 standin skip two --reason "not here"
  code 0 standin skip 3 --reason "nor this"
  code 0 standin skip four --reason "nor these"
  code 0 standin skip 1 --reason "nobody asks"
  await '"message":"Second?"'
  standin answer continue
  ended
  [ "$status" -eq 0 ]
  same "$(applied)" "put six v"
  has "$output" "skipped by an operator: not here"
  has "$output" "skipped by an operator: nobody asks"
  same "$(journal | grep step_finished | grep -c '"outcome":"skipped"')" "5"
}

@test "skip between two attempts, then killed: it stays skipped" {
  printf xxxxxxxxx >a/fail/x
  runbook <<'YAML'
steps:
  - {id: one, uses: toy.put, host: a, with: {name: x, value: v}, retry: {attempts: 3, delay: 1h}}
  - {uses: toy.put, host: a, with: {name: y, value: v}}
YAML
  STANDIN_FAULT=journal.after.request:1:kill begin run r.yaml --yes
  await '"kind":"retry"'
  run standin skip one --reason "leave it"
  ended
  [ "$status" -eq 137 ]
  code 0 standin resume
  same "$(applied)" "put y v"
  same "$(cat a/fail/x)" "xxxxxxxx" # one attempt
}

@test "SIGINT once cancels; twice stops at once, resumably, whatever runs on the host" {
  runbook <<'YAML'
steps:
  - name: slow
    uses: core.run
    host: a
    with: {run: [sh, -c, "touch $0/begun; while [ ! -e $0/go ]; do sleep 0.01; done; echo slow >>$0/apply.log", "${{ host.vars.root }}"]}
  - {uses: toy.put, host: a, with: {name: x, value: v}}
finally: [{uses: toy.put, host: a, with: {name: end, value: v}}]
YAML
  begin run r.yaml --yes
  there a/begun
  kill -INT "$pid"
  await '"request":"cancel"'
  kill -INT "$pid"
  ended
  [ "$status" -eq 3 ]
  has "$(cat err)" "standin resume"
  # what was begun there still runs: resume finds it, and waits for its end
  begin resume --answer 1=done
  await '"kind":"resumed"'
  same "$(applied)" ""
  touch a/go
  ended
  [ "$status" -eq 5 ] # it had been cancelled
  same "$(applied)" $'slow\nput end v'
}

@test "SIGTERM stops at once, resumably" {
  asking
  begin run r.yaml --yes
  await '"kind":"waiting"'
  kill -TERM "$pid"
  ended
  [ "$status" -eq 3 ]
  code 0 standin resume --answer ask=left
  same "$(applied)" $'put x v\nput left v\nput end changed'
}

@test "a terminal that goes away does not stop the run" {
  asking
  python3 - "$STANDIN" <<'PY'
import os, pty, sys, time
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [sys.argv[1], "run", "r.yaml", "--yes"])
seen = b""
while b"Well?" not in seen:
    seen += os.read(terminal, 4096)
open("engine.pid", "w").write(str(pid))
os.close(terminal)
# the engine is this process's child: stay until it has ended, so that its exit code can be told
open("code", "w").write(str(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))) if os.fork() == 0 else None
PY
  await "the terminal is gone"
  standin answer left
  await '"kind":"run_finished"'
  same "$(applied)" $'put x v\nput left v\nput end changed'
}

@test "on a terminal the plan is shown and asked about; only yes is yes" {
  asking
  ask() {
    python3 - "$STANDIN" "$1" <<'PY'
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [sys.argv[1], "run", "r.yaml", "--answer", "ask=left"])
seen, answers = b"", [answer.encode() for answer in sys.argv[2].split()]
while True:
    try:
        seen += os.read(terminal, 4096)
    except OSError:
        break
    if answers and seen.rstrip().endswith(b"[yes/no]"):
        os.write(terminal, answers.pop(0) + b"\n")
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PY
  }
  code 5 ask "y no"
  has "$output" "write yes or no, in full"
  has "$output" "nothing was done"
  same "$(applied)" ""
  code 0 ask yes
  has "$output" "Plan for test/r"
  same "$(applied)" $'put x v\nput left v\nput end changed'
}
