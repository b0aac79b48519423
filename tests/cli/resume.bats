#!/usr/bin/env bats
# standin resume, abandon, runs, show, audit verify: what is left after a kill, and what is admitted then. All places of a kill: tests/torture/sweep.
load support

lock_and_wait() {
  runbook <<'YAML'
lock: mail
steps:
  - {uses: toy.put, host: a, with: {name: x, value: v}}
  - {id: ask, uses: core.prompt, with: {message: Well?}}
  - {uses: toy.put, host: a, with: {name: y, value: v}}
YAML
}

killed() { # a run that was killed while it waited
  lock_and_wait
  begin run r.yaml --yes
  await '"kind":"waiting"'
  kill -KILL "$pid"
  ended
}

run_id() { basename "$(echo state/runs/*)"; }

@test "two at once: the second is refused, the holder named" {
  lock_and_wait
  runbook other <<<$'lock: mail\nsteps: [{uses: toy.put, host: a, with: {name: z, value: v}}]'
  begin run r.yaml --yes
  await '"kind":"waiting"'
  code 4 standin run other.yaml --yes
  same "$(tidy <<<"$output")" "standin: lock 'mail' is held by run RUN (test/r, started by $(id -un) at TIME on HOST, pid N is working on it)
hint: watch it: standin attach RUN"
  has "$output" "pid $pid is"
  code 4 standin resume
  has "$output" "pid $pid on"
  standin answer continue
  ended
  [ "$status" -eq 0 ]
  code 0 standin run other.yaml --yes
}

@test "after a kill only resume or abandon are admitted; then the lock is free" {
  killed
  code 4 standin run r.yaml --yes
  has "$output" "no process is working on it"
  has "$output" "standin resume $(run_id), or standin abandon $(run_id) --reason"
  code 2 standin abandon "$(run_id)"
  has "$output" "a reason is needed"
  code 2 standin abandon --reason x
  code 0 standin abandon "$(run_id)" --reason "the target burnt as well"
  has "$(journal)" '"unfinished":["2"]'
  code 2 standin resume
  has "$output" "is finished (abandoned)"
  code 0 standin run r.yaml --yes --answer ask=continue
  same "$(applied)" $'put x v\nput y v'
  code 0 standin audit verify
}

@test "resume goes on where it was; nothing is done twice; a finished run is not resumed" {
  killed
  code 0 standin resume --answer ask=continue
  same "$(applied)" $'put x v\nput y v'
  has "$(tidy <<<"$output")" "TIME resumed"
  code 2 standin resume
  has "$output" "is finished (changed)"
}

@test "resume uses what was begun: edits of runbook, inventory, plugin since make no difference" {
  killed
  sed -i 's/name: y/name: edited/' r.yaml
  echo nonsense >inventory.yaml
  rm -r plugins
  code 0 standin resume --answer ask=continue
  same "$(applied)" $'put x v\nput y v'
}

@test "resume --amend takes the edited runbook, journals it, and so does the resume after it" {
  killed
  sed -i 's/name: y/name: edited/' r.yaml
  STANDIN_FAULT=journal.after.resumed:1:kill code 137 standin resume --amend r.yaml --answer ask=continue
  rm r.yaml
  code 0 standin resume --answer ask=continue
  same "$(applied)" $'put x v\nput edited v'
  has "$(journal | grep '"kind":"resumed"' | head -1)" '"amended":{"path":"r.yaml","sha256":"'
  code 0 standin audit verify
}

@test "resume --amend with a runbook that does not validate changes nothing" {
  killed
  echo 'steps: []' >broken.yaml
  before=$(journal)
  code 2 standin resume --amend broken.yaml
  has "$output" "broken.yaml:"
  same "$(journal)" "$before"
}

@test "a torn last line is cut, noted with its length, and is no record" {
  killed
  printf '{"seq":9,"prev":"half a rec' >>"state/runs/$(run_id)/journal.jsonl"
  code 0 standin resume --answer ask=continue
  has "$(journal)" '"torn":{"bytes":27,"digest":"'
  same "$(applied)" $'put x v\nput y v'
  code 0 standin audit verify
}

@test "a flipped byte is found and named; the run is not resumed" {
  killed
  file=state/runs/$(run_id)/journal.jsonl
  sed -i '3s/"outcome":"\|"attempt":1/"attempt":2/' "$file"
  code 7 standin audit verify
  has "$output" "record 3"
  code 7 standin resume --answer ask=continue
  has "$output" "record 3"
  same "$(applied)" "put x v"
  code 0 standin runs
  has "$output" corrupt
}

@test "a finished journal that lost its end, or the whole run: the index knows" {
  lock_and_wait
  standin run r.yaml --yes --answer ask=continue
  standin run r.yaml --yes --answer ask=continue
  code 0 standin audit verify
  has "$output" "verified"
  ids=(state/runs/*)
  sed -i '$d' "${ids[0]}/journal.jsonl"
  code 7 standin audit verify
  has "$output" "records are missing"
  rm -r "${ids[1]}"
  code 7 standin audit verify
  has "$output" "its directory is gone"
}

@test "a task in doubt is not repeated: without a terminal exit code 3, with an answer it goes on" {
  runbook <<'YAML'
steps:
  - {name: task, uses: core.run, host: a, with: {run: [sh, -c, "echo task >>$0/apply.log", "${{ host.vars.root }}"]}}
YAML
  STANDIN_FAULT=apply.after:1:kill code 137 standin run r.yaml --yes
  same "$(applied)" "task"
  code 3 standin resume
  has "$output" "'task' was begun and it is not known how it ended"
  has "$output" "--answer 1="
  # one answer is for one interruption: killed in the second apply, it asks again
  STANDIN_FAULT=apply.before:1:kill code 137 standin resume --answer 1=again
  code 3 standin resume
  code 0 standin resume --answer 1=again
  same "$(applied)" $'task\ntask'
}

@test "a task in doubt: repeatable ones are done again, verified ones looked at, stop fails it" {
  runbook <<'YAML'
steps:
  - {uses: core.run, host: a, with: {repeatable: true, run: [sh, -c, "echo t1 >>$0/apply.log", "${{ host.vars.root }}"]}}
  - {uses: core.run, host: a, with: {verify: [grep, -q, t2, "${{ host.vars.root }}/apply.log"], run: [sh, -c, "echo t2 >>$0/apply.log", "${{ host.vars.root }}"]}}
  - {uses: core.run, host: a, with: {run: [sh, -c, "echo t3 >>$0/apply.log", "${{ host.vars.root }}"]}}
YAML
  STANDIN_FAULT=apply.before:1:kill code 137 standin run r.yaml --yes
  STANDIN_FAULT=apply.after:2:kill code 137 standin resume
  STANDIN_FAULT=apply.after:1:kill code 137 standin resume
  same "$(applied)" $'t1\nt2\nt3'
  code 1 standin resume --answer 3=stop
  has "$output" "the operator chose to stop"
  same "$(applied)" $'t1\nt2\nt3'
}

@test "an apply that still runs on the host is found, and waited for" {
  runbook <<'YAML'
steps:
  - {name: slow, uses: core.run, host: a, with: {run: [sh, -c, "touch $0/begun; while [ ! -e $0/go ]; do sleep 0.01; done; echo slow >>$0/apply.log", "${{ host.vars.root }}"]}}
YAML
  begin run r.yaml --yes
  there a/begun
  kill -KILL "$pid"
  ended
  begin resume --answer 1=done
  await '"kind":"resumed"'
  has_not "$(kinds)" waiting
  touch a/go
  ended
  [ "$status" -eq 0 ]
  same "$(applied)" "slow"
}

@test "outputs, items and inputs have their types after a kill: durations, timestamps, unsigned numbers, bytes, maps" {
  runbook <<'YAML'
inputs: {limit: {type: duration, default: 90s}}
steps:
  - id: made
    uses: core.set
    with:
      values:
        age: ${{ duration("1.5s") }}
        at: ${{ timestamp("2026-11-23T03:00:00Z") }}
        count: ${{ 3u }}
        raw: '${{ b"\xff" }}'
        odd: {"$duration": 90s}
  - id: each
    foreach: ${{ [duration("1s"), duration("2m")] }}
    uses: core.set
    with: {values: {twice: "${{ item + item }}"}}
  - {uses: toy.put, host: a, with: {name: x, value: v}}
  - uses: core.assert
    with:
      that:
        - ${{ type(steps.made.outputs.age) == google.protobuf.Duration }}
        - ${{ steps.made.outputs.age + duration("500ms") == duration("2s") }}
        - ${{ steps.made.outputs.at.getHours() == 3 }}
        - ${{ type(steps.made.outputs.count) == uint && type(steps.made.outputs.raw) == bytes }}
        - '${{ steps.made.outputs.odd["$duration"] == "90s" }}'
        - ${{ steps.each.each[1].outputs.twice == duration("4m") }}
        - ${{ inputs.limit == duration("90s") }}
YAML
  STANDIN_FAULT=apply.before:1:kill code 137 standin run r.yaml --yes
  code 0 standin resume
  code 0 standin show -o json
  has "$output" '"age": "1.5s"'
  code 0 standin audit verify
}

@test "changed by another between kill and resume: neither before nor desired is left alone" {
  echo zero >a/objects/x
  runbook <<<'steps: [{uses: toy.put, host: a, with: {name: x, value: one}, retry: {attempts: 5, delay: 1ms}}]'
  STANDIN_FAULT=apply.before:1:kill code 137 standin run r.yaml --yes
  echo other >a/objects/x
  code 1 standin resume
  has "$output" "changed by another"
  same "$(applied)" ""
  same "$(cat a/objects/x)" "other"
}

@test "an object that cannot be seen after a kill is unknown: no retry, no rescue; it can be resumed" {
  runbook <<'YAML'
steps:
  - group: G
    host: a
    retry: {attempts: 3, delay: 1ms}
    steps: [{uses: toy.put, with: {name: x, value: v}, retry: {attempts: 3, delay: 1ms}}]
    rescue: [{uses: toy.put, with: {name: rescue, value: v}}]
YAML
  STANDIN_FAULT=apply.before:1:kill code 137 standin run r.yaml --yes
  touch a/blind/x
  code 3 standin resume
  has "$output" "it is not known whether this was done"
  same "$(applied)" ""
  rm a/blind/x
  code 0 standin resume
  same "$(applied)" "put x v"
}

@test "a full disk stops at the boundary of a step, resumably" {
  [ "$(id -u)" -eq 0 ] || skip "a file system is mounted: needs root"
  {
    printf 'inputs: {long: {type: string, default: "%s"}}\n' "$(printf '%04000d' 0)"
    cat <<'YAML'
lock: l
steps:
  - {uses: toy.put, host: a, with: {name: x, value: v}}
  - uses: core.run
    host: a
    with: {run: [sh, -c, "echo t >>$0/apply.log; dd if=/dev/zero of=$0/../state/filler bs=64k 2>/dev/null; true", "${{ host.vars.root }}"]}
  - {uses: core.log, foreach: "${{ 'x'.replace('x', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx').split('') }}", with: {message: "${{ inputs.long }}${{ inputs.long }}"}}
  - {uses: toy.put, host: a, with: {name: y, value: v}}
YAML
  } | runbook
  mkdir -m 700 state
  mount -t tmpfs -o size=3m,mode=700 standin-test state
  run standin run r.yaml --yes
  first=$status full=$output
  rm -f state/filler
  run standin resume --answer 2=done
  second=$status
  verified=0
  standin audit verify || verified=$?
  umount state
  full=${full: -1000}
  [ "$first" -eq 3 ]
  has "$full" "No space left on device"
  has "$full" "stopped before step 3["
  has "$full" "standin resume"
  [ "$second" -eq 0 ]
  [ "$verified" -eq 0 ]
  same "$(applied)" $'put x v\nt\nput y v'
}

@test "time spent waiting for people is told apart, also over a kill" {
  killed
  code 0 standin resume --answer ask=continue
  code 0 standin show -o json
  same "$(field "$output" 'value["outcome"], value["waited"] > 0')" "('changed', True)"
}

@test "runs and show: how each ended, unfinished ones as such" {
  killed
  code 0 standin runs
  has "$(tidy <<<"$output")" "RUN"
  has "$output" "unfinished"
  same "$(field "$(standin runs -o json)" '[(r["runbook"], r["outcome"], r["active"]) for r in value]')" "[('test/r', 'unfinished', False)]"
  code 0 standin show
  has "$output" "toy.put x"
  code 8 standin show 19990101-000000-0000
  standin resume --answer ask=continue
  same "$(field "$(standin runs -o json)" '[r["outcome"] for r in value]')" "['changed']"
}

@test "resume of a run that was killed before anything of it was written: nothing was done, begin anew" {
  mkdir -p state/runs/20260101-000000-00000000/content
  chmod 700 state state/runs state/runs/*
  : >state/runs/20260101-000000-00000000/journal.jsonl
  code 8 standin resume 20260101-000000-00000000
  has "$output" "was killed before it began; nothing was done"
  has "$output" "begin anew with \`standin run\`"
  echo '{"seq":1}' >state/runs/20260101-000000-00000000/journal.jsonl # something was: then it is not said
  code 7 standin resume 20260101-000000-00000000
  has_not "$output" "nothing was done"
}
