#!/usr/bin/env bats
# The forecast in a plan: from the journals of earlier runs, written here record by record because the times in them are what is tested.
load support

# past RUNBOOK [OUTCOME] - one more earlier run, newer than those before it; its steps come as lines on stdin:
#   STEP ACTION OUTCOME SECONDS [LOOKED | wait SECONDS]     LOOKED: seconds until it was known that something had to be done
past() {
  python3 - "$W/state" "$1" "${2:-changed}" <<'PY' "$(cat)"
import hashlib, json, os, sys
state, runbook, outcome, lines = sys.argv[1:]
os.makedirs(state + "/runs", mode=0o700, exist_ok=True)
folder = "%s/runs/20260301-%06d-00000000" % (state, len(os.listdir(state + "/runs")) + 1)
os.mkdir(folder, 0o700)
text, seq, last, up = "", 0, "0" * 64, 1000
def record(kind, **fields):
    global text, seq, last
    seq += 1
    head = {"seq": seq, "prev": last, "wall": "2026-03-01T03:12:45.120Z", "up": up, "boot": "b", "kind": kind}
    line = json.dumps({**head, **fields}, separators=(",", ":"))[:-1]
    last = hashlib.sha256(line.encode()).hexdigest()
    text += line + ',"hash":"%s"}\n' % last
ns = lambda seconds: int(float(seconds) * 1e9)
record("run_opened", run=os.path.basename(folder), runbook=runbook)
for line in lines.splitlines():
    step, uses, result, seconds, *more = line.split()
    record("step_started", step=step, uses=uses, attempt=1)
    if more[:1] == ["wait"]:
        record("answered", step=step, answer="continue", by=None, waited=ns(more[1]))
    elif more:
        up += ns(more[0])
        record("intent", step=step, attempt=1)
    record("step_finished", step=step, attempt=1, outcome=result, elapsed=ns(seconds))
record("run_finished", outcome=outcome, elapsed=0, waited=0)
open(folder + "/journal.jsonl", "w").write(text)
PY
}

shown() { sed -E 's/sh -e -c .*/sh .../' <<<"$output"; }
# "STEP TIMES" of every step that says how long it takes.
times() { sed -nE -e 's/^ *[=~+*?>@.\/-]?!? +([0-9a-z.]*[0-9][][0-9?a-z.]*)  .*/\1/' -e '/^[^ ]+$/h' -e '/^ +(takes|people take)/{H;x;s/\n */ /p;s/ .*//;x}' <<<"$output"; }
forecast() { grep '^Forecast' <<<"$output"; }

two_steps() { # RTO
  runbook <<YAML
objectives: {rto: $1}
steps:
  - {uses: toy.put, host: a, with: {name: x, value: v}}
  - {uses: core.run, host: a, with: {run: ["true"], effect: read}}
YAML
}

@test "without history nothing is guessed, and no state directory is made" {
  two_steps 15m
  code 0 standin plan r.yaml
  same "$(shown)" "Plan for test/r (drill)
  objectives: rto 15m

Steps
  +  1  toy.put x  toy.put on a
       value: absent -> v
       phase: absent -> ready
       \$ env 'ROOT=$W/a' 'NAME=x' 'VALUE=v' 'STARTING=0' sh ...
  >  2  core.run  on a
       \$ true

+ will be created   > a task that will run
Forecast: ? (no run of it has ended well yet); not known whether within the RTO of 15m.
Plan: 1 to change, 1 to run. Nothing was changed."
  [ ! -e state ]
  code 0 standin plan r.yaml -o json
  same "$(field "$output" 'value["forecast"]')" "{'machine': {'median': 0, 'p90': 0, 'steps': 2, 'unknown': 2, 'elsewhere': 0}, 'people': {'median': 0, 'p90': 0, 'steps': 0, 'unknown': 0}, 'runs': 0, 'rto': 900000000000, 'verdict': 'unknown'}"
  same "$(field "$output" '[row.get("forecast", "nothing") for row in value["rows"]]')" "['nothing', 'nothing']"
  code 0 standin plan r.yaml --offline
  has_not "$output" Forecast
}

@test "each step: median and 90th percentile of ten runs; the whole against the RTO" {
  two_steps 15s
  for seconds in 7 3 10 1 5 9 2 8 6 4; do # in no order
    past test/r <<<"1 toy.put changed $seconds
2 core.run changed 0.$seconds"
  done
  code 0 standin plan r.yaml
  same "$(shown)" "Plan for test/r (drill)
  objectives: rto 15s

Steps
  +  1  toy.put x  toy.put on a
       value: absent -> v
       phase: absent -> ready
       takes 6.0s, 90th percentile 9.0s
       \$ env 'ROOT=$W/a' 'NAME=x' 'VALUE=v' 'STARTING=0' sh ...
  >  2  core.run  on a
       takes 0.5s, 90th percentile 0.8s
       \$ true

+ will be created   > a task that will run
Forecast: 6.5s, 90th percentile 9.8s (from 10 runs); within the RTO of 15s.
Plan: 1 to change, 1 to run. Nothing was changed."
  two_steps 9s
  code 0 standin plan r.yaml
  same "$(forecast)" "Forecast: 6.5s, 90th percentile 9.8s (from 10 runs); on a slow day more than the RTO of 9s."
  two_steps 6s
  code 0 standin plan r.yaml
  same "$(forecast)" "Forecast: 6.5s, 90th percentile 9.8s (from 10 runs); more than the RTO of 6s."
  code 0 standin plan r.yaml -o json
  same "$(field "$output" '[row["forecast"] for row in value["rows"]]')" \
    "[{'median': 6000000000, 'p90': 9000000000, 'samples': 10, 'by': 'step'}, {'median': 500000000, 'p90': 800000000, 'samples': 10, 'by': 'step'}]"
  same "$(field "$output" 'value["forecast"]["verdict"]')" exceeds
}

@test "only runs that ended well count, and of them the newest twenty" {
  two_steps 1h
  past test/r <<<$'1 toy.put changed 100\n2 core.run changed 100'
  for _ in $(seq 20); do past test/r <<<$'1 toy.put changed 2\n2 core.run changed 1'; done
  past test/r failed <<<$'1 toy.put changed 500\n2 core.run failed 500'
  code 0 standin plan r.yaml
  same "$(forecast)" "Forecast: 3.0s (from 20 runs); within the RTO of 1h."
  rm -rf state/runs/20260301-000010-00000000 # now the first is among them
  code 0 standin plan r.yaml
  same "$(forecast)" "Forecast: 3.0s (from 20 runs); within the RTO of 1h."
  same "$(standin plan r.yaml -o json | python3 -c 'import json, sys; print([r["forecast"]["p90"] // 10**9 for r in json.load(sys.stdin)["rows"]])')" "[2, 1]"
}

@test "by the step first, then by its action, in whatever runbook; what is in neither is a question mark" {
  runbook <<'YAML'
objectives: {rto: 1m}
steps:
  - {uses: toy.put, host: a, with: {name: x, value: v}}
  - {uses: toy.put, host: a, with: {name: y, value: v}}
  - {uses: toy.bump, host: a, with: {name: z}}
YAML
  past test/other <<<'7 toy.put changed 4'
  past test/r <<<'1 toy.put changed 10'
  code 0 standin plan r.yaml
  same "$(times)" "1 takes 10.0s
2 takes 10.0s (as that action did elsewhere)
3 takes ?"
  same "$(forecast)" "Forecast: at least 20.0s and ? for 1 of 3 steps, with 1 of 3 steps as their actions did elsewhere (from 1 run); not known whether within the RTO of 1m."
}

@test "what is already so takes as long as looking did; what was already so says nothing about changing it" {
  echo v >a/objects/x
  two_steps 1m
  past test/r <<<$'1 toy.put changed 10 0.5\n2 core.run changed 1'
  code 0 standin plan r.yaml -v
  has "$output" "takes 0.5s"
  same "$(forecast)" "Forecast: 1.5s (from 1 run); within the RTO of 1m."
  rm -r state a/objects/x
  past test/r <<<$'1 toy.put ok 0.5\n2 core.run changed 1'
  code 0 standin plan r.yaml
  same "$(forecast)" "Forecast: at least 1.0s and ? for 1 of 2 steps (from 1 run); not known whether within the RTO of 1m."
}

@test "a parallel group takes its longest, as its slots let it; people are waited for apart; a rescue is not counted, finally is" {
  runbook <<'YAML'
objectives: {rto: 1m}
steps:
  - group: At once
    parallel: true
    host: a
    steps:
      - {foreach: [p, q, r], uses: toy.bump, with: {name: "${{ item }}"}}
      - group: Two
        steps: [{uses: toy.bump, with: {name: s}}, {uses: toy.bump, with: {name: t}}]
  - {uses: core.prompt, with: {message: Well?}}
  - group: Saved
    host: a
    steps: [{uses: toy.bump, with: {name: u}}]
    rescue: [{uses: toy.bump, with: {name: w}}]
  - {uses: toy.bump, host: a, with: {name: left}, if: 1 == 2}
finally: [{uses: toy.bump, host: a, with: {name: end}}]
YAML
  past test/r <<<'1.1[0] toy.bump changed 4
1.1[1] toy.bump changed 5
1.1[2] toy.bump changed 6
1.2.1 toy.bump changed 3
1.2.2 toy.bump changed 4
2 core.prompt ok 0 wait 90
3.1 toy.bump changed 1
3.rescue.1 toy.bump changed 100
4 toy.bump changed 100
finally.1 toy.bump changed 2'
  code 0 standin plan r.yaml
  same "$(times)" "1 takes 7.0s
1.1[0] takes 4.0s
1.1[1] takes 5.0s
1.1[2] takes 6.0s
1.2 takes 7.0s
1.2.1 takes 3.0s
1.2.2 takes 4.0s
2 people take 1m30s
3 takes 1.0s
3.1 takes 1.0s
3.rescue.1 takes 1m40s
finally.1 takes 2.0s"
  same "$(forecast)" "Forecast: 10.0s (from 1 run); waiting for people 1m30s; within the RTO of 1m."
  sed -i 's/parallel: true/&\n    max_concurrent: 2/' r.yaml
  code 0 standin plan r.yaml # 4 then 6, and 5 then 7
  same "$(forecast)" "Forecast: 15.0s (from 1 run); waiting for people 1m30s; within the RTO of 1m."
}

@test "a list that cannot be known yet takes what all its rounds together took; a new round what others took" {
  runbook <<'YAML'
steps:
  - {id: look, uses: core.run, host: a, with: {run: [printf, ab], touches: []}}
  - {foreach: "${{ steps.look.outputs.stdout.split('') }}", uses: toy.put, host: a, with: {name: x, value: v}}
  - {foreach: [p, q], uses: toy.remove, host: a, with: {name: "${{ item }}"}}
YAML
  echo v >a/objects/p && echo v >a/objects/q
  past test/r <<<'1 core.run changed 1
2[0] toy.put changed 2
2[1] toy.put changed 3
3[0] toy.remove changed 4'
  code 0 standin plan r.yaml
  same "$(times)" "1 takes 1.0s
2[?] takes 5.0s
3[0] takes 4.0s
3[1] takes 4.0s"
  same "$(forecast)" "Forecast: 14.0s (from 1 run)."
}

@test "a real run is forecast by the next plan; a saved plan is not refused because the forecast is another now" {
  two_steps 15m
  standin plan r.yaml -o json >plan.json
  standin run r.yaml --yes >/dev/null
  rm a/objects/x
  code 0 standin plan r.yaml
  has "$(forecast)" "(from 1 run); within the RTO of 15m."
  code 0 standin run r.yaml --plan plan.json
}

@test "a task says nothing about another task; what was measured elsewhere is not held to be within the RTO" {
  runbook <<'YAML'
objectives: {rto: 1s}
steps:
  - {uses: core.run, host: a, with: {run: [sleep, "1.2"], effect: read}}
YAML
  past test/other <<<'7 core.run changed 0.011'
  code 0 standin plan r.yaml
  same "$(forecast)" "Forecast: ? (no run of it has ended well yet); not known whether within the RTO of 1s."
  runbook <<'YAML'
objectives: {rto: 1m}
steps:
  - {uses: toy.put, host: a, with: {name: x, value: v}}
YAML
  past test/other <<<'7 toy.put changed 4'
  code 0 standin plan r.yaml
  same "$(times)" "1 takes 4.0s (as that action did elsewhere)"
  same "$(forecast)" "Forecast: 4.0s, with 1 of 1 steps as their actions did elsewhere (no run of it has ended well yet); not known whether within the RTO of 1m."
  code 0 standin plan r.yaml -o json
  same "$(field "$output" '[value["forecast"]["machine"]["elsewhere"], value["forecast"]["verdict"]]')" "[1, 'unknown']"
}
