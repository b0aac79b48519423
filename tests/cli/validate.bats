#!/usr/bin/env bats
# standin validate: exit codes and forms. The exact texts, runbook by runbook, are in tests/cases/validate.
load support

@test "a good runbook is valid, and no host is touched" {
  runbook <<<'steps: [{uses: toy.put, host: a, with: {name: x, value: one}}]'
  code 0 standin validate r.yaml
  same "$output" "r.yaml: valid"
  [ ! -s a/observed ]
  [ ! -e state ]
}

@test "all problems at once, with place, line and the nearest word" {
  runbook <<'YAML'
steps:
  - {uses: toy.putt, host: a, with: {name: x}}
  - {uses: toy.put, host: a, with: {name: x, value: one}, if: inptus.x == 1}
  - {uses: toy.put, host: c, with: {name: X!, valeu: one}}
YAML
  code 2 standin validate r.yaml
  has "$output" "r.yaml:5:12: error: there is no action 'toy.putt' [check/unknown-action]
 5 |   - {uses: toy.putt, host: a, with: {name: x}}
   |            ^^^^^^^^
   = hint: did you mean 'toy.put'?"
  has "$output" "r.yaml:6:63: error: "
  has "$output" "inptus"
  has "$output" "r.yaml:7:27: error: the inventory has no host 'c'"
  has "$output" "unknown key 'valeu'"
  has "$output" "did you mean 'value'?"
}

@test "several runbooks: the bad one is told, the good ones too" {
  runbook good <<<'steps: [{uses: core.log, with: {message: hello}}]'
  runbook bad <<<'steps: []'
  code 2 standin validate good.yaml bad.yaml
  has "$output" "good.yaml: valid"
  has "$output" "bad.yaml:"
}

@test "as JSON: one entry a file, with place, rule and hint" {
  runbook <<<'steps: [{uses: toy.putt, host: a}]'
  code 2 standin validate -o json r.yaml
  same "$(field "$output" 'value[0]["valid"], value[0]["path"]')" "(False, 'r.yaml')"
  same "$(field "$output" '[value[0]["diagnostics"][0][k] for k in ("file", "line", "column", "rule", "hint")]')" \
    "['r.yaml', 4, 16, 'check/unknown-action', \"did you mean 'toy.put'?\"]"
}

@test "a preflight only observes; until is for what has a result" {
  runbook <<'YAML'
preflight:
  - {uses: toy.put, host: a, with: {name: x, value: one}}
steps:
  - {uses: toy.put, host: a, with: {name: x, value: one}, until: result.value == "one"}
  - {uses: core.wait, with: {duration: 1s}, until: result.value == "one"}
YAML
  code 2 standin validate r.yaml
  has "$output" "toy.put changes things; a preflight only observes"
  has "$output" "\`until\` is for probes and tasks; toy.put waits"
  has "$output" "\`until\` is for probes and tasks; core.wait gives"
}

@test "wrong usage is told with the nearest option; a missing file too" {
  code 2 standin validate
  has "$output" "something is missing"
  code 2 standin validate --inventry x r.yaml
  has "$output" "did you mean --inventory?"
  code 2 standin vaildate r.yaml
  has "$output" "did you mean 'validate'?"
  code 2 standin validate none.yaml
  has "$output" "none.yaml"
}
