#!/usr/bin/env bats
# Runbooks that call others, and those that rest on an earlier run: names, locks, preflights, outputs, evidence.
load support

@test "a callee has its own names, its inputs by with, its outputs as declared" {
  runbook inner <<'YAML'
inputs: {word: {type: string}, on: {type: host}, more: {type: string, default: d}}
steps:
  - {id: put, uses: toy.put, host: "${{ inputs.on }}", with: {name: x, value: "${{ inputs.word + inputs.more }}"}}
outputs: {said: "${{ steps.put.after.value }}"}
YAML
  runbook <<'YAML'
inputs: {word: {type: string, default: outer}}
steps:
  - {id: put, uses: core.set, with: {values: {n: 1}}}
  - {id: inner, call: inner.yaml, with: {word: "${{ inputs.word }}", on: a}}
  - uses: core.assert
    with: {that: '${{ steps.inner.outputs == {"said": "outerd"} && steps.put.outputs.n == 1 }}'}
YAML
  code 0 standin run r.yaml --yes
  same "$(applied)" "put x outerd"
  # what is not declared there is not seen, and nothing of the caller is seen inside
  runbook <<<'steps: [{id: inner, call: inner.yaml, with: {word: w, on: a, wrod: x}}, {uses: core.log, with: {message: "${{ steps.inner.outputs.word }}"}}]'
  code 2 standin validate r.yaml
  has "$output" "test/inner has no input 'wrod'"
  has "$output" "did you mean 'word'?"
  runbook inner <<<'steps: [{uses: core.log, with: {message: "${{ steps.put.outputs.n }}"}}]'
  runbook <<<'steps: [{id: put, uses: core.set, with: {values: {n: 1}}}, {call: inner.yaml}]'
  code 2 standin validate r.yaml
  has "$output" "inner.yaml:4:53: error: no step has the id 'put'"
  # the host of the caller is not inherited
  runbook inner <<<'steps: [{uses: toy.put, with: {name: x, value: v}}]'
  runbook <<<'steps: [{call: inner.yaml, host: a}]'
  code 2 standin validate r.yaml
  has "$output" "toy.put is about a host, and this step has none"
}

@test "all locks and preflights are taken at the start, those of what is called too" {
  runbook inner <<'YAML'
lock: [inner, both]
preflight:
  - {uses: toy.look, host: a, with: {name: needed}, expect: result.value == "here"}
steps: [{uses: toy.put, host: a, with: {name: y, value: v}}]
YAML
  runbook <<'YAML'
lock: [outer, both]
steps:
  - {uses: toy.put, host: a, with: {name: x, value: v}}
  - {id: ask, uses: core.prompt, with: {message: Well?}}
  - {call: inner.yaml}
YAML
  code 1 standin run r.yaml --yes
  same "$(applied)" "" # a preflight further down has failed before anything was changed
  has "$(journal)" '"locks":["both","inner","outer"]'
  rm -rf state
  printf 'here\n' >a/objects/needed
  begin run r.yaml --yes
  await '"kind":"waiting"'
  code 4 standin run inner.yaml --yes
  has "$output" "lock 'both' is held by"
  standin answer continue
  ended
  [ "$status" -eq 0 ]
  same "$(applied)" $'put x v\nput y v'
}

prepare_and_failback() {
  runbook prepare <<'YAML'
steps:
  - {id: account, uses: toy.put, host: a, with: {name: account, value: s-1-5}}
outputs: {sid: "${{ steps.account.after.value }}", age: "${{ duration('90s') }}"}
YAML
  runbook <<'YAML'
evidence: {prepare: {runbook: test/prepare}}
steps:
  - {id: ask, uses: core.prompt, with: {message: Well?}}
  - uses: toy.put
    host: a
    with: {name: y, value: "${{ evidence.prepare.outputs.sid + ' ' + evidence.prepare.steps.account.before + string(evidence.prepare.outputs.age + duration('10s')) }}"}
YAML
}

@test "evidence: what an earlier run gave, with its types, also after a kill" {
  prepare_and_failback
  code 2 standin run r.yaml --yes
  has "$output" "test/prepare"
  code 0 standin run prepare.yaml --yes
  begin run r.yaml --yes
  await '"kind":"waiting"'
  kill -KILL "$pid"
  ended
  code 0 standin resume --answer ask=continue
  same "$(applied | tail -1)" "put y s-1-5 absent100s"
}

@test "evidence: the newest that ended well; one that was changed since is refused; optional is null" {
  prepare_and_failback
  code 0 standin run prepare.yaml --yes
  good=$(basename "$(echo state/runs/*)")
  sed -i 's/s-1-5/s-1-6/' prepare.yaml
  printf xxxxxx >a/fail/account
  code 1 standin run prepare.yaml --yes # failed: it does not count
  code 0 standin run r.yaml --yes --answer ask=continue
  same "$(applied | tail -1)" "put y s-1-5 absent100s"
  sed -i 's/s-1-5/s-1-7/' "state/runs/$good/journal.jsonl"
  code 2 standin run r.yaml --yes --answer ask=continue
  has "$output" "there is no verified run of test/prepare that ended well"
  rm -rf state
  runbook <<'YAML'
evidence: {prepare: {runbook: test/prepare, optional: true}}
steps: [{uses: core.assert, with: {that: "${{ evidence.prepare == null }}"}}]
YAML
  code 0 standin run r.yaml --yes
  runbook <<<'steps: [{uses: core.log, with: {message: "${{ evidence.prepare.outputs.sid }}"}}]'
  code 2 standin validate r.yaml
  has "$output" "the runbook declares no evidence 'prepare'"
}
