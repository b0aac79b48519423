#!/usr/bin/env bats
# The engine dies, its connection dies, its machine dies: what was begun is found, nothing is done twice, and the end is the end that an
# undisturbed run has. Exhaustive sweeps over every record are tests/torture's; here it is one kill for each kind of record and action,
# on real hosts.

load standin
load journal

BOOK=$BATS_TEST_DIRNAME/runbooks

setup_file() {
  fresh_lab
  # a service that counts its starts, before it is said to be started
  on mail1 sh -c 'cat >/etc/systemd/system/toy.service && systemctl daemon-reload' <<'U'
[Service]
ExecStartPre=/bin/sh -c 'echo started >>/root/starts'
ExecStart=sleep infinity
U
}

setup() {
  on mail1 sh -c 'rm -f /root/kill-* /root/slow-* /root/many-* /root/did /root/go; systemctl start toy; until [ -e /root/starts ]; do sleep 0.1; done; : >/root/starts; echo away >/root/kill-away'
}

teardown() {
  # what a failed test left unfinished
  standin abandon "$(latest)" --reason "the test is over" >/dev/null 2>&1 || true
  on mail1 touch /root/go # whatever still waits for it
  on ctl rm -f $STATE/filler
}

end_state() { # of mail1 after kill.yaml. "tried" may be done again: it says so itself
  on mail1 sh -c 'cd /root && grep -r . kill-* starts; grep -v tried did; systemctl is-active toy; ls kill-away 2>/dev/null || true'
  on switch sh -c "ip -o link show dev p-mail2 | grep -o '[<,]UP[,>]' | tr -d '<,>'"
}

dies() { # POINT:N VERB...: with SIGKILL, at that point
  local point=$1
  shift
  exits 137 faulty "$point:kill" "$@" </dev/null
}
resume_dies() { dies "$1" resume "${@:2}"; }

resumes() { exits 0 standin resume "$@" </dev/null; }

verified() {
  exits 0 standin audit verify
  says "$(latest)"
}

engine_pid() { # of the latest run, in ctl's own numbers
  on ctl python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["pid"])' "$STATE/runs/$(latest)/lock"
}
kill_engine() { on ctl kill -9 "$(engine_pid)"; }

scope_runs() { [ -n "$(on mail1 systemctl list-units --no-legend --state=active 'standin-*.scope')" ]; }
did() { on mail1 sh -c 'cat /root/did 2>/dev/null' | xargs; }
did_begin() { [ "$(did)" = began ]; }

start_slow() { # [OPTION...]: run in the background, until its task is at work on the host
  standin run "$BOOK/slow.yaml" --yes "$@" </dev/null >"$BATS_TEST_TMPDIR/run" 2>&1 3>&- &
  RUN_PID=$!
  eventually did_begin
}
go() { on mail1 touch /root/go; }
start_resume() {
  standin resume "$@" </dev/null >"$BATS_TEST_TMPDIR/run" 2>&1 3>&- &
  RUN_PID=$!
}
ended_well() {
  await_run
  is "$status" 0
  is "$(did)" "began ended"
  is "$(on mail1 cat /root/slow-before /root/slow-after | xargs)" "before after"
  nothing_twice mail1
  verified
}

@test "undisturbed: what the end is" {
  exits 0 standin run "$BOOK/kill.yaml" --yes --answer ask=continue
  end_state >"$BATS_FILE_TMPDIR/end"
  cat "$BATS_FILE_TMPDIR/end"
  grep -qx 'kill-a:a' "$BATS_FILE_TMPDIR/end"
  is "$(grep -c started "$BATS_FILE_TMPDIR/end")" 1
  is "$(grep -c blind "$BATS_FILE_TMPDIR/end")" 1
  grep -qx UP "$BATS_FILE_TMPDIR/end"
  is "$(journal 'len(k("intent"))')" 10
  verified
}

@test "killed at each kind of record: the end is the same, nothing is done twice" {
  dies journal.after.run_opened:1 run "$BOOK/kill.yaml" --yes
  resume_dies journal.after.resumed:1
  resume_dies journal.after.step_started:1
  resume_dies journal.before.step_finished:1
  resume_dies journal.after.step_finished:1
  resume_dies journal.after.group_started:1
  resume_dies journal.after.list:1
  resume_dies journal.before.intent:1
  resume_dies journal.after.intent:1
  resume_dies journal.before.group_finished:1
  resume_dies journal.after.group_finished:1
  resume_dies journal.before.step_finished:2 # the task that nobody can look at: done, and not recorded
  exits 3 standin resume </dev/null
  says "--answer 3="
  resume_dies journal.after.waiting:1
  is "$(journal 'r[-1]["gate"]')" doubt
  resume_dies journal.after.answered:1 --answer blind=done
  resume_dies journal.before.retry:1
  resume_dies journal.after.retry:1
  resume_dies journal.after.note:1
  resume_dies journal.before.waiting:1
  resume_dies journal.after.waiting:1
  resume_dies journal.before.answered:1 --answer ask=continue
  resume_dies journal.after.answered:1 --answer ask=continue
  resume_dies journal.before.run_finished:1 # without a further answer
  resume_dies journal.after.run_finished:1
  resumes
  says "had finished (changed)"
  exits 2 standin resume # and says so from now on
  says "finished (changed)"
  same "$(cat "$BATS_FILE_TMPDIR/end")" "$(end_state)" "the end"
  nothing_twice mail1
  verified
  # and the lock is free
  exits 0 standin run "$BOOK/kill.yaml" --yes --answer ask=continue
}

@test "killed before and after each kind of apply: the end is the same, nothing is done twice" {
  dies apply.before:1 run "$BOOK/kill.yaml" --yes --answer ask=continue # file.present
  resume_dies apply.after:1
  resume_dies apply.before:2                                            # file.absent
  resume_dies apply.after:1
  resume_dies apply.before:1                                            # a task that can be looked at
  resume_dies apply.after:1
  resume_dies apply.before:1                                            # one that cannot
  exits 3 standin resume </dev/null
  is "$(did)" looked
  resume_dies apply.after:1 --answer blind=again
  exits 3 standin resume </dev/null
  resume_dies apply.before:3 --answer blind=done --answer ask=continue  # network.isolate, after two tries of the failing one
  resume_dies apply.after:1
  resume_dies apply.before:1                                            # network.reconnect
  resume_dies apply.after:1
  resume_dies apply.before:1                                            # service.restart, an event
  is "$(on mail1 cat /root/starts)" ""
  resume_dies apply.after:1
  is "$(on mail1 cat /root/starts)" started
  resumes
  same "$(cat "$BATS_FILE_TMPDIR/end")" "$(end_state)" "the end"
  is "$(run_outcome)" changed
  nothing_twice mail1
  verified
}

@test "an answer that was accepted counts, though the engine died before it could act on it" {
  faulty journal.after.request:1:kill run "$BOOK/kill.yaml" --yes </dev/null >"$BATS_TEST_TMPDIR/run" 2>&1 3>&- &
  RUN_PID=$!
  eventually waits_for prompt
  exits 0 standin answer continue
  await_run
  is "$status" 137
  resumes
  is "$(journal 'len(k("answered"))')" 1
  same "$(cat "$BATS_FILE_TMPDIR/end")" "$(end_state)" "the end"
  verified
}

@test "killed right after a run was abandoned: its end is taken up, its lock is free" {
  dies journal.after.intent:1 run "$BOOK/kill.yaml" --yes
  run=$(latest)
  exits 4 standin run "$BOOK/kill.yaml" --yes
  says "$run"
  dies journal.after.abandoned:1 abandon "$run" --reason "tried"
  resumes "$run"
  says "had finished (abandoned)"
  exits 2 standin resume "$run"
  exits 0 standin run "$BOOK/kill.yaml" --yes --answer ask=continue
  verified
}

@test "an apply that still runs on the host is found, and waited for" {
  start_slow
  scope_runs
  kill_engine
  await_run
  is "$status" 137
  scope_runs
  start_resume
  eventually journal_has 'x["kind"] == "resumed"'
  not journal_has 'x["kind"] == "step_finished" and x["step"] == "2"'
  scope_runs
  go
  ended_well
  is "$(journal '[x["reason"] for x in k("step_finished") if x["step"] == "2"][-1]')" "found done after an interruption"
}

@test "a task in doubt: fails closed where nobody can be asked, and takes an answer" {
  start_slow --input looking=false
  kill_engine
  await_run
  go
  exits 3 standin resume </dev/null
  says "--answer 3="
  is "$(did)" "began ended"
  start_resume --answer blind=done
  ended_well
}

@test "the connection dies in mid-step" {
  start_slow
  sessions=$(on mail1 pgrep -f 'sshd: root@notty')
  on mail1 kill -9 $sessions
  scope_runs
  go
  ended_well
  is "$(journal 'len([x for x in k("intent") if x["step"] == "2"])')" 1
}

@test "the cable is pulled in mid-step, and plugged in again" {
  start_slow
  lab cable mail1 pull
  go
  eventually not scope_runs
  lab cable mail1 plug
  ended_well
}

@test "a reboot that outlasts the engine: no second one" {
  before=$(boot_id mail2)
  dies apply.before:1 run "$BOOK/reboot.yaml" --yes
  is "$(boot_id mail2)" "$before"
  resume_dies apply.after:1
  eventually rebooted mail2 "$before"
  lab await mail2
  after=$(boot_id mail2)
  resumes
  is "$(boot_id mail2)" "$after"
  is "$(journal 'r[-2]["outcome"]')" changed
  is "$(journal '{x["baseline"] for x in k("intent")} == {"'"$before"'"}')" True
  verified
}

@test "the controller's power is cut: what was synced is there, and it goes on" {
  start_slow
  lab power ctl cut
  await_run
  go
  lab power ctl on
  lab await ctl
  is "$(journal 'len([x for x in k("intent") if x["step"] == "2"])')" 1
  start_resume
  ended_well
  is "$(journal 'len({x["boot"] for x in r})')" 2
}

@test "the terminal is lost: the run goes on, attach shows it" {
  on ctl ssh -tt -o BatchMode=yes 10.99.0.5 "$STANDIN" run "$BOOK/slow.yaml" --yes >"$BATS_TEST_TMPDIR/run" 2>&1 3>&- &
  RUN_PID=$!
  eventually did_begin
  engine=$(engine_pid)
  on ctl pkill -9 -o -f "^ssh -tt .*10.99.0.5 $STANDIN run"
  wait $RUN_PID || true
  eventually journal_has '"the terminal is gone" in str(x.get("text"))'
  on ctl kill -0 "$engine"
  standin attach </dev/null >"$BATS_TEST_TMPDIR/run" 2>&1 3>&- &
  RUN_PID=$!
  go
  ended_well
  run_says "end "
  is "$(journal 'len(k("resumed"))')" 0
}

@test "the journal's last line is torn: noted, cut, and it goes on" {
  dies journal.after.step_started:3 run "$BOOK/kill.yaml" --yes
  on ctl sh -c "printf '{\"seq\":9,\"prev\":\"0123' >>$STATE/runs/$(latest)/journal.jsonl"
  resumes --answer ask=continue
  is "$(journal 'k("resumed")[0]["torn"]["bytes"]')" 21
  same "$(cat "$BATS_FILE_TMPDIR/end")" "$(end_state)" "the end"
  verified
}

fill_disk() { # the controller's, to its last block
  on ctl sh -c "fallocate -l \$(df --output=avail -B1 $STATE | tail -n 1) $STATE/filler; for size in 1M 4k 1; do dd if=/dev/zero bs=\$size 2>/dev/null; done >>$STATE/filler; sync"
  is "$(on ctl df --output=avail $STATE | tail -n 1 | xargs)" 0
}

@test "the controller's disk is full in mid-run: it stops between two steps, says so, and goes on when there is room" {
  standin run "$BOOK/many.yaml" --yes </dev/null >"$BATS_TEST_TMPDIR/run" 2>&1 3>&- &
  RUN_PID=$!
  eventually did_begin
  fill_disk
  go
  await_run
  is "$status" 3
  run_says "No space left on device"
  run_says "hint: free space on this file system, then go on; then: standin resume $(latest)"
  stopped=$(sed -n 's/.*stopped before step \([^ :]*\):.*/\1/p' "$BATS_TEST_TMPDIR/run")
  [ -n "$stopped" ]
  # what was begun has ended, and is journaled: the disk was reserved for it
  is "$(journal 'sorted({x["step"] for x in k("step_started")} - {x["step"] for x in k("step_finished")})')" ""
  is "$(journal 'any(x.get("step") == "'"$stopped"'" for x in r)')" False
  count=$(on mail1 sh -c 'wc -l </root/did')
  [ "$count" -gt 10 ]
  [ "$count" -lt 101 ]
  # no room yet: nothing is done, and it says so again
  exits 3 standin resume </dev/null
  says "No space left on device"
  is "$(on mail1 sh -c 'wc -l </root/did')" "$count"
  on ctl rm $STATE/filler
  resumes
  is "$(run_outcome)" changed
  same "$(echo began && seq -w 0 99)" "$(on mail1 cat /root/did)" "what was done"
  is "$(on mail1 cat /root/many-end)" changed
  nothing_twice mail1
  verified
}

@test "the runbook, the plugins and the inventory are edited between: the run is what it was" {
  on ctl sh -c "rm -rf /root/edited && mkdir /root/edited && cp $BOOK/kill.yaml /etc/standin/inventory.yaml /root/edited && cp -r $PLUGINS /root/edited/plugins"
  dies journal.after.intent:1 run /root/edited/kill.yaml --plugins /root/edited/plugins --yes
  on ctl sh -c 'cd /root/edited && sed -i "s/blind >>/edited >>/; s/name }}.n/name }}-edited\\\\n/" kill.yaml && echo nonsense: >inventory.yaml && rm -r plugins/service'
  on ctl grep -q edited /root/edited/kill.yaml
  resumes --answer ask=continue
  same "$(cat "$BATS_FILE_TMPDIR/end")" "$(end_state)" "the end"
  verified
}
