#!/usr/bin/env bats
# service.*: services that start, fail, die, hang and are slow, under a real systemd.

load standin

setup_file() { fresh_lab; }

teardown() {
  # shellcheck disable=SC2016 # for the host's shell
  on mail2 sh -c 'for unit in $(cat /run/units 2>/dev/null); do
      timeout 20 systemctl stop "$unit" 2>/dev/null; rm -rf "/etc/systemd/system/$unit" "/etc/systemd/system/multi-user.target.wants/$unit"
    done; rm -f /run/units /run/trace; systemctl daemon-reload; systemctl reset-failed'
}

# A unit of the test's own on mail2, from stdin. What it says of itself goes to its log and, by `echo ... >>/run/trace`, to the test.
unit() { # NAME
  # shellcheck disable=SC2016
  on mail2 sh -c 'cat >"/etc/systemd/system/$1.service" && echo "$1.service" >>/run/units && systemctl daemon-reload' sh "$1"
}
traced() { on mail2 xargs -a /run/trace; }
shown() { on mail2 systemctl show --value -p "$2" "$1"; }

@test "a service is started, found started, stopped, found stopped" {
  unit plain <<'U'
[Service]
ExecStart=sleep infinity
U
  act mail2 service.start 'name: plain'
  is "$(outcome 1)" changed
  is "$(field 1 before.state.state)" inactive
  is "$(shown plain ActiveState)" active
  act mail2 service.start 'name: plain'
  is "$(outcome 1)" ok
  act mail2 service.facts 'name: plain'
  is "$(field 1 after.state.main_pid)" "$(shown plain MainPID)"
  is "$(field 1 after.state.account)" root
  act mail2 service.stop 'name: plain'
  is "$(outcome 1)" changed
  is "$(shown plain ActiveState)" inactive
  act mail2 service.stop 'name: plain'
  is "$(outcome 1)" ok
}

@test "a service that fails the first times is tried again, as often as the step says" {
  unit flaky <<'U'
[Service]
ExecStartPre=sh -c 'echo try >>/run/trace; [ $$(wc -l </run/trace) -ge 3 ]'
ExecStart=sleep infinity
U
  act mail2 service.start 'name: flaky' 'retry: {attempts: 4, delay: 100ms}'
  is "$status" 0
  is "$(outcome 1)" changed
  is "$(field 1 attempts)" 3
  is "$(traced)" 'try try try'
}

@test "a service that starts and dies at once: the error shows its last words" {
  unit dies <<'U'
[Service]
ExecStart=sh -c 'echo the mailbox index is damaged at block 4711; exit 3'
U
  act mail2 service.start 'name: dies'
  is "$status" 1
  error_says 1 'the mailbox index is damaged at block 4711'
  says 'status=3'
}

@test "a service that dies after a moment is not taken for started" {
  unit staggers <<'U'
[Service]
ExecStart=sh -c 'sleep 1; echo lost the database; exit 1'
U
  act mail2 service.start 'name: staggers'
  is "$status" 1
  error_says 1 'it came up and went down again'
  says 'lost the database'
}

@test "a service that hangs on start: the timeout ends what was started to start it, and the state is told" {
  unit hangs <<'U'
[Service]
Type=notify
ExecStart=sh -c 'echo waiting for the moon; exec sleep infinity'
TimeoutStartSec=infinity
U
  act mail2 service.start 'name: hangs' 'timeout: 5s' # the host's journal may lag behind on a busy machine
  is "$status" 1
  error_says 1 'time is up'
  says '"state":"activating"'
  says 'waiting for the moon'
  not on mail2 pgrep -f 'systemctl start'
  is "$(on mail2 systemctl list-units --all --plain --no-legend 'standin-*.scope')" ''
}

@test "a task that hangs, with children that heed no signal: none is left when its time is up" {
  # shellcheck disable=SC2016 # for the host's shell
  act mail2 core.script 'script: "trap \"\" TERM; (trap \"\" TERM; setsid sleep 47114711) & sleep 47114711; sleep 47114711"' 'timeout: 2s'
  is "$status" 1
  error_says 1 'time is up; everything that it had started was ended'
  not on mail2 pgrep -f 'sleep 47114711'
}

@test "P4: a program that hangs when its work is done: ended with its children, and that is no failure if what it was for holds" {
  on mail2 rm -rf /root/setup
  with='run: [sh, -c, "echo a valid server object >&2; mkdir /root/setup; trap \"\" TERM; sleep 3001 & sleep 3002"], on_timeout: done, verify: [test, -d, /root/setup]'
  act mail2 core.run "$with" 'timeout: 2s, expect: result.stderr == "a valid server object\n"'
  is "$(outcome 1)" changed
  is "$(field 1 reason)" "time was up; everything that it had started was ended"
  not on mail2 pgrep -f 'sleep 300[12]'
}

@test "a slow service is waited for, also when somebody else has started it" {
  unit slow <<'U'
[Service]
Type=notify
NotifyAccess=all
ExecStart=sh -c 'sleep 3; systemd-notify --ready; exec sleep infinity'
U
  on mail2 systemctl start --no-block slow
  is "$(shown slow ActiveState)" activating
  act mail2 service.start 'name: slow'
  is "$(outcome 1)" ok
  is "$(records intent 1)" 0
  act mail2 service.restart 'name: slow'
  is "$(outcome 1)" changed
  is "$(shown slow ActiveState)" active
}

@test "a group is tried again in order; then a person mends it, and what holds counts as changed by hand" {
  for name in first second third; do
    unit $name <<U
[Service]
ExecStartPre=sh -c 'echo $name >>/run/trace; [ $name != second ] || [ -e /run/mended ]'
ExecStart=sleep infinity
U
  done
  on mail2 rm -f /run/mended
  start_book services --input services='["first", "second", "third"]'
  asked
  is "$(traced)" 'first second second' # the second time the first one was found running
  on mail2 touch /run/mended
  on mail2 systemctl start second
  run standin answer continue
  is "$status" 0
  await_run
  is "$status" 0
  says 'by hand'
  says 'went on'
  is "$(traced)" 'first second second second third'
  is "$(shown third ActiveState)" active
}

@test "the person has not mended it: the run stops with the question, and applies it again when told so" {
  unit stubborn <<'U'
[Service]
ExecStartPre=test -e /run/mended
ExecStart=sleep infinity
U
  on mail2 rm -f /run/mended
  start_book services --input services='["stubborn"]'
  asked
  standin answer continue
  await_run
  is "$status" 3
  says 'still does not hold'
  step=$(sed -n 's/.*--answer \(.*\)=.*/\1/p' <<<"$output")
  on mail2 touch /run/mended
  run standin resume --answer "$step=apply"
  echo "$output"
  is "$status" 0
  says 'went on'
  is "$(shown stubborn ActiveState)" active
}

@test "a restart is an event: a new invocation each time, of a stopped service too" {
  unit plain <<'U'
[Service]
ExecStart=sleep infinity
U
  act mail2 service.restart 'name: plain'
  is "$(outcome 1)" changed
  first=$(shown plain InvocationID)
  is "$(field 1 after.state.invocation_id)" "$first"
  act mail2 service.restart 'name: plain'
  is "$(outcome 1)" changed
  is "$(field 1 before.state.invocation_id)" "$first"
  is "$(field 1 after.state.invocation_id)" "$(shown plain InvocationID)"
  not [ "$(shown plain InvocationID)" = "$first" ]
}

@test "startup: enabled, disabled, manual; a unit that nothing wants is wanted from then on" {
  unit plain <<'U'
[Service]
ExecStart=sleep infinity
[Install]
WantedBy=multi-user.target
U
  act mail2 service.set_startup 'name: plain, startup: enabled'
  is "$(outcome 1)" changed
  is "$(on mail2 systemctl is-enabled plain)" enabled
  act mail2 service.set_startup 'name: plain, startup: enabled'
  is "$(outcome 1)" ok
  act mail2 service.set_startup 'name: plain, startup: manual'
  is "$(outcome 1)" changed
  is "$(on mail2 systemctl is-enabled plain || true)" disabled
  act mail2 service.set_startup 'name: plain, startup: disabled'
  is "$(outcome 1)" ok
  is "$(shown plain ActiveState)" inactive

  unit bare <<'U'
[Service]
ExecStart=sleep infinity
U
  act mail2 service.set_startup 'name: bare, startup: enabled'
  is "$status" 0
  is "$(outcome 1)" changed
  is "$(shown bare WantedBy)" multi-user.target
  act mail2 service.set_startup 'name: bare, startup: enabled'
  is "$(outcome 1)" ok
  act mail2 service.set_startup 'name: bare, startup: disabled'
  is "$(outcome 1)" changed
  is "$(shown bare WantedBy)" ''
}

@test "a unit that is not there, one that is masked, and a name that is none" {
  act mail2 service.start 'name: nope'
  is "$status" 1
  error_says 1 'nope.service not found'
  act mail2 service.stop 'name: nope'
  is "$status" 1
  act mail2 service.facts 'name: nope'
  is "$status" 1
  error_says 1 'is not there'

  unit hidden <<'U'
[Service]
ExecStart=sleep infinity
U
  on mail2 sh -c 'rm /etc/systemd/system/hidden.service && systemctl mask hidden'
  act mail2 service.start 'name: hidden'
  is "$status" 1
  error_says 1 'is masked'
  act mail2 service.set_startup 'name: hidden, startup: enabled'
  is "$status" 1
  error_says 1 "systemctl unmask hidden"
  is "$(on mail2 systemctl is-enabled hidden || true)" masked

  act mail2 service.start 'name: --version'
  is "$status" 2
}

@test "a dependency that fails: the error names it and shows its last words" {
  unit base <<'U'
[Service]
Type=oneshot
ExecStart=sh -c 'echo no licence for the base; exit 1'
U
  unit upper <<'U'
[Unit]
Requires=base.service
After=base.service
[Service]
ExecStart=sleep infinity
U
  act mail2 service.start 'name: upper'
  is "$status" 1
  error_says 1 'dependency'
  says 'no licence for the base'
}

@test "P8 P12: as whom a service logs on: root if its unit does not say, or who it names; and another account from its next start on" {
  unit unsaid <<'U'
[Service]
ExecStart=sleep infinity
U
  unit said <<'U'
[Service]
User=ops
ExecStart=sleep infinity
U
  act mail2 service.account 'name: unsaid'
  is "$(field 1 after.state.account) $(field 1 after.state.user)" 'root root'
  act mail2 service.account 'name: said'
  is "$(field 1 after.state.account)" ops
  act mail2 service.set_account 'name: said, account: ops'
  is "$(outcome 1)" ok
  act mail2 service.set_account 'name: said, account: vmail'
  is "$(outcome 1)" changed
  act mail2 service.start 'name: said'
  is "$(on mail2 ps -o user= -p "$(shown said MainPID)")" vmail
  act mail2 service.set_account 'name: said, account: nobody-there'
  is "$(outcome 1)" failed
  error_says 1 nobody-there
  is "$(shown said User)" vmail
  on mail2 rm -r /etc/systemd/system/said.service.d
}
