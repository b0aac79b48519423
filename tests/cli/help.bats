#!/usr/bin/env bats
# --help, manual, eval: that every verb tells what it does with examples that are true, and that exit codes stand in one place.
load support

verbs() { "$STANDIN" --help | sed -n '/^  validate /,/^$/s/^  \([a-z]*\( [a-z][a-z]*\)\?\)  .*/\1/p'; }

@test "every verb has help with a usage, what it does, and examples of itself whose options it knows" {
  [ "$(verbs | wc -l)" -ge 14 ]
  while IFS= read -r verb; do
    code 0 standin $verb --help
    same "$(head -1 <<<"$output" | sed 's/ - .*//')" "standin $verb"
    has "$output" "Usage: standin $verb"
    has "$output" "Exit codes: standin --help"
    examples=$(sed -n '/^Examples:/,/^$/s/^  //p' <<<"$output")
    examples=$(grep "^standin $verb" <<<"$examples") || { echo "no examples: $verb"; return 1; }
    options=$(sed -n '/^Options:/,/^$/p' <<<"$output")
    for option in $(sed 's/#.*//' <<<"$examples" | grep -oE -- ' --?[a-z]+' | sort -u); do
      has "$options" "$option"
    done
  done < <(verbs)
}

@test "the verbs of --help and of the manual are the same; exit codes stand in --help and the manual" {
  codes=$("$STANDIN" --help | sed -n '/^Exit codes:/,$s/^  \([0-9]\)  /\1 /p')
  same "$(cut -d' ' -f1 <<<"$codes" | tr '\n' ' ')" "0 1 2 3 4 5 6 7 8 "
  manual=$("$STANDIN" manual)
  while read -r number meaning; do
    has "$manual" "$meaning"
  done <<<"$codes"
  same "$(sed -n 's/^\*\(.*\)\*$/\1/p' <<<"$manual" | grep -E '^[a-z]' | sort)" "$(verbs | sort)"
  while IFS= read -r verb; do
    manual=$("$STANDIN" manual $verb)
    has "$manual" "# EXAMPLES"
    has "$manual" "# EXIT STATUS"
    has "$manual" "*-h*, *--help*"
    twice=$("$STANDIN" $verb --help | grep -E '.{30}' | sort | uniq -d)
    same "$twice" ""
  done < <(verbs)
}

@test "eval: a value as JSON, names by --let, those of a runbook; what cannot be known, and what is wrong, with its place" {
  code 0 standin eval '["a", "b"].map(x, x + "1")'
  same "$output" '["a1","b1"]'
  code 0 standin eval 'result.age < 60 && name == "x y"' --let 'result={"age": 12}' --let 'name=x y'
  same "$output" 'true'
  code 0 standin eval 'duration("90s") + duration("1m")'
  same "$output" '"150s"'
  runbook <<<'inputs: {on: {type: host, default: a}, wait: {type: duration, default: 90s}}
steps: [{id: s, uses: toy.look, host: a, with: {name: x}}]'
  code 0 standin eval 'inputs.on.id + string(inputs.wait)' --runbook r.yaml
  same "$output" '"a90s"'
  code 0 standin eval 'steps.s.outputs.value' --runbook r.yaml
  has "$output" '{"?":'
  code 2 standin eval '1 + len([])'
  has "$output" "no such function: 'len'; write size(x)"
  has "$output" $'\n      ^^^^^^^'
  code 2 standin eval '1 +'
  code 2 standin eval '1 / 0'
  has "$output" "division by zero"
}

@test "a plugin's author: validate reads plugin.yaml, actions lists one plugin, a program that cannot be run says why" {
  mkdir -p mine/toy mine/prog
  cp -r "$TREE/plugins/core" mine/
  cp "$TREE/tests/torture/plugins/toy/plugin.yaml" mine/toy/
  code 0 standin validate mine/toy/plugin.yaml
  same "$output" "mine/toy/plugin.yaml: valid"
  sed -i 's/kind: state/kind: stat/' mine/toy/plugin.yaml
  code 2 standin validate mine/toy/plugin.yaml
  has "$output" "must be one of 'state', 'task', 'probe', 'gate', but is 'stat'"
  rm -r mine/toy
  cat >mine/prog/plugin.yaml <<'YAML'
plugin: prog
summary: A program
process: {run: [prog.sh], protocol: 1}
actions:
  look: {summary: Look, kind: probe, inputs: {}, outputs: {}}
YAML
  echo '#!/bin/sh' >mine/prog/prog.sh
  code 0 standin actions core --plugins mine
  same "$(awk '{print $1}' <<<"$output" | tr '\n' ' ')" "core.run core.script core.set core.assert core.wait core.prompt core.approve core.notify core.log "
  code 0 standin actions prog --plugins mine
  same "$(awk '{print $1, $2, $3}' <<<"$output")" "prog.look probe process"
  runbook <<<'steps: [{uses: prog.look, host: a}]'
  code 1 standin run r.yaml --yes --plugins mine
  has "$output" "$W/mine/prog/prog.sh is not executable (chmod +x)"
}

@test "actions -o json: all, those of a plugin, one; what is not there is an error" {
  for name in "" core core.run; do
    # shellcheck disable=SC2086
    code 0 standin actions $name -o json
    python3 -c 'import json, sys; name = sys.argv[2]; assert all(a["name"].startswith(name) for a in json.loads(sys.argv[1]))' "$output" "$name"
  done
  [ "$(field "$output" 'len(value)')" = 1 ]
  code 2 standin actions core.rum -o json
}

@test "an argument that begins with a dash is told how to be one" {
  code 2 standin eval -1
  same "$output" "standin eval: there is no option -1
hint: if it is no option: standin eval -- -1"
  code 0 standin eval -- -1
  same "$output" "-1"
}
