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

# Of each kind a few, and more than one process takes at once.
many_runbooks() {
  local i
  mkdir many
  for i in $(seq -w 0 99); do
    case $i in
      *3) echo 'steps: []' | runbook "many/r$i" ;;
      *5) echo 'steps: [{uses: toy.putt, host: a}]' | runbook "many/r$i" ;;
      *7) echo 'steps: [{uses: toy.put, host: a, if: 1 == 1, with: {name: x, value: one}, lint: {ignore: [{rule: lint/no-effect, reason: none}]}}]' | runbook "many/r$i" ;;
      *9) echo 'inputs: {never: {type: string, default: x}}
steps: [{uses: core.log, with: {message: hello}}]' | runbook "many/r$i" ;;
      *) echo 'steps: [{uses: toy.put, host: a, with: {name: x, value: one}}]' | runbook "many/r$i" ;;
    esac
  done
  echo 'hosts: {' >many/r42.yaml
}

# What it says, where it says it, and how it ends.
told() {
  local status=0
  standin validate -i inventory.yaml "$@" >told.out 2>told.err || status=$?
  echo "$status"
  cat told.out told.err
}

@test "one process or several: the same bytes, in every form" {
  many_runbooks
  for form in text json sarif junit github; do
    told --jobs 1 -o $form many many/r05.yaml >one
    told --jobs 4 -o $form many many/r05.yaml >several
    told -o $form many many/r05.yaml >usual
    cmp one several
    cmp one usual
    same "$(head -1 one)" 2
    [ "$(wc -l <one)" -gt 25 ]
  done
  told --jobs 1 --write-baseline one.json many >one
  told --jobs 4 --write-baseline several.json many >several
  cmp one several
  cmp one.json several.json
  told --jobs 1 --strict --baseline one.json many >one
  told --jobs 4 --strict --baseline one.json many >several
  cmp one several
  has_not "$(cat one)" "lint/unused-input"
  told --jobs 4 many/r0[01246].yaml many/r1[01246].yaml many/r2[01246].yaml many/r3[01246].yaml many/r6[01246].yaml \
    many/r7[01246].yaml many/r8[01246].yaml many/r9[01246].yaml >several
  same "$(head -1 several)" 0
}

@test "a process that dies is an error: never a silent 'valid'" {
  many_runbooks
  rm many/r42.yaml many/*[3579].yaml
  code 0 standin validate -i inventory.yaml --jobs 2 many
  STANDIN_FAULT=worker:2:kill code 8 standin validate -i inventory.yaml --jobs 2 many
  has "$output" "the process that looked at it was ended by signal 9 (Killed)"
  has "$output" "hint: nothing is known of it"
  has_not "$output" "many/r98.yaml: valid"
  STANDIN_FAULT=worker:2:kill code 8 standin validate -i inventory.yaml --jobs 2 -o sarif --write-baseline base.json many
  has_not "$output" results
  [ ! -e base.json ]
  code 2 standin validate --jobs 0 many
  has "$output" "--jobs takes a number from 1 on, not '0'"
}

# A set of 120, one of which starts its services the other way round.
@test "orders of services are compared in sets of any size" {
  local i order
  mkdir many
  ln -s "$TREE/plugins/service" plugins/service
  for i in $(seq -w 0 119); do
    order='[{uses: service.start, host: a, with: {name: one}}, {uses: service.start, host: a, with: {name: two}}]'
    [ "$i" = 077 ] && order='[{uses: service.start, host: a, with: {name: two}}, {uses: service.start, host: a, with: {name: one}}]'
    printf 'standin: "1"\nrunbook: large/r%s\nkind: drill\nsteps: %s\n' "$i" "$order" >"many/r$i.yaml"
  done
  told --jobs 1 many >one
  told --jobs 4 many >several
  cmp one several
  same "$(grep -c service-order one)" 120
  has "$(cat one)" "many/r076.yaml:4:67: warning: 'one' is started before 'two' here, in large/r077 after it [lint/service-order]"
  has "$(cat one)" "many/r077.yaml:4:67: warning: 'two' is started before 'one' here, in large/r000 after it [lint/service-order]"
  rm many/r077.yaml
  told many >several
  same "$(grep -c service-order several)" 0
  told many/r000.yaml many/r001.yaml >several
  same "$(grep -c service-order several)" 0
}

@test "of a folder nothing is passed over: documents in braces, folders that cannot be read" {
  mkdir many
  echo '{"standin": "1", "runbook": "braces/a", "kind": "drill", "steps": [}' >many/a.yaml
  printf '"standin": "1"\n"runbook": "braces/b"\n"kind": "drill"\n"steps": [{uses: toy.nothing}]\n' >many/b.yaml
  echo '{other: file}' >many/c.yaml
  code 2 standin validate many
  has "$output" "many/a.yaml:1:68: error: "
  has "$output" "many/b.yaml:4:18: error: there is no action 'toy.nothing'"
  has_not "$output" c.yaml
  rm many/*.yaml
  mkdir many/shut
  echo '{"standin": "1"}' >many/shut/a.yaml
  chmod -R a+rX .
  chmod 000 many/shut
  code 2 setpriv --reuid nobody --regid nogroup --clear-groups env HOME=/nonexistent "$STANDIN" validate many # root could read it
  has "$output" "cannot open many/shut: Permission denied"
}

@test "a full disk is no success: what was written of a report is not whole" {
  runbook <<<'steps: [{uses: toy.put, host: a, with: {name: x, value: one}}]'
  local form
  for form in text junit sarif; do
    run bash -c "\"$STANDIN\" validate -o $form r.yaml >/dev/full"
    same "$status $output" "8 standin: the output could not be written whole: is its disk full?"
  done
  run bash -c "\"$STANDIN\" validate -o sarif r.yaml | head -c 1; exit \${PIPESTATUS[0]}"
  same "$status $output" "0 {"
}
