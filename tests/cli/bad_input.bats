#!/usr/bin/env bats
# What may be wrong with what is read: each is an error that says where, what and what to write instead; and costs little.
#
# Every call may take 64 MiB of memory and ten seconds of processor time, then it is killed: no clock is read.
load support

furnish() {
  HEAD=$'standin: "1"\nrunbook: test/bad\nkind: drill\n'
}

# bounded COMMAND... - 99 if it took more than 64 MiB of memory (with SAN_BUILD, which sanitizers need, that is not looked at).
bounded() {
  prlimit --cpu=10 /usr/bin/time -o "$W/spent" -f '%M %x' "$@"
  local code=$?
  read -r memory _ < <(tail -n 1 "$W/spent")
  [ "$memory" -le 65536 ] || [ -n "${SAN_BUILD:-}" ] || { echo "it took $memory KiB: $*"; return 99; }
  return $code
}

# wrong TEXT - validating bad.yaml gives an error of this text with a place, and executes nothing.
wrong() {
  run bounded "$STANDIN" validate bad.yaml
  [ "$status" -eq 2 ] || { echo "exit code $status: ${output:0:2000}"; return 1; }
  has "${output:0:20000}" "$1"
  [[ $output =~ bad\.yaml(:[0-9]+:[0-9]+)?:\ error:|error:\ bad\.yaml ]] || { echo "no place: ${output:0:500}"; return 1; }
  has_not "$output" $'\e'
}

# made PYTHON - bad.yaml is what the expression gives, behind the head.
made() { HEAD=$HEAD /usr/bin/python3 -c 'import os, sys; sys.stdout.buffer.write((os.environ["HEAD"] + eval(sys.argv[1])).encode("utf-8", "surrogateescape"))' "$1" >bad.yaml; }

@test "YAML that grows: alias bomb, depth, size, values" {
  made '"a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join("%s: &%s [%s]\n" % (chr(98 + i), chr(98 + i), ",".join(["*" + chr(97 + i)] * 10)) for i in range(9)) + "steps: *j\n"'
  wrong 'the aliases of this document stand for more than 10,000 values [yaml/alias]'
  made '"steps: " + "[" * 1000000'
  wrong 'bad.yaml:4:71: error: lists and maps are nested deeper than 64 levels [yaml/depth]'
  made '"steps: " + "{a: " * 250000'
  wrong 'lists and maps are nested deeper than 64 levels [yaml/depth]'
  made '"steps:\n" + "".join(" " * i + "-\n" for i in range(1, 1200))'
  wrong 'bad.yaml:68:65: error: lists and maps are nested deeper than 64 levels [yaml/depth]'
  made '"steps: []\n#" + "x" * (1024 * 1024 + 1 - 11 - 42) + "\n"'
  [ "$(stat -c %s bad.yaml)" -gt $((1024 * 1024)) ]
  wrong 'bad.yaml is larger than 1048576 bytes [yaml/size]'
  made '"steps:\n" + "- {uses: core.log, with: {message: m}}\n" * 100000'
  wrong 'bad.yaml is larger than 1048576 bytes [yaml/size]'
  made '"steps: [" + ",".join(["{}"] * 300000) + "]\n"'
  wrong 'the document holds more than 200,000 values [yaml/size]'
  made '"steps: [" + ",".join(["a"] * 500000) + "]\n"'
  wrong 'the document holds more than 200,000 values [yaml/size]'
  made '"steps: [" + ",".join(["&a b"] * 200000) + "]\n"'
  wrong 'too many anchors: at most 1,000 are allowed [yaml/alias]'
}

@test "one long line costs no more than many short ones" {
  made '"steps: [" + ",".join(["\"a b\""] * 140000) + "]\n"'
  wrong "must be a map, but is 'a b' [schema/type]"
  made '"steps: [" + ",".join(["{uses: core.log, with: {message: \"m\"}}"] * 20000) + ", {}]\n"'
  wrong "missing key: 'uses', 'group' or 'call' [schema/missing-key]"
  made '"steps: [" + "\"" + "x" * 400000 + "\", " + "*x, " * 100000 + "]\n"'
  wrong "there is no anchor '&x' before this [yaml/alias]"
}

@test "characters: NUL, controls, bidirectional ones, no UTF-8" {
  while IFS='|' read -r text python; do
    made "'steps:\\n- {uses: core.log, with: {message: \"a' + $python + 'b\"}}\\n'"
    wrong "$text"
    has "$output" "bad.yaml:5:"
  done <<'EOF'
a NUL byte|"\0"
a control character (U+0007)|"\7"
a control character (U+001B)|"\x1b"
a control character (U+007F)|"\x7f"
a control character (U+009B)|"\x9b"
a bidirectional control character (U+202E)|"\u202e"
a bidirectional control character (U+2066)|"\u2066"
a bidirectional control character (U+200F)|"\u200f"
UTF-8|"\udcff"
UTF-8|"\udcc0\udc80"
UTF-8|"\udced\udca0\udc80"
EOF
}

@test "keys: duplicate, unknown, many of both" {
  made '"steps: [{uses: core.log, with: {message: m}}]\nkind: drill\n"'
  wrong "bad.yaml:5:1: error: duplicate key 'kind' [yaml/duplicate-key]"
  has "$output" "the first one is in line 3"
  made '"stpes: []\n"'
  wrong "unknown key 'stpes' [schema/unknown-key]"
  has "$output" "did you mean 'steps'?"
  made '"steps: [{uses: core.log, with: {message: m}}]\n" + "kind: drill\n" * 50000'
  wrong "duplicate key 'kind' [yaml/duplicate-key]"
  made '"steps: [{uses: core.log, with: {message: m}}]\n" + "".join("k%d: 1\n" % i for i in range(50000))'
  wrong "unknown key 'k0' [schema/unknown-key]"
  [ "${#output}" -lt 100000 ] # it stops telling
}

@test "names: hosts, actions, inputs, ids, secrets; with what was meant" {
  while IFS='|' read -r text hint step; do
    made "'inputs: {target: {type: string, default: x}}\\nsteps:\\n- {uses: core.log, id: first, with: {message: m}}\\n- ' + '''$step''' + '\\n'"
    wrong "$text"
    has "$output" "$hint"
    has "$output" "bad.yaml:7:"
  done <<'EOF'
has no host 'aa'|did you mean 'a'?|{uses: core.run, host: aa, with: {run: [id]}}
there is no action 'core.lgo'|did you mean 'core.log'?|{uses: core.lgo, with: {message: m}}
declares no input 'targte'|did you mean 'target'?|{uses: core.log, with: {message: "${{ inputs.targte }}"}}
no step has the id 'frist'|did you mean 'first'?|{uses: core.log, with: {message: "${{ steps.frist.outcome }}"}}
declares no secret 'wrod'|did you mean 'word'?|{uses: core.run, host: a, with: {run: [cat], stdin: "${{ secrets.wrod }}"}}
EOF
}

@test "no expression is put into the text of a script" {
  mkdir plugins/bad
  cat >plugins/bad/plugin.yaml <<'YAML'
plugin: bad
summary: x
actions:
  do:
    summary: x
    kind: task
    effect: read
    inputs: {name: {type: string}}
    linux:
      apply:
        script: |
          echo ${{ inputs.name }}
YAML
  made '"steps: [{uses: core.log, with: {message: m}}]\n"'
  code 2 standin validate bad.yaml
  has "$output" 'plugins/bad/plugin.yaml:12:16: error: a script may not contain `${{ }}`'
  has "$output" 'pass it by `env:'
  rm -r plugins/bad
}

@test "a template where everything has to be known from the text" {
  local key
  for key in preflight steps finally; do
    made "'$key: \"\${{ 1 }}\"\\nkind: drill\\n'.replace('kind', 'summary') + ('' if '$key' == 'steps' else 'steps: [{uses: core.log, with: {message: m}}]\\n')"
    wrong "\`\${{ }}\` may not stand in \`$key\`: it is read before anything is evaluated [runbook/template]"
  done
  for key in id retry timeout parallel max_concurrent rescue finally; do
    made "'steps: [{group: g, $key: \"\${{ 1 }}\", steps: [{uses: core.log, with: {message: m}}]}]\\n'"
    wrong "\`\${{ }}\` may not stand in \`$key\`"
  done
  made "'steps: [{uses: core.log, with: \"\${{ {1: 2} }}\"}]\\n'"
  wrong "\`\${{ }}\` may not stand in \`with\`"
  has "$output" 'write its keys, and `${{ }}` in their values'
}

@test "a cycle of calls, and a runbook that is not there" {
  printf '%ssteps: [{call: other.yaml}]\n' "$HEAD" >bad.yaml
  printf '%ssteps: [{call: bad.yaml}]\n' "${HEAD/bad/other}" >other.yaml
  code 2 bounded "$STANDIN" validate bad.yaml
  has "$output" "other.yaml:4:"
  has "$output" "this call goes round in a circle"
  printf '%ssteps: [{call: nowhere.yaml}]\n' "$HEAD" >bad.yaml
  wrong nowhere.yaml
  printf '%ssteps: [{call: bad.yaml}]\n' "$HEAD" >bad.yaml
  wrong "this call goes round in a circle"
}

@test "expressions: deep, long, many" {
  made "'steps:\\n- {if: \"' + '(' * 100000 + '1' + ')' * 100000 + '\", uses: core.log, with: {message: m}}\\n'"
  wrong 'bad.yaml:5:259: error: if: the expression is nested deeper than 250 levels'
  made "'steps:\\n- {if: \"' + '!' * 200000 + 'true\", uses: core.log, with: {message: m}}\\n'"
  wrong 'nested deeper than 250 levels'
  made "'steps:\\n- {if: \"' + 'true && ' * 100000 + 'true\", uses: core.log, with: {message: m}}\\n'"
  wrong 'nested deeper than 250 levels'
  made "'steps:\\n- {uses: core.log, with: {message: \"' + '\${{ 1 }}' * 100000 + '\"}}\\n'"
  wrong 'more than 10000 expressions in one value'
}

# refused_at_run TEXT - it validates, is shown as such by a plan, and fails when it is executed.
refused_at_run() {
  code 0 bounded "$STANDIN" validate bad.yaml
  run bounded "$STANDIN" plan bad.yaml --offline
  [ "$status" -lt 2 ] || { echo "$status: $output"; return 1; }
  has "$output" "$1"
  code 1 bounded "$STANDIN" run bad.yaml --yes
  has "$output" "$1"
}

@test "evaluation: a comprehension, a foreach, a text, a pattern that grow without end" {
  made "'steps:\\n- {foreach: \"\${{ ' + ''.join('[1,2,3,4,5,6,7,8,9,10].map(%s, ' % c for c in 'abcdefgh') + '1' + ')' * 8 + ' }}\", uses: core.log, with: {message: m}}\\n'"
  refused_at_run 'foreach: the expression takes more than 1000000 steps'
  made "'steps:\\n- {if: \"\${{ ' + ''.join('[1,2,3,4,5,6,7,8,9,10].all(%s, ' % c for c in 'abcdefgh') + 'true' + ')' * 8 + ' || true }}\", uses: core.log, with: {message: m}}\\n'"
  refused_at_run 'if: the expression takes more than 1000000 steps'
  made "'steps:\\n- {if: \"\${{ [1,2,3,4,5,6,7,8,9,10].map(a, [1,2,3,4,5,6,7,8,9,10].map(b, [1,2,3,4,5,6,7,8,9,10].map(c, [1,2,3,4,5,6,7,8,9,10].map(d, \\'' + 'x' * 5000 + '\\' + string(d))))).size() > 0 }}\", uses: core.log, with: {message: m}}\\n'"
  refused_at_run 'the expression takes more than'
  made "'steps:\\n- {if: \"\\'' + 'a' * 60 + '!\\'.matches(\\'^(a+)+\$\\')\", uses: core.log, with: {message: m}}\\n'"
  refused_at_run 'the regular expression was given up: it takes too many steps on this text'
}

@test "patterns that never end: of an input, in a manifest" {
  made "'inputs: {x: {type: string, pattern: \\'^(a+)+\$\\', default: \\'' + 'a' * 60 + '!\\'}}\\nsteps: [{uses: core.log, with: {message: m}}]\\n'"
  wrong "input 'x' cannot be compared with its pattern: the regular expression was given up"
  mkdir plugins/slow
  cat >plugins/slow/plugin.yaml <<'YAML'
plugin: slow
summary: x
actions:
  look:
    summary: x
    kind: probe
    outputs: {x: {type: string}}
    linux:
      observe: {run: [echo, aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!], regex: "^(?<x>(a+)+)$"}
YAML
  made '"steps: [{uses: slow.look, host: a}]\n"'
  code 1 bounded "$STANDIN" run bad.yaml --yes
  has "$output" "the regular expression was given up"
}

@test "a foreach over 2,000 items, a plan of it: bounded" {
  made "'steps:\\n- {foreach: \"\${{ \\'' + 'a,' * 2000 + '\\'.split(\\',\\') }}\", uses: core.log, with: {message: m}}\\n'"
  code 0 bounded "$STANDIN" plan bad.yaml --offline
  has "$output" "2001 to run"
}

@test "a line of 1 GiB from a host: memory stays small, head, tail, length and digest are kept" {
  printf '%s\n' 'printf begin' 'head -c 1073741824 /dev/zero | tr "\0" x' 'printf end' >flood
  made "'steps: [{uses: core.run, host: a, with: {run: [sh, $W/flood]}}]\\n'"
  prlimit --cpu=60 /usr/bin/time -o spent -f %M "$STANDIN" run bad.yaml --yes -v >out 2>err </dev/null
  [ "$(tail -n 1 spent)" -le 65536 ] || [ -n "${SAN_BUILD:-}" ]
  /usr/bin/python3 - "$W"/state/runs/*/journal.jsonl <<'PYTHON'
import json, re, sys
(step,) = [record for record in map(json.loads, open(sys.argv[1])) if record["kind"] == "step_finished"]
text = step["evidence"][0]["stdout"]
assert text.startswith("beginxxx") and text.endswith("xxxend") and len(text) < 20000, text[:60] + text[-60:]
assert re.search(r"\[\.\.\. cut here; 1073741832 bytes in all, SHA-256 [0-9a-f]{64}\]", text), text[8000:8600]
PYTHON
  [ "$(stat -c %s "$W"/state/runs/*/journal.jsonl)" -lt 200000 ]
}

# Every byte of the output, but for the sequences that the engine itself draws with.
no_escapes() {
  local file
  for file; do
    ! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]' "$file" || {
      echo "$file:"
      cat -v "$file" | head -n 20
      return 1
    }
  done
}

@test "nothing that a host or a file says moves a cursor: text and JSON, outputs, names, errors, paths" {
  local evil=$'\e[2J\e]0;title\a\x9b31m\u009b31m\u202e\r\b\x7f'
  mkdir -p "dir"$'\e[31m'
  printf '%s' "$HEAD" >bad.yaml
  cat >>bad.yaml <<'YAML'
summary: "sum\e[31m\x9b"
steps:
  - {name: "n\e[2J\u202e\x9b31m", uses: core.run, host: a, with: {run: [printf, '\033[2J\033]0;t\007\302\233\342\200\256\r\b%s\n', "\e[31m"]}}
  - {uses: core.log, with: {message: "m\e[2J\x9b31m\r"}}
  - {id: ask, uses: core.prompt, with: {message: "q\e[2J\x9b", choices: ["c\e[2J", stop]}}
  - {group: "g\e[2J\x9b", steps: [{uses: core.set, with: {values: {"k\e[2J": "v\e[2J\x9b"}}}]}
  - {name: "bad\e[2J", hint: "h\e[2J\x9b", uses: core.run, host: a, with: {run: [sh, -c, 'printf "\033[2J\302\233boom" >&2; exit 4']}}
YAML
  run "$STANDIN" validate bad.yaml
  printf '%s' "$output" >validate
  "$STANDIN" plan bad.yaml -v >plan 2>&1 || true
  "$STANDIN" plan bad.yaml -o json >plan.json 2>&1 || true
  "$STANDIN" run bad.yaml --yes -v --answer ask=$'c\e[2J' >run 2>&1 </dev/null || true
  "$STANDIN" run bad.yaml --yes -o json --answer ask=$'c\e[2J' >run.json 2>&1 </dev/null || true
  "$STANDIN" show -v >show
  "$STANDIN" show -o json >show.json
  "$STANDIN" runs >runs
  "$STANDIN" attach >attach 2>&1 || true
  has "$(cat run)" 'boom'
  cp bad.yaml "dir"$'\e[31m/'bad.yaml
  "$STANDIN" validate "dir"$'\e[31m/'bad.yaml >path 2>&1 || true
  "$STANDIN" validate "no"$'\e[31m\u009b'.yaml >missing 2>&1 || true
  "$STANDIN" run bad.yaml --input "$evil=1" >option 2>&1 || true
  "$STANDIN" "$evil" >verb 2>&1 || true
  "$STANDIN" run bad.yaml --"$evil" >option2 2>&1 || true
  "$STANDIN" eval "$evil" >eval 2>&1 || true
  "$STANDIN" eval '"\u001b[31m\u009b\u202e"' >eval2 2>&1
  "$STANDIN" eval --let "x=$evil" 'int(x)' >eval3 2>&1 || true
  "$STANDIN" show "$evil" >show2 2>&1 || true
  "$STANDIN" actions "$evil" >actions 2>&1 || true
  "$STANDIN" resume "$evil" >resume 2>&1 || true
  printf 'standin: "1"\nhosts: {a: {connection: local, %s: 1}}\n' "$evil" >evil.yaml
  "$STANDIN" plan bad.yaml -i evil.yaml >inventory 2>&1 || true
  no_escapes validate plan plan.json run run.json show show.json runs attach path missing option verb option2 eval eval2 eval3 show2 actions resume inventory
}

@test "on a terminal: only colours and the engine's own drawing" {
  command -v script >/dev/null || skip "no script(1)"
  printf '%s' "$HEAD" >bad.yaml
  cat >>bad.yaml <<'YAML'
steps:
  - {name: "n\e]0;evil\a", uses: core.run, host: a, with: {run: [printf, '\033]0;evil\007\033[31mred\302\233 31m']}}
  - {name: "bad\e[2J", uses: core.run, host: a, with: {run: [sh, -c, 'printf "\033]0;evil\007\033P$q\033\\\\" >&2; exit 4']}}
YAML
  script -qec "TERM=xterm '$STANDIN' run bad.yaml --yes -v" /dev/null >typed 2>&1 </dev/null || true
  /usr/bin/python3 - <<'PYTHON'
import re
data = open("typed", "rb").read()
assert b"evil" in data
assert re.search(rb"\x1b\[[0-9;]*m", data), "no colour at all: this is no terminal"
rest = re.sub(rb"\x1b\[\??[0-9;]*[A-HJKmhl]", b"", data)  # colours, lines cleared and cursor moved by the view itself
assert not re.search(rb"\x1b|\xc2[\x80-\x9f]|\x9b", rest), re.search(rb".{30}(\x1b|\xc2[\x80-\x9f]|\x9b).{30}", rest, re.S)
assert b"\x1b[2J" not in data and b"\x1b]" not in data
PYTHON
}
