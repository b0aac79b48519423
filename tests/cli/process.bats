#!/usr/bin/env bats
# Process plugins from the command line: plugins/example, copied so that a test can change its program.
load support

prepare() {
  cp -r "$TREE/plugins/example" plugins/example
  mkdir tmp
  export TMPDIR=$W/tmp # where private folders are made
  runbook <<'YAML'
steps:
  - {uses: example.set, host: a, with: {path: "${{ hosts.a.vars.root }}/mail.ini", section: mail, key: port, value: "993"}}
  - {uses: example.remove, host: a, with: {path: "${{ hosts.a.vars.root }}/mail.ini", section: mail, key: old}}
YAML
  printf '[mail]\nold = 1\n' >a/mail.ini
}

@test "validate and actions start no process" {
  prepare
  echo 'raise SystemExit("started")' >plugins/example/example.py
  code 0 standin validate r.yaml
  code 0 standin actions example.set
  has "$output" "platforms: process"
}

@test "a plan observes through the process and tells its commands" {
  prepare
  code 0 standin plan r.yaml
  has "$output" 'value: absent -> "993"'
  has "$output" "tee -- $W/a/mail.ini  # stdin: ?"
  same "$(cat a/mail.ini)" $'[mail]\nold = 1'
}

@test "an offline plan asks no host" {
  prepare
  rm a/mail.ini
  code 0 standin plan r.yaml --offline
  has "$output" 'value: ? -> "993"'
}

@test "a run changes what the plan said, twice changes nothing" {
  prepare
  code 0 standin run r.yaml --yes
  same "$(cat a/mail.ini)" $'[mail]\nport = 993'
  has "$(journal)" "a: write $W/a/mail.ini: 18 bytes, mode 0644"
  code 0 standin run r.yaml --yes
  has "$(tidy <<<"$output")" "2 ok"
  same "$(ls tmp)" ""
}

@test "a saved plan is refused when the program has changed, and when a file of it has" {
  prepare
  standin plan r.yaml -o json >plan.json
  echo '# changed' >>plugins/example/standin.py
  code 6 standin run r.yaml --plan plan.json
  has "$output" "the plugin example"
  same "$(cat a/mail.ini)" $'[mail]\nold = 1'
}

@test "a program that is replaced while the run goes on is not started" {
  prepare
  STANDIN_FAULT=journal.after:1:stop begin run r.yaml --yes
  stopped
  echo '# changed' >>plugins/example/example.py
  kill -CONT "$pid"
  ended
  [ "$status" -eq 1 ]
  has "$output" "is not the one that the run began with"
  same "$(cat a/mail.ini)" $'[mail]\nold = 1'
}

@test "a run is not resumed with another program" {
  prepare
  STANDIN_FAULT=apply.before:2:kill begin run r.yaml --yes
  ended
  echo '# changed' >>plugins/example/example.py
  code 6 standin resume
  has "$output" "is not the one that the run began with"
  sed -i '$d' plugins/example/example.py
  code 0 standin resume
  same "$(cat a/mail.ini)" $'[mail]\nport = 993'
}

@test "a process does not outlive its engine" {
  prepare
  sed -i 's/^def write(call, lines):/def write(call, lines):\n    import time; call.log("here"); time.sleep(3600)/' plugins/example/example.py
  begin run r.yaml --yes
  await '"kind":"intent"'
  for _ in {1..1000}; do
    child=$(ps -o pid= --ppid "$pid" | tr -d ' ')
    [ -z "$child" ] || break
    sleep 0.05
  done
  [ -n "$child" ]
  kill -KILL "$pid"
  for _ in {1..1000}; do
    gone "$child" >/dev/null && break
    sleep 0.05
  done
  gone "$child"
}

@test "a plugin that dies in an apply leaves an outcome that is observed" {
  prepare
  sed -i 's/^    return standin.done()/    import os; os.kill(os.getpid(), 9)/' plugins/example/example.py
  code 0 standin run r.yaml --yes
  same "$(cat a/mail.ini)" $'[mail]\nport = 993'
  has "$(journal)" "the plugin example was ended: it died of the signal KILL"
}
