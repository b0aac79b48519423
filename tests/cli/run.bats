#!/usr/bin/env bats
# standin run: what is told, what is done, what is asked before; and that a second run does nothing.
load support

three_steps() {
  runbook <<'YAML'
inputs:
  value: {type: string, default: one}
  names: {type: list, items: string, default: [x, y]}
  wait: {type: duration, default: 1ms}
  often: {type: integer, default: 1}
  who: {type: host, default: a}
  careful: {type: boolean, default: true}
steps:
  - {name: "Put ${{ item }}", uses: toy.put, host: "${{ inputs.who }}", foreach: "${{ inputs.names }}", with: {name: "${{ item }}", value: "${{ inputs.value }}"}}
  - {id: bump, uses: toy.bump, host: "${{ inputs.who }}", with: {name: counter}, if: inputs.often > 0 && inputs.careful && inputs.wait < duration("1m")}
  - {uses: core.log, with: {message: "counted to ${{ steps.bump.outputs.count }}"}, if: inputs.careful}
YAML
}

@test "on a pipe: a line for what happens, no escapes" {
  three_steps
  code 0 standin run r.yaml --yes
  same "$(tidy <<<"$output")" "TIME run       test/r  RUN  by WHO
TIME apply     1[0]  a       Put x
TIME changed   1[0]  a       Put x (T)
TIME apply     1[1]  a       Put y
TIME changed   1[1]  a       Put y (T)
TIME apply     2     a       toy.bump counter
TIME changed   2     a       toy.bump counter (T)
TIME note      3             counted to 1
TIME ok        3             core.log (T)
TIME end       changed after T: 3 changed, 1 ok"
  has_not "$output" $'\e'
}

@test "as JSON: the records of the journal, one a line" {
  three_steps
  code 0 standin run r.yaml --yes -o json
  same "$output" "$(journal)"
  same "$(field "$(head -1 <<<"$output")" 'value["kind"], value["runbook"], value["inputs"]["value"]')" "('run_opened', 'test/r', 'one')"
  same "$(field "$(tail -1 <<<"$output")" 'value["kind"], value["outcome"], value["counts"]["changed"]')" "('run_finished', 'changed', 3)"
}

@test "without a terminal nothing is begun unasked" {
  three_steps
  code 2 standin run r.yaml
  has "$output" "nobody can be asked whether to go on"
  has "$output" "--yes or --plan FILE"
  [ ! -s a/apply.log ]
  [ ! -e state/index.jsonl ]
}

@test "a second run applies nothing but the event" {
  three_steps
  code 0 standin run r.yaml --yes
  same "$(applied)" $'put x one\nput y one\nbump counter'
  code 0 standin run r.yaml --yes
  same "$(applied)" $'put x one\nput y one\nbump counter\nbump counter'
  has "$(tidy <<<"$output")" "TIME ok        1[0]  a       Put x"
  code 0 standin run r.yaml --yes --input often=0 --input careful=false
  same "$(applied | wc -l)" "4"
  has "$output" "2 ok, 2 skipped"
}

@test "inputs are converted by their type, or refused with what they must be" {
  three_steps
  code 0 standin run r.yaml --yes --input value=two --input names=p,q --input wait=30s --input often=3 --input who=b --input careful=true
  same "$(applied b)" $'put p two\nput q two\nbump counter'
  same "$(applied a)" ""
  code 2 standin run r.yaml --yes --input often=many --input wait=soon --input who=c --input careful=perhaps --input nonsense=1
  has "$output" "input 'often' must be an integer"
  has "$output" "input 'wait' must be a duration"
  has "$output" "the inventory has no host 'c'"
  has "$output" "input 'careful' must be true or false"
  has "$output" "nonsense"
  code 2 standin run r.yaml --yes --input value
  has "$output" "wants NAME=VALUE"
}

@test "--from leaves out what stands before, and nothing behind" {
  runbook <<'YAML'
steps:
  - {uses: toy.put, host: a, with: {name: one, value: v}}
  - group: G
    host: a
    steps:
      - {uses: toy.put, with: {name: two, value: v}}
      - {id: here, uses: toy.put, with: {name: three, value: v}}
  - {uses: toy.put, host: a, with: {name: four, value: v}}
finally:
  - {uses: toy.put, host: a, with: {name: end, value: v}}
YAML
  code 0 standin run r.yaml --yes --from here
  same "$(applied)" $'put three v\nput four v\nput end v'
  has "$(tidy <<<"$output")" "skipped   1"
  code 2 standin run r.yaml --yes --from nowhere
  has "$output" "--from: there is no step 'nowhere'"
  code 2 standin run r.yaml --yes --from finally.1
  has "$output" "none of the \`steps\`"
}

@test "finally runs even if --from was never come to" {
  runbook <<'YAML'
steps:
  - {uses: core.assert, with: {that: ["${{ 1 == 2 }}"]}}
  - group: Left out
    if: 1 == 2
    steps: [{id: here, uses: toy.put, host: a, with: {name: x, value: v}}]
finally: [{uses: toy.put, host: a, with: {name: end, value: "${{ run.outcome }}"}}]
YAML
  code 0 standin run r.yaml --yes --from here
  same "$(applied)" "put end ok"
}

@test "a failed step ends the run with exit code 1, after finally; what failed is told with the last words" {
  : >a/fail/x.stuck
  runbook <<'YAML'
steps:
  - {name: Put x, uses: toy.put, host: a, with: {name: x, value: one}, timeout: 1s, hint: Ask somebody.}
  - {uses: toy.put, host: a, with: {name: y, value: one}}
finally:
  - {uses: toy.put, host: a, with: {name: end, value: "${{ run.outcome }}"}}
YAML
  code 1 standin run r.yaml --yes
  same "$(applied)" "put end failed"
  has "$output" "time is up: wished"
  has "$output" "the last words of x"
  has "$output" "Ask somebody."
  code 0 standin show -o json
  same "$(field "$output" 'value["outcome"]')" "failed"
}

@test "a preflight that fails ends the run before anything is changed, without finally" {
  runbook <<'YAML'
preflight: [{uses: toy.look, host: a, with: {name: x}, expect: 'result.value == "one"', hint: Make one first.}]
steps: [{uses: toy.put, host: a, with: {name: y, value: one}}]
finally: [{uses: toy.put, host: a, with: {name: end, value: one}}]
YAML
  echo two >a/objects/x
  code 1 standin run r.yaml --yes
  has "$output" 'expected result.value == "one"; observed {"value":"two"'
  has "$output" "Make one first."
  same "$(applied)" ""
}

@test "an object that is hidden is not thought absent: nothing is applied" {
  : >a/blind/x
  runbook <<<'steps: [{uses: toy.remove, host: a, with: {name: x}}]'
  code 1 standin run r.yaml --yes
  has "$output" "cannot be observed"
  has "$output" "nothing was applied in this step"
  same "$(applied)" ""
}

@test "a state that passes by itself is waited through" {
  runbook <<<'steps: [{uses: toy.put, host: a, with: {name: x, value: one, starting: 5}}]'
  code 0 standin run r.yaml --yes
  same "$(applied)" "put x one"
  same "$(field "$(journal | grep step_finished)" 'value["after"]["state"]["phase"]')" "ready"
}

@test "a secret reaches the host on stdin, and no file or output of the engine" {
  runbook <<'YAML'
steps:
  - {uses: core.run, host: a, with: {run: [sh, -c, "cat >$0/secret; cat $0/secret", "${{ host.vars.root }}"], stdin: "${{ secrets.word }}"}}
YAML
  code 0 standin run r.yaml --yes -v
  same "$(cat a/secret)" "hunter2-and-more"
  has_not "$output" hunter2
  run grep -r hunter2 state
  [ "$status" -eq 1 ]
}

@test "a script that failed is shown by its first line; the whole of it with -v" {
  runbook <<'YAML'
steps:
  - uses: core.script
    host: a
    with:
      script: |
        one=1
        two=2
        three=3
        echo "$one$two$three" >&2
        exit 4
YAML
  code 1 standin run r.yaml --yes
  has "$output" ".. 5 more lines (-v)  (exit 4)"
  has "$output" "| 123"
  has_not "$output" "three=3"
  code 0 standin show
  has_not "$output" "three=3"
  code 0 standin show -v
  has "$output" "three=3"
}

@test "an expectation that does not hold: of a long output its first and last lines are told; the record has all" {
  runbook <<'YAML'
steps:
  - {uses: core.run, host: a, with: {run: [seq, "1", "5000"]}, expect: result.stdout == "x"}
YAML
  code 1 standin run r.yaml --yes
  message=$(journal | python3 -c 'import json, sys
print([m for m in (str((json.loads(l).get("error") or {}).get("message")) for l in sys.stdin) if "observed" in m][-1])')
  has "$message" 'expected result.stdout == "x"; observed {'
  has "$(journal)" "\\n2500\\n"
  has "$message" '"stdout":"1\n2\n3\n'
  has "$message" ' lines left out)\n49'
  has "$message" '4999\n5000'
  [ "${#message}" -lt 700 ]
  has "$output" " lines left out)"
  runbook <<'YAML'
steps:
  - {uses: core.run, host: a, with: {run: [sh, -c, "printf ä%.0s $(seq 1 900 | tr '\\n' ' ')"]}, expect: result.stdout == "x"}
YAML
  code 1 standin run r.yaml --yes
  has "$output" "ää(1400 bytes left out)ää"
}
