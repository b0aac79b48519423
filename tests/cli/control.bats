#!/usr/bin/env bats
# Groups, retry, rescue, finally, until, expect, timeout, outputs: what comes after what.
load support

@test "retry: as often as allowed, with backoff; what already holds is left" {
  printf xx >a/fail/x
  runbook <<'YAML'
steps:
  - group: G
    host: a
    retry: {attempts: 3, delay: 1ms, backoff: 2}
    steps:
      - {uses: toy.put, with: {name: first, value: v}}
      - {uses: toy.put, with: {name: x, value: v}}
YAML
  code 0 standin run r.yaml --yes
  same "$(applied)" $'put first v\nput x v'
  same "$(journal | grep '"kind":"retry"' | grep -o '"delay":[0-9]*')" $'"delay":1000000\n"delay":2000000'
  has "$(tidy <<<"$output")" "TIME ok        1#2.1"
}

@test "retry: used up, it has failed" {
  printf xxxx >a/fail/x
  runbook <<<'steps: [{uses: toy.put, host: a, with: {name: x, value: v}, retry: {attempts: 3, delay: 1ms}}]'
  code 1 standin run r.yaml --yes
  same "$(kinds | grep -c intent)" "3"
  same "$(cat a/fail/x)" "x"
}

@test "counts: a step that is tried again with its group counts once, as it ended last" {
  printf xx >a/fail/y
  runbook <<'YAML'
steps:
  - group: G
    host: a
    retry: {attempts: 3, delay: 1ms}
    steps:
      - {uses: toy.put, with: {name: x, value: v}}
      - {uses: toy.put, with: {name: y, value: v}}
      - {uses: core.log, with: {message: never before}}
YAML
  code 0 standin run r.yaml --yes
  has "$(tail -1 <<<"$output")" ": 1 changed, 2 ok"
  has "$(journal)" '"counts":{"ok":2,"changed":1,"skipped":0,"failed":0,"unknown":0,"cancelled":0}'
  sed -i 's/name: y/name: z/' r.yaml
  printf xxx >a/fail/z
  rm -rf state
  code 1 standin run r.yaml --yes
  has "$(journal)" '"counts":{"ok":1,"changed":0,"skipped":0,"failed":1,"unknown":0,"cancelled":0}'
}

@test "an event is not repeated by the retry of its group" {
  printf xx >a/fail/x
  runbook <<'YAML'
steps:
  - group: G
    host: a
    retry: {attempts: 3, delay: 1ms}
    steps:
      - {uses: toy.bump, with: {name: c}}
      - {uses: toy.put, with: {name: x, value: v}}
YAML
  code 0 standin run r.yaml --yes
  same "$(applied)" $'bump c\nput x v'
}

@test "rescue: what a person or the rescue has mended is changed (by hand)" {
  printf xxxx >a/fail/x
  runbook <<'YAML'
steps:
  - group: G
    host: a
    steps:
      - {uses: toy.put, with: {name: before, value: v}}
      - {uses: toy.put, with: {name: x, value: v}}
      - {uses: toy.put, with: {name: after, value: v}}
    rescue:
      - {uses: core.run, with: {run: [sh, -c, "echo v >$0/objects/x", "${{ host.vars.root }}"]}}
    finally:
      - {uses: toy.put, with: {name: end, value: v}}
YAML
  code 0 standin run r.yaml --yes
  same "$(applied)" $'put before v\nput after v\nput end v'
  has "$(tidy <<<"$output")" "changed   1.rescued.2  a       toy.put x (T): by hand"
}

@test "rescue: what still does not hold is asked about, and closed without a terminal; the answer goes on" {
  printf x >a/fail/x
  runbook <<'YAML'
steps:
  - group: G
    host: a
    steps: [{uses: toy.put, with: {name: x, value: v}}]
    rescue: [{uses: core.log, with: {message: mended}}]
YAML
  code 3 standin run r.yaml --yes
  has "$output" "still does not hold"
  has "$output" "--answer 1.rescued.1="
  code 3 standin resume --answer 1.rescued.1=again # looked again, once: it asks again
  has "$output" "--answer 1.rescued.1="
  code 0 standin resume --answer 1.rescued.1=apply
  same "$(applied)" "put x v"
}

@test "rescue: a failed task is not simply done again" {
  runbook <<'YAML'
steps:
  - group: G
    host: a
    steps: [{name: task, uses: core.run, with: {run: [sh, -c, "echo task >>$0/apply.log; exit 1", "${{ host.vars.root }}"]}}]
    rescue: [{uses: core.log, with: {message: mended}}]
YAML
  code 3 standin run r.yaml --yes
  code 0 standin resume --answer 1.rescued.1=done
  same "$(applied)" "task"
}

@test "finally runs after a failure, of the group and of the run; the failure stays" {
  printf x >a/fail/x
  runbook <<'YAML'
steps:
  - group: G
    host: a
    steps: [{uses: toy.put, with: {name: x, value: v}}]
    finally: [{uses: toy.put, with: {name: inner, value: v}}]
  - {uses: toy.put, host: a, with: {name: never, value: v}}
finally: [{uses: toy.put, host: a, with: {name: outer, value: "${{ run.outcome }}"}}]
YAML
  code 1 standin run r.yaml --yes
  same "$(applied)" $'put inner v\nput outer failed'
}

@test "until: a probe is looked at again, a task done again, until it holds" {
  runbook <<'YAML'
steps:
  - {uses: toy.put, host: a, with: {name: x, value: v}}
  - {uses: toy.look, host: a, with: {name: x}, until: result.looks >= 6, poll: 1ms}
  - uses: core.run
    host: a
    with: {run: [sh, -c, "echo task >>$0/apply.log; wc -l <$0/apply.log", "${{ host.vars.root }}"]}
    until: int(result.stdout) >= 4
    poll: 1ms
YAML
  code 0 standin run r.yaml --yes
  same "$(applied)" $'put x v\ntask\ntask\ntask'
}

@test "until: time is up" {
  echo v >a/objects/x
  runbook <<'YAML'
steps:
  - {uses: toy.look, host: a, with: {name: x}, until: 'result.value == "w"', poll: 10ms, timeout: 1s}
YAML
  code 1 standin run r.yaml --yes
  has "$output" '`until` did not come true; last observed {"value":"v"'
}

@test "expect: what came out is judged; verify and unless make a wish of a task" {
  runbook <<'YAML'
steps:
  - {uses: core.run, host: a, with: {run: [sh, -c, "echo t1 >>$0/apply.log", "${{ host.vars.root }}"], unless: ["true"]}}
  - {uses: core.run, host: a, with: {run: [sh, -c, "echo t2 >>$0/apply.log", "${{ host.vars.root }}"], unless: ["false"]}}
  - {uses: core.run, host: a, with: {run: [echo, five], regex: "^(?<word>\\w+)"}, expect: result.word == "five"}
  - {uses: core.run, host: a, with: {run: [echo, five], verify: ["false"]}}
YAML
  code 1 standin run r.yaml --yes
  same "$(applied)" "t2"
  has "$output" '`verify` does not hold'
}

@test "a check that does not work is no answer: the task is not done" {
  runbook <<'YAML'
steps: [{uses: core.run, host: a, with: {run: [sh, -c, "echo t >>$0/apply.log", "${{ host.vars.root }}"], unless: [no-such-program]}}]
YAML
  code 1 standin run r.yaml --yes
  same "$(applied)" ""
  has "$output" "cannot be told whether it is done already"
}

@test "timeout: everything that the step had started is ended, grandchildren too" {
  runbook <<'YAML'
steps:
  - uses: core.run
    host: a
    timeout: 2s
    with:
      run: [sh, -c, "sh -c 'echo $$ >$0/grandchild; exec sleep 1000' $0 & echo $$ >$0/child; sleep 1000", "${{ host.vars.root }}"]
YAML
  code 1 standin run r.yaml --yes
  has "$output" "everything that it had started was ended"
  gone "$(cat a/grandchild)"
  gone "$(cat a/child)"
}

# As the installer of a mail server does: it says things that do not matter, does its work, and hangs at the end.
installer() { # WORK: what it does before it hangs
  cat >installer <<SH
#!/bin/sh
echo 'Please restore your databases from backup and then reboot your machine.' >&2
echo 'Disk is nearly full.' >&2
echo \$\$ >a/installer
$1
sh -c 'echo \$\$ >a/hanging; exec sleep 1000'
SH
  chmod +x installer
}

@test "P4: a program that hangs when its work is done: ended, and the run goes on" {
  installer 'echo Files copied.; touch a/objects/setup'
  runbook <<YAML
steps:
  - id: setup
    uses: core.run
    host: a
    timeout: 2s
    with: {run: [$W/installer], on_timeout: done, success: {exits: [0, 3010]}, verify: [test, -e, $W/a/objects/setup]}
    expect: result.stdout == "Files copied.\\n"
  - {uses: toy.put, host: a, with: {name: after, value: v}}
YAML
  code 0 standin run r.yaml --yes
  has "$output" "time was up; everything that it had started was ended"
  same "$(applied)" "put after v"
  gone "$(cat a/hanging)"
  gone "$(cat a/installer)"
}

@test "P4: a program that hangs before its work is done: verify tells" {
  installer ''
  runbook <<YAML
steps:
  - uses: core.run
    host: a
    timeout: 2s
    with: {run: [$W/installer], on_timeout: done, verify: [test, -e, $W/a/objects/setup]}
YAML
  code 1 standin run r.yaml --yes
  has "$output" "time was up; everything that it had started was ended, but \`verify\` does not hold"
  gone "$(cat a/hanging)"
}

@test "P4: a program that fails among harmless messages: the error tells what is left" {
  installer 'exit 7'
  runbook <<YAML
steps: [{uses: core.run, host: a, with: {run: [$W/installer], success: {exits: [0, 3010]}, ignore: ["^Please restore your databases"]}}]
YAML
  code 1 standin run r.yaml --yes
  has "$output" "ended with exit code 7: Disk is nearly full."
}

@test "the timeout of a group is the total; rescue and finally still have time" {
  runbook <<'YAML'
steps:
  - group: G
    host: a
    timeout: 2s
    retry: {attempts: 100, delay: 1ms}
    steps:
      - {uses: toy.put, with: {name: first, value: v}}
      - {uses: core.wait, with: {duration: 2100ms}}
      - {uses: toy.put, with: {name: never, value: v}}
    finally: [{uses: toy.put, with: {name: end, value: v}}]
YAML
  code 1 standin run r.yaml --yes
  same "$(applied)" $'put first v\nput end v'
  has "$output" "the time of its group is up"
  same "$(kinds | grep -c group_started)" "1"
}

@test "waiting for people does not use up the time of a group" {
  runbook <<'YAML'
steps:
  - group: G
    host: a
    timeout: 3s
    steps:
      - {id: ask, uses: core.prompt, with: {message: Well?}}
      - {uses: toy.put, with: {name: x, value: v}}
YAML
  begin run r.yaml --yes
  await '"kind":"waiting"'
  sleep 3.1 # longer than the group may take; nothing is asserted about how long
  standin answer continue
  ended
  [ "$status" -eq 0 ]
  same "$(applied)" "put x v"
}

@test "outputs: of a foreach each[i]; of a group that was left out its outcome" {
  runbook <<'YAML'
steps:
  - {id: looks, uses: toy.bump, host: a, foreach: [p, q, q], with: {name: "${{ item }}"}}
  - {id: off, uses: toy.put, host: a, with: {name: x, value: v}, if: 1 == 2}
  - uses: core.assert
    with:
      that:
        - ${{ steps.looks.each.size() == 3 }}
        - ${{ steps.looks.each[1].outputs.count == 1 && steps.looks.each[2].outputs.count == 2 }}
        - ${{ steps.looks.each[0].outcome == "changed" && steps.off.outcome == "skipped" }}
YAML
  code 0 standin run r.yaml --yes
}

@test "rounds in a parallel group see their own steps only, planned and run; afterwards each[i], and those of the last round" {
  runbook <<'YAML'
inputs: {none: {type: list, default: []}}
steps:
  - group: all at once
    parallel: true
    steps:
      - {id: empty, foreach: "${{ inputs.none }}", uses: core.log, with: {message: m}}
      - id: rounds
        foreach: [one, two, three]
        as: word
        group: round
        steps:
          - {id: says, uses: core.run, host: a, with: {run: [echo, "${{ word }}"], touches: []}}
          - {uses: core.run, host: a, with: {run: [sleep, "0.1"], touches: []}} # the others have come as far by then
          - group: only one
            if: word == "one"
            steps:
              - {id: inner, uses: core.set, with: {values: {word: "${{ word }}"}}}
          - {uses: core.assert, with: {that: "${{ steps.says.outputs.stdout.trim() == word }}"}}
          - {id: told, uses: core.log, with: {message: "${{ word }}: ${{ word == 'one' ? steps.inner.outputs.word : 'no' }}"}}
      - {id: flat, foreach: [x, y], uses: core.run, host: a, with: {run: [echo, "${{ item }}"], touches: []}}
  - uses: core.assert
    with:
      that:
        - ${{ steps.empty.each == [] && steps.rounds.each.map(r, r.outcome) == ["changed", "changed", "changed"] }}
        - ${{ steps.flat.each[1].outputs.stdout.trim() == "y" && steps.says.outputs.stdout.trim() == "three" && steps.inner.outputs.word == "one" }}
YAML
  code 0 standin plan r.yaml
  has_not "$output" "would fail"
  code 0 standin run r.yaml --yes
}

@test "a round in which a step is not reached has nothing of it from the round before" {
  runbook <<'YAML'
steps:
  - foreach: [a, b]
    as: where
    group: round
    steps:
      - group: only on a
        if: where == "a"
        steps:
          - {id: found, uses: core.set, with: {values: {at: "${{ where }}"}}}
      - {uses: core.log, with: {message: "${{ steps.found.outputs.at }}"}}
YAML
  code 1 standin run r.yaml --yes
  has "$output" "step 'found' has not run"
}

@test "plan: what a task of the last round says is not known, even if it was left out in the one before" {
  runbook <<'YAML'
steps:
  - foreach: [x, y]
    group: round
    steps:
      - {id: task, if: item == "y", uses: core.run, host: a, with: {run: [echo, "${{ item }}"]}}
  - {uses: core.log, with: {message: "${{ steps.task.outputs.stdout }}"}}
YAML
  code 0 standin plan r.yaml
  has_not "$output" "would fail"
}
