#!/usr/bin/env bats
# What an engine had begun and still runs after it was killed: looked for where it was begun, waited for or ended, whatever the step says by now and whatever
# has become of its neighbours. Hosts here are doors: a command prefix that notes what it is asked to run.
load support

doors() { # HOST... : light hosts behind a door each; W/door-HOST holds what was run there
  cat >door <<'SH'
#!/bin/sh
printf '%s\n' "$*" | tr '\n' ' ' >>"${0%/*}/door-$1"
shift
exec "$@"
SH
  chmod +x door
  {
    printf 'standin: "1"\nhosts:\n'
    printf "  %s: {connection: command, command: [$W/door, %s], vars: {root: $W/a}}\n" $(for host; do echo "$host $host"; done)
  } >inventory.yaml
}

lasts() { # what a task runs that ends when there is a file `go`, and says so in apply.log
  echo "[sh, -c, 'echo \$\$ >$W/begun; until [ -e $W/go ]; do sleep 0.02; done; echo lasted >>$W/a/apply.log']"
}

killed_while_it_lasts() { # its engine is dead, its apply runs
  begin run r.yaml --yes
  there begun || { cat out err; return 1; }
  kill -KILL "$pid"
  ended
  : | tee door-* >/dev/null
}

looks_or() { # until the engine looks for a scope behind one of the doors, or COMMAND holds
  local i
  for ((i = 0; i < 3000; i++)); do
    if grep -qs STANDIN_SCOPE= door-* || "$@"; then return 0; fi
    sleep 0.01
  done
  return 1
}
journaled() { journal | grep -q -e "$1"; }

@test "the step was sent elsewhere since: its apply is waited for where it runs" {
  doors a b
  runbook <<<"steps: [{uses: core.run, host: a, with: {run: $(lasts), verify: [grep, -q, lasted, $W/a/apply.log]}}]"
  killed_while_it_lasts
  sed -i 's/host: a/host: b/' r.yaml
  begin resume --amend r.yaml
  looks_or journaled '"reason":'
  has "$(cat door-a)" "STANDIN_SCOPE="
  touch go
  ended
  [ "$status" -eq 0 ]
  same "$(applied)" lasted
  has "$(journal)" "found done after an interruption"
}

@test "an apply that the manifest delegates is looked for on the host that it names" {
  doors a b
  mkdir plugins/far
  cat >plugins/far/plugin.yaml <<YAML
plugin: far
summary: An object that is changed from another host
actions:
  put:
    summary: A line
    kind: state
    effect: reversible
    outputs: {there: {type: string}}
    object: far/\${{ host.id }}
    desired: {there: "yes"}
    linux:
      observe: {script: "grep -q lasted $W/a/apply.log && echo there=yes || echo there=no", pairs: true}
      apply: {via: b, run: $(lasts)}
YAML
  runbook <<<"steps: [{uses: far.put, host: a}]"
  killed_while_it_lasts
  begin resume
  looks_or journaled '"kind":"step_finished"'
  has "$(cat door-b)" "STANDIN_SCOPE="
  touch go
  ended
  [ "$status" -eq 0 ]
  same "$(applied)" lasted
}

@test "what a process plugin runs on a host is looked for there, not where the plugin is" {
  doors a b
  cp -r "$TREE/plugins/example" plugins/example
  sed -i "s|^def write(call, lines):|&\n    call.run($(lasts | sed "s/sh, -c, '\(.*\)'/\"sh\", \"-c\", \"\1\"/"), host=\"a\")|" plugins/example/example.py
  runbook <<<"steps: [{uses: example.set, host: a, via: b, with: {path: $W/a/mail.ini, section: mail, key: port, value: '993'}}]"
  killed_while_it_lasts
  has "$(journal)" '"kind":"scope"'
  begin resume
  looks_or journaled '"kind":"step_finished"'
  has "$(cat door-a)" "STANDIN_SCOPE="
  touch go
  ended
  [ "$status" -eq 0 ]
  same "$(applied)" $'lasted\nlasted' # the file itself was not written yet
}

@test "in a parallel group: a neighbour has failed, and what still runs is waited for before the rescue" {
  doors a
  runbook <<YAML
steps:
  - group: At once
    host: a
    parallel: true
    max_concurrent: 2
    steps:
      - {uses: core.run, with: {run: ["true"]}}
      - {uses: core.run, with: {run: [sh, -c, "until [ -e $W/begun ]; do sleep 0.02; done; exit 1"]}}
      - {uses: core.run, with: {run: $(lasts), verify: [grep, -q, lasted, $W/a/apply.log]}}
      - {uses: core.run, with: {run: [sh, -c, "echo late >>$W/a/apply.log"]}}
    rescue:
      - {uses: core.run, with: {run: [sh, -c, "echo rescue >>$W/a/apply.log; exit 1"]}}
YAML
  begin run r.yaml --yes
  await '"step":"1.2".*"outcome":"failed"'
  kill -KILL "$pid"
  ended
  : | tee door-* >/dev/null
  begin resume
  looks_or journaled '"kind":"step_started","step":"1.rescue.1"'
  has_not "$(journal)" '"kind":"step_started","step":"1.rescue.1"'
  touch go
  ended
  [ "$status" -eq 1 ]
  same "$(applied)" $'lasted\nrescue'
  has_not "$(journal)" '"kind":"step_started","step":"1.4"'
}

@test "a run that is given up: what still runs of it is ended, and then what stands in finally is done" {
  doors a
  runbook <<YAML
steps: [{uses: core.run, host: a, with: {run: $(lasts)}}]
finally: [{uses: core.run, host: a, with: {run: [sh, -c, "grep -qs . /proc/\$(cat $W/begun)/cmdline || echo alone >>$W/a/apply.log"]}}]
YAML
  killed_while_it_lasts
  code 0 standin abandon "$(basename "$(echo state/runs/*)")" --reason "it takes too long"
  gone "$(cat begun)"
  same "$(applied)" alone
}
