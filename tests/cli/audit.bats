#!/usr/bin/env bats
# audit verify, key, list, search, show: as an auditor calls them, over runs that were really made.
load support

R1='steps:
  - {id: one, name: Put x, uses: toy.put, host: a, with: {name: x, value: one}}
  - {id: two, name: Put y, uses: toy.put, host: b, with: {name: y, value: two}}'

# anchored - a key, and an audit.yaml that exports to the file heads.
anchored() {
  standin audit key --new >key
  printf 'standin: "1"\ncheckpoints: {records: 3}\nanchors:\n  - file: %s/heads\n' "$W" >audit/audit.yaml
}

run_of() { standin runs -o json | python3 -c 'import json,sys; print(json.load(sys.stdin)[int(sys.argv[1])]["id"])' "${1:-0}"; }
line() { sed -n "s/^$1  *//p" <<<"$output"; } # what is said of a run, the index, the anchor

# long FILE COUNT - a journal with so many notes more before its last record, and the index that fits: no run of a test has 1,000 records.
long() {
  python3 - "$W/state" "$1" "$2" <<'PY'
import hashlib, json, pathlib, sys
state, run, count = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
def chain(lines):
    prev, out = "0" * 64, []
    for number, line in enumerate(lines, 1):
        body = f'{{"seq":{number},"prev":"{prev}",' + line
        prev = hashlib.sha256(body.encode()).hexdigest()
        out.append(f'{body},"hash":"{prev}"}}\n')
    return out
def bodies(path):
    return [line[line.index('"wall"'):line.rindex(',"hash"')] for line in path.read_text().splitlines()]
journal, index = state / f"runs/{run}/journal.jsonl", state / "index.jsonl"
lines = bodies(journal)
notes = ['"wall":"2026-05-01T00:00:00.000Z","up":1,"boot":"b","kind":"note","text":"%d","step":null' % number for number in range(count - len(lines))]
lines = chain(lines[:-1] + notes + lines[-1:])
journal.write_text("".join(lines))
def head(line, records):
    return line[:line.index('"run":')] + f'"run":"{run}","records":{records},"head":"{json.loads(lines[records - 1])["hash"]}"'
index.write_text("".join(chain([head(bodies(index)[0], 1), head(bodies(index)[1], count) + ',"outcome":"changed"'])))
PY
}

@test "without a key runs are unsigned, and verify says so; without an anchor the tail is unproven" {
  runbook <<<"$R1"
  standin run r.yaml --yes
  code 0 standin audit verify
  same "$(line "$(run_of)")" "$(standin show -o json | python3 -c 'import json,sys; print(json.load(sys.stdin)["verification"]["records"])') records  verified; unsigned"
  same "$(line index)" "2 records  verified; unsigned; tail unproven: without an anchor, runs cut from its end would not be missed"
  code 7 standin audit verify --require signed
  code 2 standin audit verify --require anchored
  has "$output" "--anchor FILE"
  code 2 standin audit verify --require everything
  code 2 standin audit verify --all "$(run_of)"
  code 8 standin audit verify 19990101
  code 8 standin audit verify --anchor nowhere
  code 2 standin audit verify --key r.yaml
}

@test "audit key makes one, shows it, keeps the one that is there; what others can read is refused, and nothing runs unsigned by mistake" {
  code 8 standin audit key
  has "$output" "standin audit key --new makes one"
  code 0 standin audit key --new
  same "$(stat -c %a audit/audit.key)" 600
  name=$(sed -n 's/^key //p' <<<"$output")
  same "$(openssl pkey -in audit/audit.key -pubout -outform DER | tail -c 32 | od -An -v -tx1 | tr -d ' \n')" "$name"
  code 8 standin audit key --new
  has "$output" "move it aside first"
  code 0 standin audit key -o json
  same "$(field "$output" 'value["key"]')" "$name"
  runbook <<<"$R1"
  chmod 640 audit/audit.key
  code 2 standin run r.yaml --yes
  has "$output" "its mode is 640"
  has "$output" "chmod 600"
  same "$(ls state/runs)" ""
  STANDIN_AUDIT=none code 0 standin run r.yaml --yes
  chmod 600 audit/audit.key
  mkdir state/keys
  mv audit/audit.key state/keys/
  STANDIN_AUDIT=$W/state/keys code 2 standin run r.yaml --yes
  has "$output" "lies in the state directory, where it proves nothing"
  mv state/keys/audit.key audit/
  printf 'standin: "1"\nanchors: [{file: heads}]\n' >audit/audit.yaml
  code 2 standin run r.yaml --yes
  has "$output" "audit.yaml:2:"
}

@test "signed and anchored: verified to its end by the auditor, who has only public key and heads; by openssl as well" {
  anchored
  runbook <<<"$R1"
  standin run r.yaml --yes
  mkdir auditor
  cp audit/audit.pub heads auditor/
  export STANDIN_AUDIT=none
  code 0 standin audit verify
  has "$(line "$(run_of)")" "of whom nothing is known here (--key)"
  code 0 standin audit verify --key auditor/audit.pub --anchor auditor/heads --require signed --require anchored
  name=$(sed -n 's/^key //p' key)
  has "$(line "$(run_of)")" "verified; signed by ${name:0:16}"
  same "$(line index)" "2 records  verified; signed by ${name:0:16}; anchored"
  has "$(line anchor)" "verified"
  code 0 standin audit verify --key auditor/audit.pub --anchor auditor/heads -o json
  same "$(field "$output" '[value["verified"], value["runs"][0]["signed"]["trusted"], value["index"]["tail"], value["anchor"]["problem"]]')" "[True, True, None, None]"
  tail -1 "state/runs/$(run_of)/checkpoints.jsonl" >last
  printf %s "$(sed 's/,"signature":.*//' last)" >statement
  sed 's/.*"signature":"\([0-9a-f]*\)".*/\1/' last | python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read().strip()))' >signature
  openssl pkeyutl -verify -pubin -inkey auditor/audit.pub -rawin -in statement -sigfile signature
  echo >>statement
  if openssl pkeyutl -verify -pubin -inkey auditor/audit.pub -rawin -in statement -sigfile signature; then false; fi
}

@test "a run that was killed goes on signed; what its death left unexported is unproven, until the resume has ended" {
  anchored
  runbook <<<"$R1"
  STANDIN_FAULT=journal.after.step_finished:2:kill run standin run r.yaml --yes
  code 0 standin audit verify --anchor heads
  has "$(line "$(run_of)")" "tail unproven after record"
  code 0 standin resume
  code 0 standin audit verify --anchor heads --require signed --require anchored
  STANDIN_FAULT=journal.before.run_closed:1:kill run standin run r.yaml --yes
  code 0 standin audit verify --anchor heads
  code 0 standin resume
  code 0 standin audit verify --anchor heads --require signed --require anchored
}

@test "records and runs cut off together with what the index says of them: found with the anchor, unproven without; an abandoned run is signed" {
  anchored
  runbook <<<"$R1"
  standin run r.yaml --yes
  rm -f a/objects/* b/objects/*
  STANDIN_FAULT=journal.before.intent:1:kill run standin run r.yaml --yes
  standin abandon "$(run_of)" --reason 'enough'
  code 0 standin audit verify --anchor heads --require signed --require anchored
  id=$(run_of)
  rm -r "state/runs/$id"
  for file in state/index.jsonl state/checkpoints.jsonl; do sed -i '/'"$id"'/d' $file; done
  head -2 state/checkpoints.jsonl >left && mv left state/checkpoints.jsonl
  code 0 standin audit verify
  code 7 standin audit verify --anchor heads
  same "$(line "$id")" "0 records  its directory is gone"
  has "$(line index)" "records are missing: it has 2, and had 4 when its head was exported to the anchor"
}

@test "latest is the newest run there was, also when its folder is gone" {
  runbook <<<"$R1"
  standin run r.yaml --yes >out
  standin run r.yaml --yes >out
  local id
  id=$(standin runs -o json | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["id"])')
  rm -r "state/runs/$id"
  code 7 standin audit verify latest
  same "$(line "$id")" "0 records  its directory is gone"
}

@test "an anchor in the system log, and in git; none that is out of reach stops a run" {
  standin audit key --new >key
  git init -q repo
  git -C repo -c user.name=x -c user.email=x@x commit -q --allow-empty -m x
  printf 'standin: "1"\nanchors:\n  - git: %s/repo\n  - syslog: %s/log\n  - file: %s/gone/heads\n' "$W" "$W" "$W" >audit/audit.yaml
  python3 -c '
import socket, sys
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind("log")
open("ready", "w")
while True:
    open("messages", "ab").write(log.recv(65536) + b"\n")' 3>&- &
  started+=($!)
  there ready
  runbook <<<"$R1"
  code 0 standin run r.yaml --yes
  has "$output" "the journal's head could not be exported: cannot open $W/gone/heads"
  same "$(grep -c "could not be exported" <<<"$output")" 1 # once, however many checkpoints
  has_not "$output" "git could not"
  (cd repo && git grep -h checkpoint refs/notes/standin) >notes
  code 0 standin audit verify --anchor notes --require anchored
  grep -q '^<85>[A-Z][a-z][a-z] [ 0-9][0-9] [0-9:]* standin\[[0-9]*\]: {"checkpoint":1,' messages
  code 0 standin audit verify --anchor - --require anchored <messages
  rm -r repo/.git
  code 0 standin run r.yaml --yes
  has "$output" "git could not add a note in $W/repo: fatal: not a git repository"
}

@test "a byte flipped in every record of a journal of 1,000: the command line names each" {
  runbook <<<"$R1"
  standin run r.yaml --yes
  id=$(run_of)
  long "$id" 1000
  export STANDIN_AUDIT=none
  file=state/runs/$id/journal.jsonl
  code 0 standin audit verify
  same "$(line "$id")" "1000 records  verified; unsigned"
  python3 - "$STANDIN" "$id" "$file" <<'PY'
import subprocess, sys
standin, run, path = sys.argv[1:]
text = open(path, "rb").read()
at = 0
for number, line in enumerate(text.splitlines(keepends=True), 1):
    place = at + number * 7 % len(line)
    with open(path, "r+b") as file:
        file.seek(place)
        file.write(bytes([text[place] ^ 1]))
    said = subprocess.run([standin, "audit", "verify", run], capture_output=True, text=True)
    assert said.returncode == 7 and f"  record {number}: " in said.stdout, (number, said)
    with open(path, "r+b") as file:
        file.seek(place)
        file.write(text[place:place + 1])
    at += len(line)
assert number == 1000
PY
  code 0 standin audit verify
}

@test "what the run directory holds is checked by content: a runbook, a plugin, the manifest" {
  runbook <<<"$R1"
  standin run r.yaml --yes
  id=$(run_of)
  sum=$(sha256sum r.yaml | cut -d' ' -f1)
  cp "state/runs/$id/content/$sum" kept
  echo '# more' >>"state/runs/$id/content/$sum"
  code 7 standin audit verify
  same "$(line "$id" | sed 's/.*records  //')" "the stored runbook r.yaml (${sum:0:12}) is not the one that was executed"
  rm "state/runs/$id/content/$sum"
  code 7 standin audit verify "$id"
  has "$output" "is missing or cannot be read"
  cp kept "state/runs/$id/content/$sum"
  code 0 standin audit verify "$id"
  sed -i 's/one/two/' "state/runs/$id/manifest.json"
  sed -i 's/"path": "r.yaml"/"path": "s.yaml"/' "state/runs/$id/manifest.json"
  code 7 standin audit verify "$id"
  has "$output" "its manifest is not the one with which it was opened"
}

@test "who touched a in this year? list, search and show agree; a secret stays one; a damaged journal is told" {
  runbook <<'YAML'
inputs: {word: {type: secret, default: word}}
steps:
  - {id: one, name: Put x, uses: toy.put, host: a, with: {name: x, value: one}}
  - {name: Use it, uses: core.run, host: a, with: {run: [cat], stdin: "${{ inputs.word }}"}}
  - {id: two, name: Put y, uses: toy.put, host: b, with: {name: y, value: two}}
YAML
  standin run r.yaml --yes
  year=$(date +%Y)
  code 0 standin audit search --host a --since "$year" --until "$year" -o json
  same "$(field "$output" '[(e["name"], e["outcome"], e["action"], e["object"]) for e in value]')" \
    "[('Put x', 'changed', 'toy.put', 'toy/a/x'), ('Use it', 'changed', 'core.run', None)]"
  code 0 standin audit search --object 'toy/*' --host b
  has "$output" "toy/b/y  Put y  (test/r $(run_of)#"
  code 0 standin audit search --until 2020 -o json
  same "$output" "[]"
  code 0 standin audit search hunter2-and-more -o json
  same "$output" "[]"
  code 0 standin audit list --host b -o json
  same "$(field "$output" '[(r["run"], r["outcome"], r["hosts"], r["events"]) for r in value]')" "[('$(run_of)', 'changed', ['b'], 1)]"
  code 0 standin audit list --outcome failed -o json
  same "$output" "[]"
  code 0 standin audit show latest 1
  same "$(field "$output" 'value["kind"]')" "run_opened"
  code 0 standin audit show latest -o json
  same "$output" "$(journal)"
  code 8 standin audit show latest 1000
  code 2 standin audit show latest x
  code 2 standin audit search --since yesteryear
  has "$output" "today, yesterday; or 7d for seven days ago"
  sed -i 's/Put y/Put z/' state/runs/*/journal.jsonl
  code 7 standin audit search --host a
  has "$output" "Put x"
  has "$output" "its hash does not match its content"
  code 7 standin audit show latest
}

@test "a state directory that is not there is an error, and none is made" {
  runbook <<<"$R1"
  git init -q
  git add r.yaml
  git -c user.name=x -c user.email=x@x commit -qm x
  for verb in "audit verify --require signed" "audit list" "audit search" "audit show latest" runs show report attach resume cancel "abandon latest --reason x" \
    "skip 1 --reason x" "answer 1 stop" approve "history r.yaml"; do
    # shellcheck disable=SC2086 # several words
    code 8 standin $verb --state "$W/typo"
    has "$output" "there is no state directory $W/typo"
    has "$output" "--state"
    [ ! -e typo ]
  done
  mkdir empty
  code 8 standin audit verify --state "$W/empty"
  has "$output" "is no state directory"
  same "$(ls empty)" ""
}

@test "bytes behind the end of a closed run are damage; behind the index, or of an open run, a torn tail" {
  anchored
  runbook <<<"$R1"
  standin run r.yaml --yes
  id=$(run_of)
  printf x >>state/index.jsonl
  printf xy >>state/checkpoints.jsonl
  code 0 standin audit verify --anchor heads
  has "$(line index)" "; torn tail behind its last record (bytes: 1); torn tail behind its last checkpoint (bytes: 2)"
  code 0 standin audit verify -o json
  same "$(field "$output" '[value["index"][key] for key in ("problem", "torn", "torn_checkpoints")]')" "[None, 1, 2]"
  cp "state/runs/$id/journal.jsonl" kept
  printf xyz >>"state/runs/$id/journal.jsonl"
  code 7 standin audit verify --anchor heads
  has "$(line "$id")" "records  bytes were added behind its last record: 3"
  code 7 standin audit verify -o json
  same "$(field "$output" '[value["runs"][0][key] for key in ("verdict", "torn")]')" "['damaged', 3]"
  cp kept "state/runs/$id/journal.jsonl"
  printf x >>"state/runs/$id/checkpoints.jsonl"
  code 7 standin audit verify
  has "$(line "$id")" "records  bytes were added behind its last checkpoint: 1"
  rm -f a/objects/* b/objects/*
  STANDIN_FAULT=journal.before.intent:1:kill run standin run r.yaml --yes
  id=$(run_of)
  printf x >>"state/runs/$id/journal.jsonl"
  code 0 standin audit verify "$id"
  has "$(line "$id")" "; torn tail behind its last record (bytes: 1)"
}

@test "an outcome that there is none of is wrong usage; a run that has ended is not to be resumed" {
  runbook <<<"$R1"
  standin run r.yaml --yes
  code 2 standin audit search --outcome changed,chnged
  has "$output" "'chnged' is no outcome"
  has "$output" "ok, changed, skipped, failed, unknown, cancelled, unfinished"
  code 2 standin audit list --outcome gone
  has "$output" "unfinished, abandoned"
  code 0 standin audit list --outcome abandoned,CHANGED -o json
  same "$(field "$output" 'len(value)')" 1
  code 8 standin cancel
  has "$output" "run $(run_of) has ended"
  has_not "$output" "standin resume"
}
