#!/usr/bin/env bats
# A secret is in nothing that is shown, kept or left behind, on no host; and where one may not stand it is refused.
#
# Four canaries: one line from the environment, several lines from a file, every kind of quote from a command, one that is base64 already.
# canary.py looks for them, for each of their lines, and for both in base64, hex, JSON, percent escapes, shell quotes and as digests.
load support
load far

furnish() {
  C=$BATS_TEST_TMPDIR/canaries # beside what is searched
  mkdir "$C"
  printf 'canary-7f3a91d2' >"$C/line"
  printf -- '-----BEGIN CANARY-----\nb5e1-first-of-canary\nc\n\nb5e1-third, "quoted"\n-----END CANARY-----\n' >"$C/lines"
  printf '%s' "ca'n\"a%41ry\$(id)\`\\é😀&5d2e;" >"$C/odd"
  printf 'canary, coded: 83c0f1aa' | base64 -w0 >"$C/coded"
  {
    printf 'standin: "1"\nhosts:\n  here: {connection: local}\n'
    [ -z "${FAR:-}" ] || far_hosts
    printf 'secrets:\n  line: {env: CANARY_LINE}\n  lines: {file: %s/lines}\n  odd: {command: [cat, %s/odd]}\n' "$C" "$C"
    printf '  coded: {file: %s/coded}\n  sudo: {env: SUDO_WORD}\n' "$C"
  } >"$W/inventory.yaml"
  mkdir "$W/out.d" "$W/left"
  chmod 777 "$W/left"
  if [ -n "${FAR:-}" ]; then cp "$FAR/password" "$C/sudo"; else printf 'canary-no-sudo' >"$C/sudo"; fi
}

# with_secrets COMMAND... - the variables are set for this command only, which takes the place of the shell: no other process has them.
with_secrets() { (
  CANARY_LINE=$(cat "$C/line") SUDO_WORD=$(cat "${SUDO_FROM:-$C/sudo}")
  export CANARY_LINE SUDO_WORD
  exec "$@"
); }

# begin_with_secrets COMMAND... - the same in the background: its id in $pid, its output in out and err.
begin_with_secrets() {
  (
    CANARY_LINE=$(cat "$C/line") SUDO_WORD=$(cat "$C/sudo")
    export CANARY_LINE SUDO_WORD
    exec "$@"
  ) >"$W/out" 2>"$W/err" </dev/null 3>&- &
  pid=$!
  started+=("$pid")
}

clean() { python3 "$BATS_TEST_DIRNAME/canary.py" search "$C" "$@"; }

# All the ways in which programs show what they were given. $1: where they run.
telling() {
  runbook <<'YAML'
inputs:
  on: {type: host}
  left: {type: string}
  given: {type: secret, default: coded}
steps:
  - {id: plain, name: "Give ${{ secrets.line }} away", if: "secrets.line.startsWith('canary')", uses: core.run, host: "${{ inputs.on }}", with: {run: [sh, -c, 'cat; echo; sleep 0.2'], stdin: "${{ secrets.line }}"}}
  - id: kept
    uses: core.script
    host: ${{ inputs.on }}
    with: {env: {LEFT: "${{ inputs.left }}"}, stdin: "${{ secrets.lines }}", script: 'umask 0; cat > "$LEFT/lines"; cat "$LEFT/lines"; base64 "$LEFT/lines"; (printf x; cat "$LEFT/lines") | base64 -w0; (printf xy; cat "$LEFT/lines") | base64 -w20; od -An -tx1 "$LEFT/lines"'}
  - id: later # nobody gave it the secret: the host has kept it
    uses: core.run
    host: ${{ inputs.on }}
    with: {run: [sh, -c, 'cat "$1/lines" >&2; base64 -w0 "$1/lines"; head -n 2 "$1/lines"; env; tr "\0" "\n" </proc/$PPID/environ || true', sh, "${{ inputs.left }}"]}
  - id: exception
    uses: core.run
    host: ${{ inputs.on }}
    with: {stdin: "${{ secrets.odd }}", success: {exits: [1]}, run: [/usr/bin/python3, -c, 'import sys, json, urllib.parse, shlex; s = sys.stdin.read(); print(json.dumps(s), json.dumps(s, ensure_ascii=False), urllib.parse.quote(s, safe=""), shlex.quote(s), s.encode().hex(), s.encode().hex().upper(), sep="\n"); raise ValueError(s)']}
  - id: coded
    uses: core.run
    host: ${{ inputs.on }}
    with: {run: [sh, -c, 'tee "$1/coded" | base64 -d; echo; base64 "$1/coded"', sh, "${{ inputs.left }}"], stdin: "${{ inputs.given }}"}
  - id: broken # not UTF-8, and NUL
    uses: core.run
    host: ${{ inputs.on }}
    with: {run: [sh, -c, 'printf "\377\376"; cat; printf "\000\303"; exit 3'], stdin: "${{ secrets.line }}", success: {exits: [3]}}
  - {foreach: "${{ [secrets.line, secrets.coded] }}", as: one, id: each, uses: core.run, host: "${{ inputs.on }}", with: {run: [cat], stdin: "<${{ one }}>"}}
  - {uses: core.prompt, with: {message: Seen?}}
  - {name: wrong password, uses: core.run, host: "${{ inputs.on }}", hint: "not ${{ secrets.line }}", with: {run: [sh, -c, 'read p; echo "the password $p is wrong" >&2; exit 9'], stdin: "${{ secrets.line }}\n"}}
YAML
}

# Everything that can be said about a run, while it goes and after it.
tell_all() {
  local host=$1 options=(--input "on=$1" --input "left=$W/left" --answer 8=continue)
  with_secrets "$STANDIN" plan r.yaml "${options[@]:0:4}" >out.d/plan 2>&1
  with_secrets "$STANDIN" plan r.yaml -v "${options[@]:0:4}" >out.d/plan-v 2>&1
  with_secrets "$STANDIN" plan r.yaml -o json "${options[@]:0:4}" >out.d/plan.json 2>&1
  "$STANDIN" plan r.yaml --offline -v "${options[@]:0:2}" --input left=x --input given=lines >out.d/offline 2>&1 || true
  "$STANDIN" plan r.yaml --offline -o json "${options[@]:0:2}" --input left=x --input given=lines >out.d/offline.json 2>&1 || true
  with_secrets "$STANDIN" run r.yaml --yes -v "${options[@]}" >out.d/run 2>&1 </dev/null || [ $? -eq 1 ]
  with_secrets "$STANDIN" run r.yaml --yes -o json "${options[@]}" >out.d/run.json 2>&1 </dev/null || [ $? -eq 1 ]
  "$STANDIN" show >out.d/show 2>&1
  "$STANDIN" show -v >out.d/show-v 2>&1
  "$STANDIN" show -o json >out.d/show.json 2>&1
  "$STANDIN" runs >out.d/runs 2>&1
  "$STANDIN" attach >out.d/attach 2>&1 || true
  "$STANDIN" audit verify >out.d/audit 2>&1
  with_secrets "$STANDIN" eval 'string(inputs.given) + inputs.on.id' --runbook r.yaml "${options[@]:0:4}" >out.d/eval 2>&1 || true
  with_secrets "$STANDIN" eval 'int(inputs.given)' --runbook r.yaml "${options[@]:0:4}" >out.d/eval-error 2>&1 || true
  with_secrets "$STANDIN" eval 'inputs.given.matches("(" + inputs.given)' --runbook r.yaml "${options[@]:0:4}" >out.d/eval-regex 2>&1 || true
}

# The same on one host, watched.
leaves_no_trace() {
  local host=$1 watcher
  telling
  python3 "$BATS_TEST_DIRNAME/canary.py" watch "$C" "$W/ready" "$W/stop" >"$W/seen" 2>"$W/rounds" 3>&- &
  watcher=$!
  started+=("$watcher")
  await ready "$W/ready"
  tell_all "$host"
  : >"$W/stop"
  wait "$watcher" || { cat "$W/seen"; return 1; }
  has "$(cat out.d/run)" "the password ••• is wrong"
  clean out.d state || return 1
  [ "$(cat "$W/left/lines")" = "$(cat "$C/lines")" ] # it did arrive
  [ "$(cat "$W/left/coded")" = "$(cat "$C/coded")" ]
}

# If what searches cannot find, nothing above says anything.
@test "the search finds every form, in files and in processes" {
  mkdir control
  local name
  for name in line lines odd coded; do
    cp "$C/$name" "control/raw-$name"
    base64 "$C/$name" >"control/base64-$name"
    (printf 'z'; cat "$C/$name") | base64 >"control/shifted-$name"
    od -An -tx1 "$C/$name" >"control/hex-$name"
    sha256sum <"$C/$name" >"control/digest-$name"
    python3 -c 'import json, sys; print(json.dumps(sys.stdin.read().rstrip("\n")))' <"$C/$name" >"control/json-$name"
  done
  run clean control
  [ "$status" -eq 1 ]
  for name in control/*; do has "$output" "$name: "; done
  SEEN_HERE=$(cat "$C/line") sleep 600 3>&- &
  started+=($!)
  sh -c 'sleep 600; :' x "$(cat "$C/odd")" 3>&- &
  started+=($!)
  : >stop
  run python3 "$BATS_TEST_DIRNAME/canary.py" watch "$C" ready stop
  has "$output" "environ of sleep: line"
  has "$output" "cmdline of dash: odd"
}

@test "no trace: a local host" { leaves_no_trace here; }

@test "no trace: over ssh" {
  needs_far
  leaves_no_trace root
}

@test "no trace: over ssh and sudo with a password" {
  needs_far
  leaves_no_trace asked
}

@test "no trace: a wrong password for sudo" {
  needs_far
  telling
  printf 'not-the-canary-1b2c' >"$C/wrong"
  SUDO_FROM=$C/wrong
  with_secrets "$STANDIN" run r.yaml --yes -v --input on=asked --input "left=$W/left" >out.d/run 2>&1 </dev/null || true
  "$STANDIN" show -v >out.d/show
  has "$(cat out.d/run)" "cannot become root by sudo"
  clean out.d state
}

@test "attach, answer, a kill and a resume in between" {
  telling
  begin_with_secrets "$STANDIN" run r.yaml --yes --input on=here --input "left=$W/left"
  await '"kind":"waiting"'
  "$STANDIN" attach >out.d/attach 2>&1 3>&- &
  started+=($!)
  local watcher=$!
  await 'Seen?' out.d/attach
  clean out.d out err state
  kill -KILL "$pid"
  wait "$pid" || true
  wait "$watcher" || true
  with_secrets "$STANDIN" resume --answer 8=continue >out.d/resume 2>&1 </dev/null || [ $? -eq 1 ]
  has "$(cat out.d/resume)" "the password ••• is wrong"
  clean out.d state
}

@test "a foreach over secrets gives the secrets, not dots, also after a resume" {
  runbook <<'YAML'
inputs: {left: {type: string}}
steps:
  - group: each
    foreach: ${{ [secrets.line, secrets.coded] }}
    as: one
    steps:
      - {uses: core.prompt, with: {message: Go on?}}
      - {uses: core.run, host: here, with: {run: [sh, -c, 'cat >>"$1/got"; echo >>"$1/got"', sh, "${{ inputs.left }}"], stdin: "${{ one }}"}}
YAML
  begin_with_secrets "$STANDIN" run r.yaml --yes --input "left=$W/left"
  await '"kind":"waiting"'
  kill -KILL "$pid"
  wait "$pid" || true
  with_secrets "$STANDIN" resume --answer '1[0].1=continue' --answer '1[1].1=continue' >out.d/resume 2>&1 </dev/null
  same "$(cat left/got)" "$(cat "$C/line"; echo; cat "$C/coded")"
  clean out.d state
}

# What is shown are dots; what is compared is the value.
@test "a value is compared as it is, not as it is shown" {
  runbook <<'YAML'
steps:
  - {id: give, uses: core.run, host: here, with: {run: [sh, -c, 'tee "$0/kept"', "DIR"], stdin: "${{ secrets.line }}"}, expect: "result.stdout == secrets.line"}
  - {uses: core.run, host: here, with: {run: [echo, •••], stdin: "${{ secrets.line }}"}, expect: "result.stdout != secrets.line && steps.give.outputs.stdout != result.stdout"}
  - {uses: core.log, if: "steps.give.outputs.stdout == '•••'", with: {message: dots}}
  - {uses: core.run, host: here, with: {run: [sh, -c, 'cat "$0/kept"; echo; echo plain', "DIR"], regex: '^(?<which>\w+)-(?<number>\w+)\n(?<open>\w+)$'}, until: "result.which + '-' + result.number == secrets.line", expect: "result.open == 'plain'"}
  - {uses: core.run, host: here, with: {run: [sh, -c, 'cat; echo -more'], stdin: "${{ secrets.line }}"}, expect: "result.stdout == secrets.line"}
YAML
  sed -i "s#DIR#$W/left#" r.yaml
  code 1 with_secrets "$STANDIN" run r.yaml --yes -v
  printf '%s\n' "$output" >out.d/run
  has "$output" "skipped   3 "
  has "$output" 'expected result.stdout == secrets.line; observed {"exit":0,"stdout":"•••","stderr":""}'
  has "$(journal)" '"outputs":{"exit":0,"stdout":{"$secret":"•••"},"stderr":"","number":{"$secret":"•••"},"open":{"$secret":"•••"},"which":{"$secret":"•••"}}'
  clean out.d state
}

@test "a resume knows what a host was given, and says what it does not know any more" {
  runbook <<'YAML'
steps:
  - {id: give, uses: core.run, host: here, with: {run: [sh, -c, 'tee "$0/kept"', "DIR"], stdin: "${{ secrets.line }}"}}
  - {uses: core.prompt, with: {message: Go on?}}
  - {uses: core.run, host: here, with: {run: [cat, "DIR/kept"]}}
  - {uses: core.log, if: "steps.give.outputs.stdout == '•••'", with: {message: dots}}
YAML
  sed -i "s#DIR#$W/left#" r.yaml
  begin_with_secrets "$STANDIN" run r.yaml --yes
  await '"kind":"waiting"'
  kill -KILL "$pid"
  wait "$pid" || true
  code 3 "$STANDIN" resume --answer 2=continue </dev/null
  has "$output" "what hosts say cannot be kept safely: secret 'line': the environment variable CANARY_LINE is not set"
  code 1 with_secrets "$STANDIN" resume --answer 2=continue
  printf '%s\n' "$output" >out.d/resume
  has "$output" "if: it held a secret, which is kept nowhere: it is not known any more"
  clean out.d state
}

# An object that held a secret before: after a crash nobody can tell whether it is still as it was.
@test "a resume asks before it applies over what had held a secret" {
  local root=$W/world
  mkdir -p "$root/objects"
  : >"$root/observed"
  : >"$root/apply.log"
  sed -i "s#here: {connection: local}#here: {connection: local, vars: {root: $root}}#" inventory.yaml
  runbook <<'YAML'
steps:
  - {uses: core.run, host: here, with: {run: [sh, -c, '{ cat; echo; } >"$0/objects/x"', "DIR"], stdin: "${{ secrets.line }}"}}
  - {uses: toy.put, host: here, with: {name: x, value: new}}
YAML
  sed -i "s#DIR#$root#" r.yaml
  run with_secrets env STANDIN_FAULT=apply.before:2:kill "$STANDIN" run r.yaml --yes
  has "$(journal | tail -n 1)" '"before":{"state":{"value":{"$secret":"•••"},'
  code 3 with_secrets "$STANDIN" resume </dev/null
  printf '%s\n' "$output" >out.d/closed
  has "$output" "what it was before held a secret, which no journal keeps"
  code 0 with_secrets "$STANDIN" resume --answer 2=apply
  printf '%s\n' "$output" >out.d/resume
  same "$(cat "$root/apply.log")" "put x new"
  clean out.d state
}

@test "the environment: no child has it, and soon not even the engine itself" {
  runbook <<'YAML'
steps: [{uses: core.prompt, with: {message: Here}}]
YAML
  begin_with_secrets "$STANDIN" run r.yaml --yes
  await '"kind":"waiting"'
  cp "/proc/$pid/environ" out.d/environ
  has "$(tr '\0' '\n' <out.d/environ)" "STANDIN_STATE="
  clean out.d
}

@test "a crash leaves no core file" {
  case $(cat /proc/sys/kernel/core_pattern) in
  */* | '|'*) skip "core files do not go to the folder of the process here" ;;
  esac
  ulimit -c unlimited
  sleep 600 3>&- &
  pid=$!
  kill -ABRT "$pid"
  wait "$pid" || true
  compgen -G 'core*' >/dev/null # so it can be done
  rm -f core*
  runbook <<'YAML'
inputs: {given: {type: secret, default: line}}
steps: [{uses: core.prompt, with: {message: Here}}]
YAML
  begin_with_secrets "$STANDIN" run r.yaml --yes
  await '"kind":"waiting"'
  kill -ABRT "$pid"
  status=0
  wait "$pid" || status=$?
  [ "$status" -eq 134 ]
  run compgen -G 'core*'
  [ -z "$output" ]
}

@test "no temporary file: what is written with a secret in it goes into a pipe" {
  command -v strace >/dev/null || skip "no strace"
  runbook <<'YAML'
steps:
  - {uses: core.run, host: here, with: {run: [wc, -c], stdin: "${{ secrets.line }}"}}
  - {uses: core.run, host: here, with: {run: [cat], stdin: "${{ secrets.lines }}"}}
YAML
  with_secrets strace -f -y -s 4096 -e trace=write,writev,pwrite64,sendto,sendmsg,msync -o trace "$STANDIN" run r.yaml --yes -v >out 2>err </dev/null
  grep -q 'write([0-9]*<pipe:\[[0-9]*\]>, "canary-7f3a91d2"' trace # the trace does show it
  run grep -vE '^[0-9]+ +write\([0-9]+<(pipe|socket):' trace
  printf '%s\n' "$output" >out.d/elsewhere
  clean out.d out err state
}

@test "no digest tells a secret: plans and runs over different ones have the same" {
  runbook <<'YAML'
inputs: {given: {type: secret, default: line}}
steps:
  - {uses: core.run, host: here, with: {run: [sh, -c, 'yes "$(cat)" | head -c 40000'], stdin: "${{ inputs.given }}"}}
YAML
  digests() { python3 -c 'import json, sys; print(json.load(sys.stdin)["digests"])'; }
  local one other
  one=$(with_secrets "$STANDIN" plan r.yaml -o json | digests)
  other=$(CANARY_LINE=another SUDO_WORD=x "$STANDIN" plan r.yaml -o json | digests)
  same "$one" "$other"
  has "$one" "'inputs': '"
  with_secrets "$STANDIN" run r.yaml --yes >out
  has "$(journal)" "cut here; 40000 bytes in all]"
  clean state out
}

# --- where a secret may not stand ---

# refused TEXT - validating r.yaml is an error that says so.
refused() {
  code 2 standin validate r.yaml
  has "$output" "$1"
  has "$output" "[check/secret]"
}

@test "refused when the runbook is checked" {
  local at
  while IFS='|' read -r text step; do
    printf 'steps:\n  - %s\n' "$step" | runbook
    refused "a secret may not stand in $text"
  done <<'EOF'
`run` of core.run: others could read it there|{uses: core.run, host: here, with: {run: [echo, "${{ secrets.line }}"]}}
`env` of core.run: others could read it there|{uses: core.run, host: here, with: {run: [env], env: {X: "a${{ secrets.line }}"}}}
`regex` of core.run: others could read it there|{uses: core.run, host: here, with: {run: [env], regex: "(${{ secrets.line }}"}}
`message` of core.log: others could read it there|{uses: core.log, with: {message: "${{ secrets.line }}"}}
`message` of core.prompt: others could read it there|{uses: core.prompt, with: {message: "${{ secrets.line }}"}}
`choices` of core.prompt: others could read it there|{uses: core.prompt, with: {message: m, choices: ["${{ secrets.line }}"]}}
`message` of core.notify: others could read it there|{uses: core.notify, with: {message: "${{ secrets.line + '!' }}"}}
`values` of core.set: others could read it there|{uses: core.set, with: {values: {a: ["${{ {'k': secrets.line} }}"]}}}
`that` of core.assert: others could read it there|{uses: core.assert, with: {that: "${{ secrets.line == 'x' }}"}}
`name` of toy.put: others could read it there|{uses: toy.put, host: here, with: {name: "${{ secrets.line }}", value: v}}
`value` of toy.put: others could read it there|{uses: toy.put, host: here, with: {name: n, value: "${{ secrets.line.size() > 3 ? 'a' : 'b' }}"}}
`host`: others could read it there|{uses: core.run, host: "${{ secrets.line }}", with: {run: [id]}}
`via`: others could read it there|{uses: core.run, host: here, via: "${{ secrets.line }}", with: {run: [id]}}
`user`: others could read it there|{uses: core.run, host: here, user: "${{ secrets.line }}", with: {run: [id]}}
an output: outputs are kept in the journal|{id: x, uses: core.run, host: here, with: {run: [id]}, outputs: {y: "${{ secrets.line }}"}}
EOF
  printf 'steps: [{uses: core.log, with: {message: m}}]\noutputs: {x: "${{ secrets.line }}"}\n' | runbook
  refused "a secret may not stand in an output: outputs are kept in the journal"
  printf 'inputs: {given: {type: secret}}\nsteps: [{uses: core.log, with: {message: "${{ inputs.given }}"}}]\n' | runbook
  refused 'a secret may not stand in `message` of core.log'
  printf 'inputs: {text: {type: string}}\nsteps: [{uses: core.log, with: {message: "${{ inputs.text }}"}}]\n' | runbook callee
  printf 'steps: [{call: callee.yaml, with: {text: "${{ secrets.line }}"}}]\n' | runbook
  refused 'a secret may not stand in `text` of test/callee: that input is not declared to be one'
}

# What comes by a name of its own cannot be seen beforehand: refused where it would be used, before anything runs.
@test "refused when it is executed" {
  while IFS='|' read -r text step; do
    printf 'steps:\n  - group: g\n    foreach: ["${{ secrets.line }}"]\n    as: x\n    steps:\n      - %s\n' "$step" | runbook
    code 0 standin validate r.yaml
    run with_secrets "$STANDIN" plan r.yaml
    printf '%s' "$output" >>out.d/plan
    run with_secrets "$STANDIN" run r.yaml --yes -v
    [ "$status" -eq 1 ] || { echo "$step: $output"; return 1; }
    has "$output" "$text"
    printf '%s' "$output" >>out.d/run
  done <<'EOF'
a secret may not stand in `run` of core.run|{uses: core.run, host: here, with: {run: [echo, "${{ x }}"]}}
a secret may not stand in `env` of core.run|{uses: core.run, host: here, with: {run: [env], env: {X: "a${{ x }}"}}}
a secret may not stand in `regex` of core.run|{uses: core.run, host: here, with: {run: [env], regex: "(${{ x }}"}}
a secret may not stand in `message` of core.log|{uses: core.log, with: {message: "a ${{ x }} b"}}
a secret may not stand in `message` of core.prompt|{uses: core.prompt, with: {message: "${{ [x].map(y, y)[0] }}"}}
a secret may not stand in `choices` of core.prompt|{uses: core.prompt, with: {message: m, choices: ["${{ x }}"]}}
a secret may not stand in `message` of core.notify|{uses: core.notify, with: {message: "${{ x.upperAscii() }}", command: [cat]}}
a secret may not stand in `values` of core.set|{uses: core.set, with: {values: {a: ["${{ {'k': x} }}"]}}}
a secret may not stand in `name` of toy.put|{uses: toy.put, host: here, with: {name: "${{ x }}", value: v}}
a secret may not stand in `value` of toy.put|{uses: toy.put, host: here, with: {name: n, value: "${{ x == 'a' ? 'b' : 'c' }}"}}
host: a secret may not stand here|{uses: core.run, host: "${{ x }}", with: {run: [id]}}
via: a secret may not stand here|{uses: core.run, host: here, via: "${{ x }}", with: {run: [id]}}
user: a secret may not stand here|{uses: core.run, host: here, user: "${{ x }}", with: {run: [id]}}
the output 'y' is secret, and outputs are kept in the journal|{uses: core.run, host: here, with: {run: [id]}, outputs: {y: "${{ x }}"}}
EOF
  clean out.d state
}

@test "errors of expressions do not quote it" {
  while read -r expression; do
    printf 'steps:\n  - {if: "%s", uses: core.log, with: {message: m}}\n' "$expression" | runbook
    run with_secrets "$STANDIN" run r.yaml --yes -v
    [ "$status" -eq 1 ] || { echo "$expression: $output"; return 1; }
    printf '%s' "$output" >>out.d/run
  done <<'EOF'
int(secrets.line) > 0
secrets.line
double(secrets.coded) > 0.5
duration(secrets.line) > duration('1s')
timestamp(secrets.lines) > timestamp('2020-01-01T00:00:00Z')
{'a': 1}[secrets.line] == 1
'x'.matches('(' + secrets.odd)
[1, 2][int(secrets.line)] == 1
secrets.line + 1 == ''
secrets.line.format([1]) == ''
EOF
  clean out.d state
}

@test "a secret that is not there is an error without a value" {
  runbook <<'YAML'
steps: [{uses: core.run, host: here, with: {run: [cat], stdin: "${{ secrets.line }}"}}]
YAML
  code 1 standin run r.yaml --yes
  has "$output" "secret 'line': the environment variable CANARY_LINE is not set"
  printf 'x\377y' >"$C/lines"
  sed -i 's/secrets.line/secrets.lines/' r.yaml
  run with_secrets "$STANDIN" run r.yaml --yes
  has "$output" "secret 'lines' is not valid UTF-8"
  rm "$C/lines"
  printf 'steps: [{uses: core.run, host: here, with: {run: [cat], stdin: "${{ secrets.odd }}"}}]\n' | runbook
  sed -i 's/command: \[cat, [^]]*\]/command: [sh, -c, "cat '"${C//\//\\/}"'\/coded; cat '"${C//\//\\/}"'\/coded >\&2; exit 4"]/' inventory.yaml
  with_secrets "$STANDIN" run r.yaml --yes >out.d/run 2>&1 || true
  has "$(cat out.d/run)" "ended with exit code 4"
  clean out.d
}
