#!/usr/bin/env bats
# Values that shells like to misread, on every way to a host: each byte arrives, nothing is executed.
#
# hostile.py makes the values and is also what they are given to: as arguments, in a variable, on stdin. Each host is reached by other
# shells: none (local), a prefix that starts one (command), a login shell behind sshd (root), that and sudo and env (free, asked).
# For PowerShell and cmd.exe see tests/unit/connection/hostile_test.c; for transient units tests/lab/connection.bats.
load support
load far

MARK=/tmp/standin-hostile-mark

furnish() {
  {
    printf 'standin: "1"\nhosts:\n  here: {connection: local}\n'
    printf '  prefixed: {connection: command, command: [sh, -c, "exec \\"$@\\"", "it'"'"'s $(id)"]}\n'
    [ -z "${FAR:-}" ] || far_hosts
    printf 'secrets:\n  sudo: {file: %s/password}\n' "${FAR:-/nowhere}"
  } >inventory.yaml
  chmod 755 "$W"
  cp "$BATS_TEST_DIRNAME/hostile.py" say.py
  mkdir -m 777 got
  [ ! -e "$MARK" ]
}

# writes r.yaml and expected.json: steps that give some values each, as arguments, as variables and joined on stdin.
write_runbook() { # HOST
  /usr/bin/python3 - "$1" <<'PYTHON'
import json, sys
sys.path.insert(0, ".")
import say

def cel(text):  # every other character as an escape of the expression language: nothing in it is YAML's or a template's
    return '"' + "".join(c if c.isascii() and c.isalnum() else f"\\U{ord(c):08x}" for c in text) + '"'

def chunks(values, size):
    chunk, used = [], 0
    for value in values:
        cost = 4 * len(value.encode()) + 8
        if chunk and used + cost > size:
            yield chunk
            chunk, used = [], 0
        chunk.append(value)
        used += cost
    yield chunk

host, steps, expected = sys.argv[1], [], []
for number, chunk in enumerate(chunks(say.values(), 11000)):
    variables = "".join(f"      V{i}: '${{{{ {cel(value)} }}}}'\n" for i, value in enumerate(chunk))
    words = ["/usr/bin/python3", "say.py-path", "say", f"got-path/{number}"]
    steps.append(f"""  - uses: core.run
    host: {host}
    with:
      run: '${{{{ [{", ".join(["inputs.python", "inputs.say", cel("say"), f'inputs.got + "/{number}"'] + [cel(v) for v in chunk])}] }}}}'
      stdin: '${{{{ {cel(chr(30).join(chunk))} }}}}'
      env:
{variables.replace("      V", "        V")}""")
    expected.append(chunk)
with open("r.yaml", "w") as file:
    file.write(f'standin: "1"\nrunbook: test/hostile\nkind: drill\ninputs:\n  python: {{type: string}}\n  say: {{type: string}}\n  got: {{type: string}}\nsteps:\n' + "".join(steps))
with open("expected.json", "w") as file:
    json.dump(expected, file)
PYTHON
}

GIVEN=()
give() { GIVEN=(--input python=/usr/bin/python3 --input "say=$W/say.py" --input "got=$W/got"); }

# compares got/ with expected.json
compare() {
  /usr/bin/python3 - <<'PYTHON'
import json
count = 0
for number, chunk in enumerate(json.load(open("expected.json"))):
    got = json.load(open(f"got/{number}"))
    back = lambda text: bytes.fromhex(text).decode("utf-8", "surrogateescape")
    assert list(map(back, got["arguments"])) == chunk, f"arguments of {number}"
    assert [back(got["variables"].get(f"V{i}", "")) for i in range(len(chunk))] == chunk, f"variables of {number}"
    assert len(got["variables"]) == len(chunk), f"variables of {number}"
    assert back(got["stdin"]) == "\x1e".join(chunk), f"stdin of {number}"
    count += len(chunk)
assert count >= 500, count
print(count, "values arrived three times")
PYTHON
  [ ! -e "$MARK" ] || { echo "something was executed"; return 1; }
}

arrives() {
  write_runbook "$1"
  give
  code 0 standin run r.yaml --yes -o json "${GIVEN[@]}"
  compare
}

@test "local" { arrives here; }
@test "command prefix" { arrives prefixed; }

@test "ssh" {
  needs_far
  arrives root
}

@test "ssh and sudo" {
  needs_far
  arrives free
}

@test "ssh and sudo with a password" {
  needs_far
  arrives asked
}

@test "commands that a plan prints do the same when they are pasted into a shell" {
  write_runbook here
  give
  "$STANDIN" plan r.yaml -o json "${GIVEN[@]}" >plan.json
  /usr/bin/python3 - <<'PYTHON'
import json, subprocess
expected = json.load(open("expected.json"))
rows = [row for row in json.load(open("plan.json"))["rows"]]
assert len(rows) == len(expected)
for row, chunk in zip(rows, expected):
    (command,) = row["commands"]
    subprocess.run(["sh", "-c", command.rpartition("  # stdin: ")[0]], input="\x1e".join(chunk).encode(), check=True)
PYTHON
  compare
}

@test "100 KiB in one value: on stdin everywhere; as an argument where the system carries it, else refused" {
  needs_far
  /usr/bin/python3 say.py long >long.json
  for host in here prefixed root free; do
    for number in 0 1; do
      /usr/bin/python3 - "$host" "$number" <<'PYTHON'
import json, sys
value = json.load(open("long.json"))[int(sys.argv[2])]
text = "".join(c if c.isascii() and c.isprintable() and c not in "\\\"$" else f"\\x{ord(c):02x}" for c in value)
text = text.replace("\\x24", "$")
head = f'standin: "1"\nrunbook: test/long\nkind: drill\ninputs: {{say: {{type: string}}, got: {{type: string}}}}\nsteps:\n'
for name, with_ in {
    "stdin": '{run: [/usr/bin/python3, "${{ inputs.say }}", say, "${{ inputs.got }}/0"], stdin: "%s"}',
    "argument": '{run: [/usr/bin/python3, "${{ inputs.say }}", say, "${{ inputs.got }}/0", "%s"]}',
}.items():
    open(name + ".yaml", "w").write(head + "  - {uses: core.run, host: %s, with: %s}\n" % (sys.argv[1], with_ % text))
PYTHON
      rm -f got/0
      code 0 standin run stdin.yaml --yes "${GIVEN[@]:2}" --input "say=$W/say.py" --input "got=$W/got"
      /usr/bin/python3 -c 'import json, sys; assert bytes.fromhex(json.load(open("got/0"))["stdin"]).decode() == json.load(open("long.json"))[int(sys.argv[1])]' "$number"
      rm -f got/0
      if [ "$host" = here ] || [ "$host" = prefixed ]; then
        code 0 standin run argument.yaml --yes --input "say=$W/say.py" --input "got=$W/got"
        /usr/bin/python3 -c 'import json, sys; assert bytes.fromhex(json.load(open("got/0"))["arguments"][0]).decode() == json.load(open("long.json"))[int(sys.argv[1])]' "$number"
      else
        code 1 standin run argument.yaml --yes --input "say=$W/say.py" --input "got=$W/got"
        has "$output" "bytes"
        has "$output" "hint: "
        [ ! -e got/0 ]
      fi
    done
  done
  [ ! -e "$MARK" ]
}

@test "NUL is refused in arguments and variables" {
  for with in '{run: [echo, "a\0b"]}' '{run: ["/usr/bin/env"], env: {A: "a\0b"}}'; do
    printf 'steps: [{uses: core.run, host: here, with: %s}]\n' "$with" | runbook
    code 2 standin validate r.yaml
    has "$output" "NUL"
  done
  for with in '{run: [echo, "${{ "a\\0b" }}"]}' "{run: [echo, '\${{ string(b\"a\\000b\") }}']}" "{run: [/usr/bin/env], env: {A: '\${{ string(b\"a\\000b\") }}'}}"; do
    printf 'steps: [{uses: core.run, host: here, with: %s}]\n' "$with" | runbook
    run standin run r.yaml --yes
    [ "$status" -ne 0 ] || { echo "$with: $output"; return 1; }
  done
  has "$output" "a NUL byte, which no program can be given"
}
