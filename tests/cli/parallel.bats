#!/usr/bin/env bats
# Groups that are parallel: how many at once, what each sees of the others, what a failure means, two that change one object.
load support

# meet N - text of a script: it tells that it has begun, waits until N have begun, tells that it ends. Only N at once can pass.
meet() {
  printf '%s' "echo begin >>\$ROOT/log; until [ \$(grep -c begin \$ROOT/log) -ge $1 ]; do sleep 0.01; done; sleep 0.05; echo end >>\$ROOT/log"
}

# most_at_once - the greatest number of those that had begun and not ended, as a/log tells it.
most_at_once() { awk '{ now += $1 == "begin" ? 1 : -1; if (now > most) most = now } END { print most }' a/log; }

several() { # [KEYS] HOW-MANY MEETING
  runbook <<YAML
steps:
  - group: Many
    host: a
    parallel: true
    $1
    steps:
      - foreach: $(python3 -c 'import sys; print(list(range(int(sys.argv[1]))))' "$2")
        uses: core.script
        with: {script: '$(meet "$3")', env: {ROOT: "\${{ host.vars.root }}"}}
YAML
}

@test "max_concurrent: so many at once, never more" {
  several "max_concurrent: 2" 7 2
  code 0 standin run r.yaml --yes
  same "$(grep -c end a/log) $(most_at_once)" "7 2"
}

@test "max_concurrent 1: one after the other, in order" {
  several "max_concurrent: 1" 3 1
  code 0 standin run r.yaml --yes
  same "$(most_at_once)" 1
}

@test "at most 32 unless said, on one host no more than its connection takes" {
  several "" 20 8
  code 0 standin run r.yaml --yes
  same "$(grep -c end a/log) $(most_at_once)" "20 8"
  { printf 'standin: "1"\nhosts:\n'; for i in {1..40}; do printf '  h%s: {connection: local, vars: {root: %s/a}}\n' "$i" "$W"; done; } >many.yaml
  : >a/log
  runbook <<YAML
steps:
  - group: Many
    parallel: true
    steps:
      - foreach: $(python3 -c 'print(["h%d" % i for i in range(1, 41)])')
        host: \${{ item }}
        uses: core.script
        with: {script: '$(meet 32)', env: {ROOT: "\${{ host.vars.root }}"}}
YAML
  code 0 standin run r.yaml --yes -i many.yaml
  same "$(grep -c end a/log) $(most_at_once)" "40 32"
}

@test "outputs: visible after the group, rounds in their order whichever ended first; a sibling's before that are refused" {
  runbook <<'YAML'
steps:
  - group: Many
    host: a
    parallel: true
    steps:
      - id: rounds
        foreach: [0.2, 0.1, 0]
        uses: core.script
        with: {script: 'sleep "$N"; echo "$N"', env: {N: "${{ string(item) }}"}}
      - {id: other, uses: core.set, with: {values: {n: 7}}}
  - uses: core.assert
    with: {that: '${{ steps.rounds.each.map(e, e.outputs.stdout) == ["0.2", "0.1", "0"] && steps.other.outputs.n == 7 }}'}
YAML
  code 0 standin run r.yaml --yes
  runbook <<'YAML'
steps:
  - group: Many
    parallel: true
    steps:
      - {id: one, uses: core.set, with: {values: {n: 7}}}
      - {uses: core.log, with: {message: "${{ steps.one.outputs.n }}"}}
YAML
  code 2 standin validate r.yaml
  has "$output" "step 'one' is done at the same time"
  has "$output" "its outputs are visible after the parallel group"
}

@test "one that fails lets those that have begun finish, and none begins after it" {
  runbook <<'YAML'
steps:
  - group: Many
    host: a
    parallel: true
    max_concurrent: 2
    steps:
      - {uses: core.script, with: {script: 'until [ -e "$ROOT/began" ]; do sleep 0.01; done; exit 1', env: {ROOT: "${{ host.vars.root }}"}}}
      - {uses: core.script, with: {script: ': >"$ROOT/began"; sleep 0.3; : >"$ROOT/ended"', env: {ROOT: "${{ host.vars.root }}"}}}
      - {uses: toy.put, with: {name: never, value: v}}
  - {uses: toy.put, host: a, with: {name: never2, value: v}}
finally: [{uses: toy.put, host: a, with: {name: end, value: "${{ run.outcome }}"}}]
YAML
  code 1 standin run r.yaml --yes
  [ -e a/ended ]
  same "$(applied)" "put end failed"
}

@test "two that change one object: an error in the plan, refused where it is found late" {
  runbook <<'YAML'
inputs: {second: {type: string, default: x}}
steps:
  - group: Many
    host: a
    parallel: true
    steps:
      - {uses: toy.put, with: {name: x, value: one}}
      - {uses: toy.put, with: {name: "${{ inputs.second }}", value: two}}
YAML
  code 1 standin plan r.yaml
  has "$output" "another step of this parallel group changes toy/a/x too: put them one after the other"
  code 0 standin plan r.yaml --input second=y
  code 0 standin run r.yaml --yes --input second=y
  same "$(applied | sort)" $'put x one\nput y two'
}

@test "killed in the middle: what had ended is not done again, the rest is" {
  runbook <<'YAML'
steps:
  - group: Many
    host: a
    parallel: true
    steps:
      - foreach: [p, q, r, s]
        uses: toy.put
        with: {name: "${{ item }}", value: v}
YAML
  STANDIN_FAULT=apply.after:3:kill code 137 standin run r.yaml --yes
  code 0 standin resume
  same "$(applied | sort)" $'put p v\nput q v\nput r v\nput s v'
  code 0 standin audit verify
}
