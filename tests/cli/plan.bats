#!/usr/bin/env bats
# standin plan: it tells what a run would do, says what cannot be known, and changes nothing.
load support

row() { field "$1" "[r for r in value['rows'] if r['step'] == '$2'][0]$3"; }

digest() { find a b -type f -exec sha256sum {} + | sort -k 2; }

@test "the text: what is, what would be, the exact commands" {
  echo one >a/objects/there
  runbook <<'YAML'
summary: An example
inputs: {who: {type: host, default: a}}
steps:
  - {name: Already so, uses: toy.put, host: "${{ inputs.who }}", with: {name: there, value: one}}
  - {name: Changed, uses: toy.put, host: a, with: {name: there, value: two}}
  - {name: Gone, uses: toy.remove, host: a, with: {name: there}}
  - {name: Bumped, uses: toy.bump, host: a, with: {name: counter}}
  - {name: A task, uses: core.run, host: a, with: {run: [echo, "it's $HOME"]}}
  - {uses: core.prompt, with: {message: "Go on?"}}
  - {name: Left out, uses: toy.remove, host: a, with: {name: x}, if: 1 == 2}
YAML
  code 0 standin plan r.yaml
  same "$(sed 's/sh -e -c .*/sh .../' <<<"$output" | tidy)" "Plan for test/r (drill)
  summary: An example
  inputs: who a

Steps
  =  1  Already so  toy.put on a
  ~  2  Changed  toy.put on a
       value: one -> two
       \$ env 'ROOT=W/a' 'NAME=there' 'VALUE=two' 'STARTING=0' sh ...
  -! 3  Gone  toy.remove on a  IRREVERSIBLE
       object: present -> absent
       (from what earlier steps will have made of it)
       \$ env 'ROOT=W/a' 'NAME=there' sh ...
  *  4  Bumped  toy.bump on a
       \$ env 'ROOT=W/a' 'NAME=counter' sh ...
  >! 5  A task  core.run on a  IRREVERSIBLE
       \$ echo 'it'\\''s \$HOME'
  @  6  core.prompt
  /  7  Left out  toy.remove
       if: 1 == 2

~ will be changed   - will be removed   * will happen in any case   > a task that will run   = already so   @ waits for a person or a condition   / will be skipped   ! cannot be undone
Forecast: ? (no run of it has ended well yet); waiting for people ?.
Plan: 2 to change, 1 to happen in any case, 1 to run, 1 already so, 1 to wait for, 1 to skip. 2 cannot be undone. Nothing was changed."
}

@test "a note: what a plan says of a change, from what is there before; nothing where that is not known, or nothing changes" {
  rm plugins/toy && cp -r "$TREE/tests/torture/plugins/toy" plugins/toy
  sed -i '/^  put:/a\    note: "${{ before == null ? null : \x27readers may see \x27 + before.value }}"' plugins/toy/plugin.yaml
  echo one >a/objects/there
  runbook <<'YAML'
steps:
  - {uses: toy.put, host: a, with: {name: there, value: two}}
  - {uses: toy.put, host: a, with: {name: new, value: two}}
  - {uses: toy.put, host: b, with: {name: new, value: two}}
YAML
  code 0 standin plan r.yaml
  has "$output" "note: readers may see one"
  same "$(grep -c note: <<<"$output")" 1
  code 0 standin plan --offline r.yaml
  same "$(grep -c note: <<<"$output")" 0
  sed -i 's/before.value/result.value/' plugins/toy/plugin.yaml
  code 2 standin plan r.yaml
  has "$output" "it is only there in \`set\`"
}

@test "nothing is changed: not on a host, not on the controller" {
  echo one >a/objects/x
  rm a/observed b/observed # what counts looks; without it a look leaves no trace at all
  runbook <<'YAML'
lock: x
steps:
  - {uses: toy.put, host: a, with: {name: x, value: two}}
  - {uses: toy.bump, host: a, with: {name: c}}
  - {uses: toy.remove, host: b, with: {name: y}}
  - {uses: core.run, host: a, with: {run: [touch, "${{ host.vars.root }}/touched"]}}
  - {uses: core.run, host: a, with: {run: [touch, "${{ host.vars.root }}/touched"], verify: [test, -e, "${{ host.vars.root }}/touched"]}}
  - {uses: core.notify, with: {message: hello, command: [touch, told]}}
YAML
  before=$(digest)
  code 0 standin plan r.yaml
  code 0 standin plan -v r.yaml
  code 0 standin plan -o json r.yaml
  code 0 standin plan --offline r.yaml
  same "$(digest)" "$before"
  [ ! -e state ]
  [ ! -e told ]
}

@test "a later step sees what an earlier planned one will have made" {
  runbook <<'YAML'
steps:
  - {uses: toy.put, host: a, with: {name: x, value: one}}
  - {uses: toy.put, host: a, with: {name: x, value: one}}
  - {uses: toy.remove, host: a, with: {name: x}}
  - {uses: toy.put, host: a, with: {name: x, value: one}}
  - {uses: toy.put, host: b, with: {name: x, value: one}}
YAML
  code 0 standin plan -o json r.yaml
  same "$(field "$output" '[(r["verdict"], r["before_planned"]) for r in value["rows"]]')" \
    "[('change', False), ('ok', True), ('change', True), ('change', True), ('change', False)]"
  same "$(row "$output" 3 '["before"]')" "{'state': {'value': 'one', 'phase': 'ready'}}"
  same "$(row "$output" 4 '["before"]["state"]')" "absent"
}

@test "what a task or a disturbing action may have changed is not known" {
  echo one >a/objects/x
  echo one >b/objects/x
  runbook <<'YAML'
steps:
  - {uses: toy.stir, host: a, with: {name: y}}
  - {uses: toy.put, host: a, with: {name: x, value: one}}
  - {uses: core.run, host: b, with: {run: ["true"]}}
  - {uses: toy.put, host: b, with: {name: x, value: one}}
YAML
  code 0 standin plan -o json r.yaml
  same "$(field "$output" '[r["verdict"] for r in value["rows"]]')" "['change', 'maybe', 'run', 'maybe']"
  same "$(row "$output" 2 '["before"]["state"]["value"].keys()')" "dict_keys(['?'])"
  same "$(row "$output" 4 '["why"]')" "an earlier step may change it"
}

@test "a task that says what it touches leaves the rest known" {
  echo one >a/objects/x
  runbook <<'YAML'
steps:
  - {uses: core.run, host: a, with: {run: ["true"], touches: ["toy/a/other"]}}
  - {uses: toy.put, host: a, with: {name: x, value: one}}
YAML
  code 0 standin plan -o json r.yaml
  same "$(field "$output" '[r["verdict"] for r in value["rows"]]')" "['run', 'ok']"
}

@test "under an unknown if: maybe; an unknown list: one row that stands for all" {
  echo one >a/objects/y
  runbook <<'YAML'
steps:
  - {id: task, uses: core.run, host: b, with: {run: [echo, hello]}}
  - {name: Perhaps, uses: toy.put, host: a, with: {name: x, value: one}, if: 'steps.task.outputs.stdout == "hello"'}
  - {name: "Each ${{ item }}", uses: toy.put, host: a, with: {name: "${{ item }}", value: one}, foreach: "${{ steps.task.outputs.list }}"}
  - {uses: toy.put, host: a, with: {name: x, value: one}}
  - {uses: toy.remove, host: a, with: {name: z}, if: 'false && steps.task.outputs.stdout == "hello"'}
YAML
  code 0 standin plan -o json r.yaml
  same "$(field "$output" '[(r["step"], r["verdict"]) for r in value["rows"]]')" \
    "[('1', 'run'), ('2', 'maybe'), ('3[?]', 'maybe'), ('4', 'maybe'), ('5', 'skip')]"
  same "$(row "$output" '3[?]' '["name"]')" "Each ?"
  code 0 standin plan r.yaml
  has "$output" "Each ?"
}

@test "what stands behind an unknown list may be any object of its kind" {
  echo one >a/objects/y
  runbook <<'YAML'
steps:
  - {id: task, uses: core.run, host: b, with: {run: [echo, hello]}}
  - {uses: toy.put, host: a, with: {name: "${{ item }}", value: two}, foreach: "${{ [steps.task.outputs.stdout] }}"}
  - {uses: toy.put, host: a, with: {name: y, value: one}}
YAML
  code 0 standin plan -o json r.yaml
  same "$(row "$output" 3 '["verdict"]')" "maybe"
}

@test "offline: nothing is observed, and nothing is guessed" {
  echo one >a/objects/x
  runbook <<'YAML'
steps:
  - {uses: toy.put, host: a, with: {name: x, value: one}}
  - {uses: toy.put, host: a, with: {name: x, value: one}}
  - {uses: toy.look, host: a, with: {name: x}}
YAML
  code 0 standin plan --offline -o json r.yaml
  same "$(field "$output" '[r["verdict"] for r in value["rows"]]')" "['unknown', 'ok', 'probe']"
  same "$(row "$output" 1 '["before"]["state"]')" "unobservable"
  [ ! -s a/observed ]
}

@test "an object that cannot be observed is unknown, not absent" {
  : >a/blind/x
  runbook <<<'steps: [{uses: toy.remove, host: a, with: {name: x}}]'
  code 0 standin plan -o json r.yaml
  same "$(row "$output" 1 '["verdict"]')" "unknown"
  has "$(row "$output" 1 '["why"]')" "x is hidden"
}

@test "a preflight that would fail now is exit code 1" {
  runbook <<'YAML'
preflight: [{uses: toy.look, host: a, with: {name: x}, expect: 'result.value == "one"'}]
steps: [{uses: core.log, with: {message: hello}}]
YAML
  echo two >a/objects/x
  code 1 standin plan r.yaml
  has "$output" 'expected result.value == "one"'
  echo one >a/objects/x
  code 0 standin plan r.yaml
}

@test "what a rescue would do is shown as contingent, and laid over nothing" {
  runbook <<'YAML'
steps:
  - group: Try
    steps: [{uses: toy.put, host: a, with: {name: x, value: one}}]
    rescue: [{uses: toy.put, host: a, with: {name: y, value: one}}]
  - {uses: toy.put, host: a, with: {name: y, value: one}}
YAML
  code 0 standin plan -o json r.yaml
  same "$(row "$output" 1.rescue.1 '["contingent"]')" "True"
  same "$(row "$output" 2 '["verdict"], value["rows"][-1]["before_planned"]')" "('change', False)"
}

@test "an if that fails now is exit code 1; where it may not be reached, it is only unknown" {
  runbook <<'YAML'
steps: [{uses: core.log, if: "[1][int('3')] == 1", with: {message: hello}}]
YAML
  code 1 standin plan r.yaml
  has "$output" "index out of range: 3, in a list of 1"
  runbook <<'YAML'
steps:
  - group: Try
    steps: [{uses: toy.put, host: a, with: {name: x, value: one}}]
    rescue: [{uses: core.log, if: "[1][int('3')] == 1", with: {message: hello}}]
YAML
  code 0 standin plan -o json r.yaml
  same "$(row "$output" 1.rescue.1 '["verdict"]')" "unknown"
}
