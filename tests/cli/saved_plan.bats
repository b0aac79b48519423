#!/usr/bin/env bats
# standin run --plan FILE: the run is what was reviewed, or it is refused and the difference named.
load support

save() {
  runbook <<'YAML'
inputs: {value: {type: string, default: one}}
steps:
  - {id: seen, uses: toy.look, host: a, with: {name: base}}
  - {uses: toy.put, host: a, with: {name: x, value: "${{ inputs.value }}"}}
  - {uses: toy.put, host: a, with: {name: x, value: two}}
  - {uses: core.run, host: a, with: {run: ["true"]}}
  - {uses: toy.put, host: a, with: {name: y, value: two}}
YAML
  echo base >a/objects/base
  echo zero >a/objects/x
  standin plan r.yaml -o json >plan.json
}

refused() { # WHAT IT NAMES
  code 6 standin run r.yaml --plan plan.json "${@:2}"
  has "$output" "the plan no longer holds: $1"
  same "$(applied)" ""
  [ ! -e state/index.jsonl ]
}

@test "nothing has changed: it runs without asking" {
  save
  code 0 standin run r.yaml --plan plan.json
  same "$(applied)" $'put x one\nput x two\nput y two'
}

@test "what changes by itself does not refuse" {
  save
  printf ..... >>a/observed
  code 0 standin run r.yaml --plan plan.json
}

@test "a changed attribute is named, with what it was and is" {
  save
  echo three >a/objects/x
  refused 'step 2 (toy.put x): value was "zero", now it is "three"'
}

@test "an object that has come or gone is named" {
  save
  rm a/objects/x
  refused 'step 2 (toy.put x): it was {"value":"zero","phase":"ready"'
}

@test "what a probe saw counts as well" {
  save
  echo other >a/objects/base
  refused 'step 1 (toy.look base): value was "base", now it is "other"'
}

@test "the runbook, an input, the plugin, the inventory" {
  save
  sed -i 's/value: two/value: three/' r.yaml
  refused "the runbook has changed"
  save
  refused "the input value has changed" --input value=other
  rm plugins/toy
  cp -r "$TREE/tests/torture/plugins/toy" plugins/toy
  echo "# edited" >>plugins/toy/plugin.yaml
  refused "the plugin toy has changed"
  rm -r plugins/toy
  ln -s "$TREE/tests/torture/plugins/toy" plugins/toy
  echo "# edited" >>inventory.yaml
  refused "the inventory has changed"
}

# edited PYTHON - plan.json as somebody's hand has changed it: `rows` are its rows.
edited() {
  python3 -c 'import json,sys; plan = json.load(open("plan.json")); rows = plan["rows"]; exec(sys.argv[1]); json.dump(plan, open("plan.json", "w"))' "$1"
}

@test "what the plan's file says of a step is what will be done, or it is refused and the difference named" {
  local change text
  while IFS='|' read -r change text; do
    save
    edited "$change"
    refused "$text"
  done <<'CHANGES'
rows[3]["commands"] = ["rm -rf /"]|step 4 (core.run): the command was "rm -rf /", now it is "true"
rows[3]["commands"] = []|step 4 (core.run): the command was nothing, now it is "true"
rows[3]["commands"].append("id")|step 4 (core.run): the command was "id", now it is nothing
rows[0]["observes"] = ["true"]|step 1 (toy.look base): the command that observes was "true", now it is
rows[3]["host"] = "b"|step 4 (core.run): host was "b", now it is "a"
rows[3]["effect"] = "read"|step 4 (core.run): effect was "read", now it is "irreversible"
rows[3]["uses"] = "core.log"|step 4 (core.run): uses was "core.log", now it is "core.run"
rows[4]["name"] = "toy.put z"|step 5 (toy.put y): name was "toy.put z", now it is "toy.put y"
rows[4]["object"] = "toy/a/z"|step 5 (toy.put y): object was "toy/a/z", now it is "toy/a/y"
rows[1]["changes"][0]["after"] = "other"|step 2 (toy.put x): wished value was "other", now it is "one"
rows[1]["changes"] = []|step 2 (toy.put x): wished value was nothing, now it is "one"
rows.append(dict(rows[3], commands=["id"]))|it names a step twice
CHANGES
}

@test "a plan made offline, of another runbook, or no plan at all" {
  save
  standin plan r.yaml --offline -o json >plan.json
  refused "it was made offline"
  runbook other <<<'steps: [{uses: core.log, with: {message: hello}}]'
  standin plan other.yaml -o json >plan.json
  refused "it was made for the runbook"
  echo '{}' >plan.json
  code 2 standin run r.yaml --plan plan.json
  has "$output" "not a plan"
}

@test "a step whose object changed between the check and its turn fails, and is not tried again" {
  runbook <<'YAML'
steps:
  - {uses: core.run, host: b, with: {run: [sh, -c, "echo moved >$0/../a/objects/x", "${{ host.vars.root }}"], touches: []}}
  - group: Tries
    retry: {attempts: 3, delay: 1ms}
    steps: [{uses: toy.put, host: a, with: {name: x, value: one}, retry: {attempts: 3, delay: 1ms}}]
YAML
  echo zero >a/objects/x
  standin plan r.yaml -o json >plan.json
  code 1 standin run r.yaml --plan plan.json
  has "$output" "changed by another"
  same "$(applied)" ""
}
