#!/usr/bin/env bats
# Signed approvals: core.approve with `from`. Real keys, a real ssh-agent, real signatures by ssh-keygen.
load support

furnish() {
  local name
  unset SSH_AUTH_SOCK SSH_AGENT_PID
  export SUDO_USER=carol # who runs standin; these tests run as root
  mkdir keys
  for name in alice bob carol eve; do
    ssh-keygen -q -t ed25519 -N '' -C "$name" -f "keys/$name"
  done
  for name in alice bob carol; do
    echo "$name@example.com $(cut -d' ' -f1,2 "keys/$name.pub")"
  done >signers
  print_key() { ssh-keygen -l -f "keys/$1.pub" | cut -d' ' -f2; }
}

# asking TERMS... - a run that waits for signatures in its second step, in the background.
asking() {
  gate "$@"
  local before
  before=$(journal 2>/dev/null | grep -c '"kind":"waiting"') || true
  begin run r.yaml --yes
  waiting $((before + 1))
}

# waiting N - until somebody has been asked so many times.
waiting() {
  local i
  for ((i = 0; i < 3000; i++)); do
    [ "$(kinds 2>/dev/null | grep -c '^waiting$')" -lt "$1" ] || return 0
    sleep 0.01
  done
  echo "never asked $1 times" >&2
  return 1
}

gate() {
  runbook <<YAML
inputs: {value: {type: string, default: v}}
steps:
  - {uses: toy.put, host: a, with: {name: x, value: "\${{ inputs.value }}"}}
  - id: leave
    uses: core.approve
    with: {message: "Fence the source?", from: [alice@example.com, bob@example.com], signers: signers${1:+, $1}}
  - {uses: toy.put, host: a, with: {name: y, value: "\${{ steps.leave.outputs.by }}"}}
YAML
}

approve() { standin approve --yes "$@"; }
# What standin approve says at last, and no more: the reason.
reason() { grep -E '^(standin|hint|approved)' <<<"$output" | sed -E 's/[0-9]{8}-[0-9]{6}-[0-9a-f]{8}/RUN/g'; }
refused() { same "$(reason)" "standin: not accepted: $1"; }
waits() { [ "$(kinds | grep -c run_finished)" = 0 ]; }

@test "an approval from another terminal lets the run go on; who, with which key, is in the journal and in every report" {
  asking
  code 0 approve --key keys/alice
  same "$(reason)" "approved by alice@example.com (1 of 1)"
  has "$output" "test/r, step 2: Fence the source?"
  has "$output" "  asked by     carol@"
  has "$output" "  wanted       1 of alice@example.com, bob@example.com"
  has "$output" "  inputs       value v"
  has "$output" "  runbook      sha256 $(sha256sum r.yaml | cut -d' ' -f1)"
  ended
  [ "$status" -eq 0 ]
  same "$(applied)" $'put x v\nput y alice@example.com'
  same "$(grep -E ' (waiting|approved|request|answered) ' <<<"$output" | tidy | sed 's/SHA256:.*/KEY/; s/  */ /g')" "TIME waiting 2 Fence the source? [standin approve RUN] 1 of alice@example.com, bob@example.com, by signature
TIME approved 2 alice@example.com (1 of 1), key KEY
TIME request 2 approve by WHO
TIME answered 2 approve by WHO after T"
  record=$(journal | grep '"kind":"approved"')
  same "$(field "$record" '[value[key] for key in ("step", "principal", "key", "count", "min")]')" "['2', 'alice@example.com', '$(print_key alice)', 1, 1]"
  same "$(field "$record" 'value["signers"]')" "{'path': 'signers', 'sha256': '$(sha256sum signers | cut -d' ' -f1)'}"
  # whoever has the journal can check the signature without standin
  field "$record" 'value["document"]' | tr -d '\n' >document
  field "$record" 'value["signature"]' >signature
  ssh-keygen -Y verify -f signers -I alice@example.com -n standin-approval -s signature <document
  code 0 standin show
  has "$output" "approved: alice@example.com (1 of 1), key $(print_key alice), 20"
  code 0 standin report
  has "$output" "<p>Approved by <b>alice@example.com</b> at 20"
  code 0 standin show -o json
  same "$(field "$output" '[a["principal"] for s in value["steps"] for w in s["waits"] for a in w["approvals"]]')" "['alice@example.com']"
  code 0 standin audit verify
}

@test "by an agent: its only key, or the one whose public half is named" {
  ssh-agent -D -a "$W/agent" >/dev/null 3>&- &
  started+=($!)
  export SSH_AUTH_SOCK=$W/agent
  there agent
  asking "min: 2"
  code 8 approve
  same "$(reason)" "standin: no SSH agent with a key can be reached: The agent has no identities.
hint: add your key (ssh-add), or name it with --key FILE"
  ssh-add -q keys/alice
  mv keys/alice keys/away
  code 0 approve
  same "$(reason)" "approved by alice@example.com (1 of 2)"
  ssh-add -q keys/bob
  mv keys/bob keys/away.bob
  code 8 approve
  same "$(reason)" "standin: the SSH agent has several keys
hint: name yours with --key FILE (its public half is enough); ssh-add -L lists them"
  code 0 approve --key keys/bob.pub
  same "$(reason)" "approved by bob@example.com (2 of 2)"
  ended
  [ "$status" -eq 0 ]
  same "$(applied)" $'put x v\nput y alice@example.com, bob@example.com'
}

@test "a word is no approval: not from another terminal, not prepared; but it can reject" {
  gate
  begin run r.yaml --yes --answer leave=approve
  await '"kind":"waiting"'
  code 2 standin answer approve
  same "$(reason)" "standin: not accepted: a word is not enough to approve it: it wants signatures (standin approve)"
  waits
  code 0 standin answer reject
  ended
  [ "$status" -eq 1 ]
  same "$(applied)" "put x v"
  has "$output" "it was not approved"
}

@test "carried: the request to another machine, the approval back; only for the runbook that stands there" {
  asking
  code 0 standin approve --export request.json
  mkdir elsewhere && cp request.json keys/bob* r.yaml elsewhere
  cd elsewhere
  unset STANDIN_STATE
  code 0 approve --request request.json --out approval.json --key bob --runbook r.yaml
  has "$output" "test/r, step 2: Fence the source?"
  echo "# changed" >>r.yaml
  code 6 approve --request request.json --out never.json --key bob --runbook r.yaml
  has "$(reason)" "standin: r.yaml is not the runbook that is asked about (its sha256 is $(sha256sum r.yaml | cut -d' ' -f1))"
  [ ! -e never.json ]
  export STANDIN_STATE=$W/state
  cd "$W"
  code 2 standin approve --approval request.json
  same "$(reason)" "standin: request.json is a request: sign it first (standin approve --request)"
  waits
  code 0 standin approve --approval elsewhere/approval.json -o json
  same "$(field "$output" '[value[key] for key in ("step", "principal", "key", "count", "min")]')" "['2', 'bob@example.com', '$(print_key bob)', 1, 1]"
  ended
  [ "$status" -eq 0 ]
}

@test "without its files a gate stays shut, until they are there; nor does it open if more are wanted than there are, or if it cannot be told who asks" {
  gate "min: 3"
  code 1 standin plan r.yaml
  has "$output" "why: 3 approvals are wanted, but only 2 persons may approve"
  code 1 standin run r.yaml --yes
  has "$output" "3 approvals are wanted, but only 2 persons may approve"
  gate "not_requester: true"
  SUDO_USER=root code 1 standin plan r.yaml
  has "$output" "why: who asks may not approve, but it cannot be told who asks: the run was started as root"
  touched=$(applied)
  SUDO_USER=root code 2 standin run r.yaml --yes
  has "$output" "who asks may not approve, but it cannot be told who asks: the run was started as root"
  same "$(applied)" "$touched" # before its first step
  # not where the run may not come to it at all
  gate "not_requester: true"
  sed -i 's/^    uses: core.approve/    if: inputs.value == "w"\n&/; s/steps.leave.outputs.by/inputs.value/' r.yaml
  SUDO_USER=root code 0 standin run r.yaml --yes
  gate "revoked: revoked"
  code 1 standin plan r.yaml
  has "$output" "why: who may sign cannot be told: there is no revoked"
  code 3 standin run r.yaml --yes
  has "$output" "who may sign cannot be told: there is no revoked"
  : >revoked
  mv signers away
  code 3 standin resume
  has "$output" "who may sign cannot be told: there is no signers"
  mv away signers
  begin resume
  waiting 1
  code 0 approve --key keys/alice
  ended
  [ "$status" -eq 0 ]
}

@test "who does not count: an unknown key, one who is not asked, a revoked key, one that has expired" {
  : >revoked
  asking "revoked: revoked"
  code 6 approve --key keys/eve
  refused "signers knows no signer with the key $(print_key eve)"
  code 6 approve --key keys/carol
  refused "carol@example.com is not among those who may approve this"
  cp keys/alice.pub revoked
  code 6 approve --key keys/alice
  refused "the key $(print_key alice) of alice@example.com is revoked (revoked)"
  sed -i "s/^bob@example.com/& valid-before=\"20200101\"/" signers
  code 6 approve --key keys/bob
  has "$(reason)" "standin: not accepted: signers knows no signer with the key $(print_key bob): signers:2: key has expired"
  sed -i 's/valid-before="20200101"/namespaces="git"/' signers
  code 6 approve --key keys/bob
  has "$(reason)" "standin: not accepted: signers "
  waits
  same "$(applied)" "put x v"
  same "$(journal | grep '"kind":"request"' | grep -c '"accepted":false')" 5
  : >revoked
  code 0 approve --key keys/alice
  ended
  [ "$status" -eq 0 ]
}

@test "each person counts once, with whatever key and under whatever name" {
  sed -n 's/^alice@example.com/bob@example.com/p' signers >>signers # alice's key is bob's as well
  ssh-keygen -q -t ed25519 -N '' -f keys/second
  echo "alice@example.com $(cut -d' ' -f1,2 keys/second.pub)" >>signers
  asking "min: 2"
  code 0 approve --key keys/alice
  code 6 approve --key keys/alice
  refused "alice@example.com has approved already, and counts once"
  code 6 approve --key keys/second
  refused "alice@example.com has approved already, and counts once"
  waits
  code 0 approve --key keys/bob
  ended
  [ "$status" -eq 0 ]
}

@test "who asks may not approve; nor who has resumed" {
  sed -i 's/^carol/alice/; t; s/^alice/carol/' signers # alice's key is carol's, and the other way round
  export SUDO_USER=alice
  asking "not_requester: true"
  code 6 approve --key keys/carol
  refused "alice@example.com has asked for it, and who asks may not approve"
  kill -KILL "$pid"
  ended
  export SUDO_USER=bob
  begin resume
  await '"kind":"resumed"'
  waiting 2
  code 6 approve --key keys/bob
  refused "bob@example.com has asked for it, and who asks may not approve"
  code 6 approve --key keys/carol
  refused "alice@example.com has asked for it, and who asks may not approve"
  waits
}

@test "a signature over another run is worth nothing here, nor one over another step, nor one over something else" {
  asking
  standin approve --export first.json
  approve --request first.json --out first.signed --key keys/alice
  standin approve --approval first.signed
  ended
  asking
  code 6 standin approve --approval first.signed
  refused "it is for the run RUN, not for this one"
  standin approve --export second.json
  # the document of this run with the signature over the other
  python3 - <<'PY'
import json
first, second = json.load(open("first.signed")), open("second.json").read().rstrip("\n")
json.dump({**first, "document": second}, open("mixed", "w"))
request = json.loads(second)
request["message"] = "Have lunch?"
json.dump(request, open("other.json", "w"))
request = json.loads(second)
request["step"] = "3"
json.dump(request, open("step.json", "w"))
PY
  code 6 standin approve --approval mixed
  refused "the signature does not match what was asked: Signature verification failed: incorrect signature"
  approve --request other.json --out other --key keys/alice
  code 6 standin approve --approval other
  refused "what is asked has changed (its times or terms) since it was given"
  approve --request step.json --out step --key keys/alice
  code 6 standin approve --approval step
  refused "it is for step 3, not for 2"
  # a signature for another purpose, over the right text
  tr -d '\n' <second.json >text
  ssh-keygen -q -Y sign -f keys/alice -n git <text >signature
  python3 -c 'import json; json.dump({"standin_approval": 1, "document": open("text").read(), "signature": open("signature").read()}, open("git", "w"))'
  code 6 standin approve --approval git
  refused "the signature does not match what was asked: Couldn't verify signature: namespace does not match"
  code 6 standin approve --approval <(echo '{"standin_approval": 1, "document": "", "signature": ""}')
  refused "it is no approval that standin knows"
  same "$(kinds | grep -c '^run_finished$')" 1 # the first one's
}

@test "a changed runbook: what was approved before it does not count, not even where the gate was passed; the reason is told" {
  gate "min: 2"
  printf '  - {uses: core.prompt, with: {message: Later?}}\n' >>r.yaml
  begin run r.yaml --yes
  await '"kind":"waiting"'
  code 0 approve --key keys/alice
  kill -KILL "$pid"
  ended
  cp r.yaml edited.yaml
  sed -i 's/name: y/name: z/' edited.yaml
  # not changed: alice's still counts
  begin resume
  await '"kind":"resumed"'
  waiting 2
  kill -KILL "$pid"
  ended
  begin resume --amend edited.yaml
  await 'since it was given'
  has "$(journal)" '"text":"the approval of alice@example.com does not count: the runbook has changed since it was given"'
  waiting 3
  code 0 approve --key keys/bob
  same "$(reason)" "approved by bob@example.com (1 of 2)"
  code 0 approve --key keys/alice
  await '"message":"Later?"'
  same "$(applied)" $'put x v\nput z bob@example.com, alice@example.com'
  # passed, and changed then: it has to be passed again
  kill -KILL "$pid"
  ended
  sed -i 's/Later?/Now?/' edited.yaml
  begin resume --amend edited.yaml
  await 'what was approved does not hold any more: the runbook has changed since it was given'
  waiting 5
  has_not "$(journal)" '"message":"Now?"'
  code 0 approve --key keys/alice
  code 0 approve --key keys/bob
  await '"message":"Now?"'
  standin answer continue
  ended
  [ "$status" -eq 0 ]
}

@test "nobody gets past a gate by leaving it out: not by skip, not by --from, not by an edited runbook without it" {
  gate
  code 2 standin run r.yaml --yes --from 3
  has "$output" "standin: --from: step 2 before it wants signatures, and would be left out"
  runbook <<'YAML'
steps:
  - group: Inside
    steps:
      - {uses: core.approve, with: {message: One?, from: [alice@example.com], signers: signers}}
  - {uses: toy.put, host: a, with: {name: y, value: v}}
YAML
  code 2 standin run r.yaml --yes --from 2
  has "$output" "standin: --from: step 1.1 before it wants signatures, and would be left out"
  begin run r.yaml --yes --from 1
  waiting 1
  for step in 1 1.1; do
    code 2 standin skip $step --reason "no time"
    same "$(reason)" "standin: not accepted: it cannot be left out: signatures are wanted there"
  done
  kill -KILL "$pid"
  ended
  sed 's/from: .alice@example.com., signers: signers//' r.yaml >word.yaml
  sed '/group:/,/approve/d' r.yaml >none.yaml
  for edited in word none; do
    code 6 standin resume --amend $edited.yaml
    same "$(reason | head -1)" "standin: step 1.1 has asked for signatures, and is no such step in the amended runbook"
  done
  same "$(applied)" ""
  begin resume
  waiting 2
  code 0 approve --key keys/alice
  ended
  [ "$status" -eq 0 ]
  same "$(applied)" "put y v"
}

@test "what is signed is what is executed: no skip once signatures were asked for; one before that is signed" {
  runbook <<'YAML'
steps:
  - {uses: core.prompt, with: {message: Ready?}}
  - {uses: core.approve, with: {message: Promote?, from: [bob@example.com], signers: signers}}
  - {uses: core.prompt, with: {message: Now?}}
  - {name: Fence the source, uses: toy.put, host: a, with: {name: fence, value: v}}
  - {name: Tell them, uses: toy.put, host: a, with: {name: tell, value: v}}
  - {name: Promote, uses: toy.put, host: a, with: {name: promote, value: v}}
YAML
  too_late="signatures have been asked for, and what is signed is what is executed: cancel, or abandon the run and start one whose runbook leaves the step out"
  begin run r.yaml --yes
  await '"message":"Ready?"'
  code 0 standin skip 5 --reason "they know"
  code 0 standin answer continue
  waiting 2
  code 2 standin skip 4 --reason "no time"
  refused "$too_late"
  code 0 standin approve --export request.json
  same "$(field "$(cat request.json)" 'value["content"]["skipped"]')" "{'5': 'they know'}"
  # the same without the skip is another document
  python3 - <<'PY'
import json
request = json.load(open("request.json"))
del request["content"]["skipped"]
json.dump(request, open("without.json", "w"))
PY
  approve --request without.json --out without --key keys/bob
  code 6 standin approve --approval without
  refused "what is left out (skip) has changed since it was given"
  code 0 approve --key keys/bob
  await '"message":"Now?"'
  code 2 standin skip 4 --reason "no time"
  refused "$too_late"
  # a resume judges the same
  kill -KILL "$pid"
  ended
  begin resume
  waiting 4
  code 2 standin skip 4 --reason "no time"
  refused "$too_late"
  code 0 standin answer continue
  ended
  [ "$status" -eq 0 ]
  same "$(applied)" $'put fence v\nput promote v'
  has_not "$(journal)" "does not hold any more"
}

@test "an approval for one set of inputs is none for another" {
  asking
  standin approve --export request.json
  approve --request request.json --out approval.json --key keys/alice
  # what the run would ask with other inputs, in every place where they show
  python3 - <<'PY'
import json, subprocess
approval = json.load(open("approval.json"))
document = json.loads(approval["document"])
document["inputs"]["value"] = "other"
document["content"]["inputs"] = "0" * 64
json.dump({**approval, "document": json.dumps(document, separators=(",", ":"))}, open("other.json", "w"))
PY
  code 6 standin approve --approval other.json
  refused "the inputs have changed since it was given"
  for part in inventory plugins; do
    python3 - $part <<'PY'
import json, sys
approval = json.load(open("approval.json"))
document = json.loads(approval["document"])
content = document["content"]
if sys.argv[1] == "plugins":
    content["plugins"]["toy"] = "0" * 64
else:
    content["inventory"] = "0" * 64
json.dump({**approval, "document": json.dumps(document, separators=(",", ":"))}, open(sys.argv[1] + ".json", "w"))
PY
  done
  code 6 standin approve --approval inventory.json
  refused "the inventory has changed since it was given"
  code 6 standin approve --approval plugins.json
  refused "the plugin toy has changed since it was given"
  code 0 standin approve --approval approval.json
  ended
  [ "$status" -eq 0 ]
}

@test "not in time: the step fails, and what comes later is refused; a resume does not give more time" {
  asking "timeout: 1h, min: 2"
  standin approve --export request.json
  has "$(cat request.json)" '"expires":"20'
  code 0 approve --key keys/alice
  kill -KILL "$pid"
  ended
  asked=$(field "$(cat request.json)" 'value["expires"]')
  begin resume
  waiting 2
  standin approve --export again.json
  cmp request.json again.json
  has "$asked" "20"
  standin cancel
  ended
  rm -rf state
  asking "timeout: 10ms"
  ended
  [ "$status" -eq 1 ]
  has "$output" "not approved in time: 0 of 1 had approved by 20"
  code 8 approve --key keys/alice
  has "$(reason)" "standin: no step of run RUN waits for signatures"
}

@test "the plan says who may approve; validate knows the terms" {
  gate "min: 2, not_requester: true, timeout: 30m"
  code 0 standin plan r.yaml
  has "$output" "  @  2  core.approve
       signed by: 2 of alice@example.com, bob@example.com; not who asks for it; within 30m"
  code 0 standin plan r.yaml -o json
  same "$(field "$output" '[row.get("approval") for row in value["rows"]]')" "[None, '2 of alice@example.com, bob@example.com; not who asks for it; within 30m', None]"
  gate "min: 0"
  code 2 standin validate r.yaml
  gate "timeout: soon"
  code 2 standin validate r.yaml
}

@test "killed after each record of an approval: it counts once, and the run goes on" {
  for k in 1 2 3 4; do
    rm -rf state a/objects/* && : >a/apply.log
    gate
    STANDIN_FAULT=journal.after.approved:1:kill
    case $k in 2) STANDIN_FAULT=journal.after.request:1:kill ;; 3) STANDIN_FAULT=journal.after.answered:1:kill ;; 4) STANDIN_FAULT=journal.before.approved:1:kill ;; esac
    export STANDIN_FAULT
    begin run r.yaml --yes
    unset STANDIN_FAULT
    await '"kind":"waiting"'
    run approve --key keys/alice
    ended
    [ "$status" -eq 137 ] || { echo "not killed at $k: $status"; return 1; }
    begin resume
    if [ "$k" = 4 ]; then
      waiting 2
      approve --key keys/alice || true # the inbox may have brought the first by now
    fi
    ended
    [ "$status" -eq 0 ]
    same "$(applied)" $'put x v\nput y alice@example.com'
    same "$(kinds | grep -c '^approved$')" 1
  done
}

@test "misuse is told" {
  asking
  code 2 standin approve --key keys/alice </dev/null
  same "$(reason)" "standin: nobody can be asked whether to approve it
hint: approve on a terminal, or with --yes"
  code 2 standin approve --request a --export b
  same "$(reason)" "standin: --request, --export and --approval: one of them at a time"
  code 2 standin approve --out b
  same "$(reason)" "standin: --out goes with --request"
  code 8 approve --key keys/none
  has "$(reason)" "standin: it cannot be signed with keys/none: "
  echo '{}' >none.json
  code 2 standin approve --request none.json
  same "$(reason)" "standin: none.json is no request and no approval of this version of standin"
  waits
}

@test "out of git: the policy of the trunk says who may approve, not the runbook; the run keeps what it began with; the commit is signed for" {
  export GIT_CONFIG_GLOBAL=$W/gitconfig GIT_CONFIG_NOSYSTEM=1
  git config --global user.name Alice
  git config --global user.email alice@example.com
  git config --global init.defaultBranch main
  mkdir -p repository/.standin
  cd repository
  git init -q
  gate # its signers: a file beside it, that lets in whom it likes
  mv ../r.yaml ../inventory.yaml .
  sed "s/^alice/eve/; t; d" ../signers >signers
  grep -v carol ../signers >.standin/approvers
  cp ../keys/bob.pub .standin/revoked
  printf 'standin: "1"\napprovers: .standin/approvers\nsignatures: {on: commit, allowed_signers: .standin/approvers, revoked_keys: .standin/revoked}\n' >.standin/policy.yaml
  git config --global gpg.format ssh
  git config --global user.signingkey "$W/keys/alice.pub"
  sign() { ssh-agent sh -c 'ssh-add -q "$0" && git add -A && git commit -q -S -m "$1"' "$W/keys/alice" "$1"; }
  sign first
  tip=$(git rev-parse --short=12 HEAD)
  begin run r.yaml@main --yes
  waiting 1
  # from here on, nothing that is changed counts
  cp ../signers .standin/approvers
  : >.standin/revoked
  sed -i 's/name: y/name: z/' r.yaml
  sign second
  code 6 approve --key "$W/keys/eve"
  refused "$tip:.standin/approvers knows no signer with the key $(cd "$W"; print_key eve)"
  code 6 approve --key "$W/keys/bob"
  refused "the key $(cd "$W"; print_key bob) of bob@example.com is revoked ($tip:.standin/revoked)"
  kill -KILL "$pid"
  ended
  begin resume
  waiting 2
  code 6 approve --key "$W/keys/bob"
  refused "the key $(cd "$W"; print_key bob) of bob@example.com is revoked ($tip:.standin/revoked)"
  standin approve --export "$W/request.json"
  same "$(field "$(cat "$W/request.json")" 'value["content"]["commit"]')" "$(git rev-parse main~1)"
  code 0 approve --key "$W/keys/alice"
  has "$output" "  commit       $(git rev-parse main~1)"
  ended
  [ "$status" -eq 0 ]
  same "$(applied)" $'put x v\nput y alice@example.com'
  same "$(field "$(journal | grep '"kind":"approved"')" 'value["signers"]')" \
    "{'path': '$tip:.standin/approvers', 'sha256': '$(git show main~1:.standin/approvers | sha256sum | cut -d' ' -f1)'}"
  # a commit that would be refused: who may approve is still told by the policy
  git rm -q signers
  git commit -q -m unsigned
  code 0 standin plan r.yaml@main
  has "$output" "a run would be refused: the commit"
  has_not "$output" "who may sign cannot be told"
}

@test "who runs it without being root is who he is: SUDO_USER is not believed" {
  chmod 711 . && mkdir -m 777 open
  sed 's/^standin: "1"/&/' inventory.yaml >open/inventory.yaml
  printf 'standin: "1"\nrunbook: test/who\nkind: drill\nsteps: [{uses: core.log, with: {message: hello}}]\n' >open/r.yaml
  chmod -R a+rX open
  code 0 setpriv --reuid nobody --regid nogroup --clear-groups env HOME=/nonexistent SUDO_USER=carol STANDIN_AUDIT=none \
    "$STANDIN" run open/r.yaml -i open/inventory.yaml --yes --state "$PWD/open/state"
  same "$(field "$(head -1 open/state/runs/*/journal.jsonl)" 'value["operator"]["user"]')" nobody
}

@test "the approver's screen: what the asker wrote cannot write lines of it, and nothing that is signed for is left out" {
  gate
  sed -i 's/^inputs: {/&why: {type: string}, /; s/message: "Fence the source?"/message: "Fence? ${{ inputs.why }}"/' r.yaml
  begin run r.yaml --yes --input why=$'ok\n  wanted       1 of everybody'
  waiting 1
  code 0 approve --key keys/alice
  has "$output" '"Fence? ok\n  wanted       1 of everybody"'
  has "$output" '  inputs       why "ok\n  wanted       1 of everybody"'
  has_not "$output" $'\n  wanted       1 of everybody'
}
