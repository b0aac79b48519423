#!/usr/bin/env bats
# Runbooks out of git: which version runs, what the policy says of it, what the journal keeps. Real repositories, signed by real keys.
load support

furnish() {
  export GIT_AUTHOR_DATE=2026-03-01T03:12:45Z GIT_COMMITTER_DATE=2026-03-01T03:12:45Z
  export GIT_CONFIG_GLOBAL=$W/gitconfig GIT_CONFIG_NOSYSTEM=1 GNUPGHOME=$W/gnupg HOME=$W/home
  mkdir "$W/home"
  git config --global user.name Alice
  git config --global user.email alice@example.org
  git config --global init.defaultBranch main
  git config --global gpg.format ssh
  mkdir -p "$W/r/mail" "$W/r/common" "$W/r/plugins/greet"
  cd "$W/r"
  git init -q
  cp "$W/inventory.yaml" mail/inventory.yaml
  cat >mail/r.yaml <<'YAML'
standin: "1"
runbook: mail/r
kind: drill
steps:
  - {uses: toy.put, host: a, with: {name: own, value: one}}
  - {id: c, call: ../common/c.yaml}
  - {uses: greet.say, host: a, with: {}}
YAML
  cat >common/c.yaml <<'YAML'
standin: "1"
runbook: common/c
kind: drill
steps:
  - {uses: toy.put, host: a, with: {name: called, value: one}}
YAML
  cat >plugins/greet/plugin.yaml <<'YAML'
plugin: greet
summary: An action of the repository's own
actions:
  say:
    summary: Say it
    kind: task
    effect: reversible
    repeatable: true
    inputs: {}
    linux: {apply: {env: {ROOT: "${{ host.vars.root }}"}, script: 'echo "greet one" >>"$ROOT/apply.log"'}}
YAML
  commit first
}

commit() { git -C "$W/r" add -A && git -C "$W/r" commit -q --allow-empty "${@:2}" -m "$1"; }
id() { git -C "$W/r" rev-parse --short=12 "${1:-HEAD}"; }

# keys NAME... - an SSH key pair for each, in W/NAME and W/NAME.pub.
keys() {
  local name
  for name; do ssh-keygen -q -t ed25519 -N '' -C "$name" -f "$W/$name"; done
}

# policy - writes the policy from stdin; it counts once it is committed on the trunk.
policy() { mkdir -p "$W/r/.standin" && { echo 'standin: "1"'; cat; } >"$W/r/.standin/policy.yaml"; }

signed_by() { git -C "$W/r" -c user.signingkey="$W/$1.pub" commit -q --allow-empty -S -m "${2:-signed by $1}"; }

# refused NAME EXPECTED [OPTION...] - a run of it is, with exactly these words, and nothing is done.
refused() {
  code 6 standin run "$1" --yes "${@:3}"
  same "$(sed -e "s#$W#W#g" -e 's/SHA256:[A-Za-z0-9+/]*/KEY/; s/[0-9]\{8\}-[0-9]\{6\}-[0-9a-f]\{8\}/RUN/' <<<"$output")" "$2"
}

# ---- which version runs

original=$'put own one\nput called one\ngreet one'

@test "a run of a commit: all of it comes out of the object database, and the journal says which version of which files" {
  git tag -a v1 -m v1
  sed -i 's/value: one/value: two/' mail/r.yaml common/c.yaml
  commit second
  rm -r mail common plugins
  code 0 standin run mail/r.yaml@v1 --yes
  same "$(applied)" "$original"
  opened=$(journal | head -1)
  same "$(field "$opened" '" ".join(str(value["library"][k]) for k in ("repository", "path", "rev", "commit", "dirty", "allow_dirty", "policy", "changed"))')" \
    "$W/r mail/r.yaml v1 $(git rev-parse HEAD~1) True False None []"
  same "$(field "$opened" '"\n".join(f"{path} {blob}" for path, blob in sorted(value["library"]["files"].items()))')" \
    "$(for path in common/c.yaml mail/inventory.yaml mail/r.yaml plugins/greet/plugin.yaml; do echo "$path $(git rev-parse "v1:$path")"; done)"
  same "$(field "$opened" 'value["digests"]["commit"]')" "$(git rev-parse HEAD~1)"
  index=$(head -1 "$STANDIN_STATE/index.jsonl")
  same "$(field "$index" 'value["library"]["commit"]')" "$(git rev-parse HEAD~1)"
  git clone -q --bare . "$W/bare.git"
  cd "$W"
  : >a/apply.log
  code 0 standin run bare.git//mail/r.yaml@main --yes
  same "$(applied)" $'put own two\nput called two\ngreet one'
  code 0 standin run bare.git//mail/r.yaml@v1 --yes
}

@test "a run of the work tree: what lies there is run, and the journal says how it differs from the commit" {
  ln -s "$W/r/plugins/greet" "$W/plugins/greet"
  sed -i 's/value: one/value: two/' common/c.yaml
  code 0 standin run mail/r.yaml --yes
  same "$(applied)" $'put own one\nput called two\ngreet one'
  library=$(journal | head -1)
  same "$(field "$library" '" ".join(str(value["library"][k]) for k in ("rev", "commit", "dirty", "changed"))')" "None $(git rev-parse HEAD) True ['common/c.yaml']"
  same "$(field "$library" 'value["library"]["files"]["common/c.yaml"]')" "$(git hash-object common/c.yaml)"
  cd "$W"
  runbook <<<'steps: [{uses: toy.put, host: a, with: {name: x, value: y}}]'
  code 0 standin run r.yaml --yes
  grep -h '"kind":"run_opened"' "$STANDIN_STATE/index.jsonl" | tail -1 | grep -q '"library":null'
}

@test "names that stand for nothing say what could have been meant" {
  code 2 standin validate mail/r.yaml@mian
  same "${output//$W/W}" "error: mail/r.yaml@mian: the repository W/r knows no branch, tag or commit 'mian' [library/revision]
  = hint: did you mean 'main'?"
  code 2 standin plan mail/q.yaml@main
  same "$output" "error: there is no mail/q.yaml in the commit $(id) [library/missing]
  = hint: did you mean 'r.yaml'?"
  sed -i 's#\.\./common#../../common#' mail/r.yaml
  commit outside
  code 2 standin validate mail/r.yaml@main
  has "$output" "error: mail/../../common/c.yaml leads out of the repository [library/no-file]"
  has "$output" "$(id):mail/r.yaml:6:19: error: the runbook that it calls cannot be read [call/missing]"
}

@test "a plugin of the commit is a manifest: a program is never taken out of a repository" {
  printf 'plugin: greet\nsummary: A program\nprocess: {run: [greet.sh], protocol: 1}\nactions: {say: {summary: Say, kind: probe, inputs: {}, outputs: {}}}\n' >plugins/greet/plugin.yaml
  printf '#!/bin/sh\ntouch %s/executed\n' "$W" >plugins/greet/greet.sh
  chmod +x plugins/greet/greet.sh
  commit program
  code 2 standin run mail/r.yaml@main --yes
  has "$output" "mail/r.yaml:7:12: error: there is no action 'greet.say'"
  [ ! -e "$W/executed" ]
}

@test "replication sets of the commit are those that count" {
  ln -s "$TREE/plugins/replica" "$W/plugins/replica"
  mkdir mail/replica
  printf '%s\n' 'standin: "1"' 'replica: post' 'source: a' 'target: b' 'paths: [/srv/mail]' 'store: /replica/post' >mail/replica/post.yaml
  printf '%s\n' 'standin: "1"' 'runbook: mail/set' 'kind: drill' 'steps: [{uses: replica.promote, with: {set: post}}]' >mail/set.yaml
  commit sets
  git rm -q -r mail/replica
  commit none
  code 0 standin plan mail/set.yaml@HEAD~1 --offline
  has "$output" "promote --set post"
  run standin plan mail/set.yaml@HEAD --offline
  has "$output" "there is no replication set 'post'"
}

@test "a plan of a branch holds for the commit that it was made of" {
  standin plan mail/r.yaml@main -o json >"$W/plan.json"
  first=$(id)
  commit "only the branch moves"
  code 6 standin run mail/r.yaml@main --plan "$W/plan.json"
  has "$output" "the plan no longer holds: it was made of the commit $first, now it would be the commit $(id)"
  ln -s "$W/r/plugins/greet" "$W/plugins/greet"
  code 6 standin run mail/r.yaml --plan "$W/plan.json"
  has "$output" "the plan no longer holds: it was made of the commit $first, now it would be the files as they lay there"
  code 0 standin run "mail/r.yaml@$first" --plan "$W/plan.json"
  same "$(applied)" "$original"
}

# ---- nothing that changes meanwhile changes what is executed

# Everything that was read by name says something else now: the work tree, the index, the branch, the tag, the manifest, the inventory.
change_everything() {
  cd "$W/r"
  sed -i 's/value: one/value: WRONG/' mail/r.yaml common/c.yaml
  sed -i 's/greet one/greet WRONG/' plugins/greet/plugin.yaml
  sed -i "s#$W/a#$W/b#" mail/inventory.yaml
  commit "something else"
  git tag -f v1 >/dev/null
  sed -i 's/WRONG/WORSE/' mail/r.yaml common/c.yaml plugins/greet/plugin.yaml
  rm -f mail/inventory.yaml
}
change_back() {
  cd "$W/r"
  git reset -q --hard "$first"
  git tag -f v1 >/dev/null
  rm -rf "$W/a/objects" "$W/state"
  mkdir "$W/a/objects"
  : >"$W/a/apply.log"
}

@test "changed at every record of a run: executed is what was named" {
  first=$(git rev-parse HEAD)
  git tag v1
  code 0 standin run mail/r.yaml@main --yes
  same "$(applied)" "$original"
  records=$(journal | wc -l)
  [ "$records" -ge 12 ]
  for name in mail/r.yaml@main mail/r.yaml@v1; do
    for ((n = 1; n <= records; n++)); do
      change_back
      STANDIN_FAULT=journal.after:$n:stop begin run "$name" --yes
      stopped
      change_everything
      kill -CONT "$pid"
      ended
      [ "$status" -eq 0 ] || { cat "$W/err"; return 1; }
      same "$(applied) at $n" "$original at $n"
      same "$(applied b)" ""
    done
  done
}

@test "changed after a kill at every record, then resumed: executed is what was named" {
  first=$(git rev-parse HEAD)
  git tag v1
  code 0 standin run mail/r.yaml@v1 --yes
  records=$(journal | wc -l)
  for ((n = 1; n <= records; n++)); do
    change_back
    STANDIN_FAULT=journal.after:$n:kill code 137 standin run mail/r.yaml@v1 --yes
    change_everything
    run standin resume
    [ "$status" -eq 0 ] || [[ $output == *" is finished (changed)"* ]] || { echo "at $n: $output"; return 1; }
    same "$(applied | sort -u) at $n" "$(sort -u <<<"$original") at $n"
    same "$(applied b)" ""
  done
}

@test "changed between validate, plan and run: the run is of the same commit, or it is refused" {
  first=$(git rev-parse HEAD)
  git tag v1
  code 0 standin validate mail/r.yaml@v1
  code 0 standin plan mail/r.yaml@v1 -o json
  planned=$(field "$output" 'value["digests"]["commit"]')
  echo "$output" >"$W/plan.json"
  change_everything
  code 6 standin run mail/r.yaml@v1 --plan "$W/plan.json"
  same "$(applied)$(applied b)" ""
  code 0 standin run "mail/r.yaml@$planned" --plan "$W/plan.json"
  same "$(applied)" "$original"
}

# ---- what the policy says

@test "signed by a key that may: it runs, and the journal says by whom and by which policy" {
  keys alice
  policy <<<'signatures: {on: commit, allowed_signers: .standin/allowed_signers}'
  echo "alice@example.org $(cat "$W/alice.pub")" >.standin/allowed_signers
  commit policy
  signed_by alice
  code 0 standin run mail/r.yaml@main --yes
  granted=$(field "$(journal | head -1)" 'value["library"]["policy"]')
  field "$(journal | head -1)" 'json.dumps(value["library"]["policy"])' >"$W/granted"
  same "$(sed 's#SHA256:[^"]*#KEY#' "$W/granted")" "{\"reference\": \"refs/heads/main\", \"commit\": \"$(git rev-parse HEAD)\", \"blob\": \"$(git rev-parse HEAD:.standin/policy.yaml)\", \"signature\": {\"state\": \"good\", \"format\": \"ssh\", \"signer\": \"alice@example.org\", \"key\": \"KEY\"}}"
  grep -q "$(ssh-keygen -lf "$W/alice.pub" | cut -d' ' -f2)" "$W/granted"
}

@test "unsigned, wrongly signed, signed by a stranger, by a revoked key, by one that has expired: refused with a reason" {
  keys alice mallory bob carol
  policy <<<'signatures: {on: commit, allowed_signers: .standin/allowed_signers, revoked_keys: .standin/revoked}'
  {
    echo "alice@example.org,a2@example.org namespaces=\"git\" $(cat "$W/alice.pub")"
    echo "bob@example.org $(cat "$W/bob.pub")"
    echo "carol@example.org valid-before=\"20250101\" $(cat "$W/carol.pub")"
  } >.standin/allowed_signers
  cat "$W/bob.pub" >.standin/revoked
  commit policy
  refused mail/r.yaml@main "error: the commit $(id) is not signed [policy/unsigned]
  = hint: the policy asks for a signature: \`git commit -S\`, \`git tag -s\`"
  signed_by mallory
  refused mail/r.yaml@main "error: the commit $(id) is signed with the SSH key KEY, which is none of those that may sign [policy/signer]
  = hint: who may sign stands in .standin/allowed_signers at refs/heads/main"
  signed_by bob
  refused mail/r.yaml@main "error: the commit $(id) is signed by bob@example.org with the SSH key KEY, which is revoked [policy/revoked]"
  signed_by carol
  refused mail/r.yaml@main "error: the commit $(id) is signed with the SSH key KEY, which is none of those that may sign [policy/signer]
  = hint: who may sign stands in .standin/allowed_signers at refs/heads/main"
  signed_by alice
  # the signature of one commit in another
  forged=$(git cat-file commit HEAD | sed 's/^signed by alice$/signed by nobody/' | git hash-object -t commit -w --stdin)
  refused "mail/r.yaml@$forged" "error: the signature of the commit ${forged:0:12} does not match it: Signature verification failed: incorrect signature [policy/signature]
  = hint: it was changed after it was signed, or the signature is another one's: ask who made it"
  forged=$(git cat-file commit HEAD | sed 's/^ U1NIU0lH/ AAAAAAAA/' | git hash-object -t commit -w --stdin)
  code 6 standin run "mail/r.yaml@$forged" --yes
  has "$output" "error: the signature of the commit ${forged:0:12} does not match it"
  same "$(applied)" ""
  [ ! -e "$STANDIN_STATE/index.jsonl" ]
  code 0 standin run mail/r.yaml@main --yes
}

@test "OpenPGP: the policy's keyring counts, never the user's; a revocation in it counts" {
  mkdir -m 700 "$GNUPGHOME"
  for name in alice mallory; do
    gpg --batch --quiet --passphrase '' --quick-generate-key "$name <$name@example.org>" ed25519 sign never 2>/dev/null
  done
  fingerprint() { gpg --with-colons --list-keys "$1" | sed -n 's/^fpr:*\([0-9A-F]*\):$/\1/p' | head -1; }
  pgp() { git -c gpg.format=openpgp -c user.signingkey="$(fingerprint "$1")" commit -q --allow-empty -S -m "by $1"; }
  policy <<<'signatures: {on: commit, keyring: .standin/keyring.asc}'
  gpg --armor --export alice >.standin/keyring.asc
  commit policy
  pgp alice
  good=$(id)
  code 0 standin run mail/r.yaml@main --yes
  same "$(field "$(journal | head -1)" 'str(list(value["library"]["policy"]["signature"].values()))')" \
    "['good', 'openpgp', 'alice <alice@example.org>', '$(fingerprint alice)']"
  pgp mallory
  refused mail/r.yaml@main "error: the commit $(id) is signed with the OpenPGP key $(fingerprint mallory | tail -c 17), which is none of those that may sign [policy/signer]
  = hint: who may sign stands in .standin/keyring.asc at refs/heads/main"
  forged=$(git cat-file commit "$good" | sed 's/^by alice$/by nobody/' | git hash-object -t commit -w --stdin)
  code 6 standin run "mail/r.yaml@$forged" --yes
  has "$output" "error: the signature of the commit ${forged:0:12} does not match it [policy/signature]"
  sed 's/^:-----/-----/' "$GNUPGHOME/openpgp-revocs.d/$(fingerprint alice).rev" | gpg --batch --quiet --import
  gpg --armor --export alice >.standin/keyring.asc
  commit "alice's key is revoked"
  code 6 standin run "mail/r.yaml@$good" --yes
  same "$output" "error: the commit $good is signed by alice <alice@example.org> with the OpenPGP key $(fingerprint alice), which is revoked [policy/revoked]"
  gpgconf --kill all
}

@test "signed tags: one of the commit, under its own name" {
  keys alice
  policy <<<'signatures: {on: tag, allowed_signers: .standin/allowed_signers}'
  echo "alice@example.org $(cat "$W/alice.pub")" >.standin/allowed_signers
  commit policy
  git tag -a plain -m plain
  refused mail/r.yaml@plain "error: the commit $(id) has no signed tag [policy/unsigned]
  = hint: the policy asks for one: \`git tag -s\`"
  git -c user.signingkey="$W/alice.pub" tag -s v1 -m v1
  code 0 standin run mail/r.yaml@v1 --yes
  code 0 standin run mail/r.yaml@main --yes # the same commit
  same "$(field "$(journal | head -1)" 'value["library"]["policy"]["tag"]')" v1
  commit later
  git update-ref refs/tags/v2 refs/tags/v1 # an old tag under a new name is an old tag
  code 0 standin run mail/r.yaml@v2 --yes
  code 6 standin run mail/r.yaml@main --yes
  git tag -d v1 >/dev/null
  code 6 standin run mail/r.yaml@v2 --yes
  sed -i 's/on: tag/on: either/' .standin/policy.yaml
  commit either
  code 6 standin run mail/r.yaml@main --yes
  has "$output" "error: the commit $(id) is not signed [policy/unsigned]"
  signed_by alice
  code 0 standin run mail/r.yaml@main --yes
}

@test "only what is reachable from an allowed branch; of origin, where there is one" {
  policy <<<'branches: [main, "release/*"]'
  commit policy
  git checkout -q -b feature
  commit feature
  refused mail/r.yaml@feature "error: the commit $(id) is in no branch that the policy allows (main, release/*) [policy/branch]
  = hint: merge it there, or name a version that is there: PATH@REV"
  git branch release/1
  code 0 standin run mail/r.yaml@feature --yes
  git checkout -q main
  git clone -q . "$W/clone"
  cd "$W/clone"
  code 0 standin run mail/r.yaml@main --yes
  git commit -q --allow-empty -m "not pushed"
  code 6 standin run mail/r.yaml@main --yes
  same "$output" "error: the commit $(git rev-parse --short=12 HEAD) is in no branch that the policy allows (main, release/* of origin) [policy/branch]
  = hint: merge it there and push, then \`git fetch\`; or name a version that is there: PATH@REV"
  git push -q origin main:refs/heads/release/2
  code 0 standin run mail/r.yaml@main --yes
}

@test "an older version than the one that was run last" {
  policy <<<'older_versions: refuse'
  commit policy
  old=$(id)
  sed -i 's/value: one/value: two/' mail/r.yaml
  commit second
  git branch aside "$old"
  code 0 standin run mail/r.yaml@main --yes
  code 0 standin run mail/r.yaml@main --yes
  new=$(id)
  refused "mail/r.yaml@$old" "error: the commit $old is older than $new, which was run last (run RUN) [policy/older]
  = hint: to go back to what it said, commit that anew: \`git revert\`; then run the new commit"
  git checkout -q aside
  sed -i 's/value: one/value: three/' mail/r.yaml
  commit third
  refused mail/r.yaml@aside "error: the commit $(id) does not contain $new, which was run last (run RUN) [policy/older]
  = hint: to go back to what it said, commit that anew: \`git revert\`; then run the new commit"
  git checkout -q main
  git revert --no-edit HEAD >/dev/null
  code 0 standin run mail/r.yaml@main --yes
  code 0 standin run "mail/r.yaml@$old" --yes # the very same files: it is the same version
}

@test "a clean tree: what lies there must be what was committed; --allow-dirty is journaled, and signs nothing" {
  ln -s "$W/r/plugins/greet" "$W/plugins/greet"
  policy <<<'clean_tree: true'
  commit policy
  code 0 standin run mail/r.yaml --yes
  echo >untracked
  code 0 standin run mail/r.yaml --yes
  echo "# changed" >>common/c.yaml
  refused mail/r.yaml "error: the work tree is not as it was committed: common/c.yaml [policy/dirty]
  = hint: name what was committed (PATH@REV), or commit first; --allow-dirty runs it all the same, and is journaled"
  code 0 standin plan mail/r.yaml
  has "$output" "warning: a run would be refused: the work tree is not as it was committed: common/c.yaml [policy/dirty]"
  code 0 standin run mail/r.yaml@main --yes
  code 0 standin run mail/r.yaml --yes --allow-dirty
  same "$(field "$(tail -2 "$STANDIN_STATE/index.jsonl" | head -1)" 'str([value["library"][k] for k in ("dirty", "allow_dirty", "changed")])')" "[True, True, ['common/c.yaml']]"
  git checkout -q common
  echo x >>.standin/policy.yaml # nothing that is executed, and yet not what was committed
  refused mail/r.yaml "error: the work tree is not as it was committed [policy/dirty]
  = hint: name what was committed (PATH@REV), or commit first; --allow-dirty runs it all the same, and is journaled"
  git checkout -q .standin
  policy <<<'branches: [main]'
  commit branches
  echo "# changed" >>common/c.yaml
  refused mail/r.yaml "error: what would be run is not what the commit $(id) holds, and only that can be reviewed and signed: common/c.yaml [policy/not-committed]
  = hint: commit it, or name what was committed: PATH@REV" --allow-dirty
}

@test "the policy that counts is the trunk's: a commit cannot allow itself anything, nor does one from before the policy escape it" {
  keys alice mallory
  before=$(id)
  policy <<<'signatures: {on: commit, allowed_signers: .standin/allowed_signers}'
  echo "alice@example.org $(cat "$W/alice.pub")" >.standin/allowed_signers
  commit policy
  code 6 standin run "mail/r.yaml@$before" --yes
  git checkout -q -b mine
  echo "mallory@example.org $(cat "$W/mallory.pub")" >>.standin/allowed_signers
  git add -A
  signed_by mallory "I may, too"
  code 6 standin run mail/r.yaml@mine --yes
  has "$output" "which is none of those that may sign"
  git rm -q -r .standin
  git commit -q -m "no policy at all"
  code 6 standin run mail/r.yaml@mine --yes
  git config standin.trunk mine # whoever may write .git/config may say what the trunk is: README.md tells what that means
  code 0 standin run mail/r.yaml@mine --yes
  git config standin.trunk nowhere
  code 6 standin run mail/r.yaml@mine --yes
  same "${output//$W/W}" "error: the trunk 'nowhere', which holds the policy of the repository W/r, is not there [policy/trunk]
  = hint: \`git -C W/r config standin.trunk\` names it: a branch of origin, or of this repository"
}

@test "a policy that cannot be read forbids everything, and says where it is wrong" {
  policy <<<'clean_tree: true'
  code 0 standin validate .standin/policy.yaml
  same "$output" ".standin/policy.yaml: valid"
  policy <<<'brnaches: [main]'
  code 2 standin validate .standin/policy.yaml
  has "$output" ".standin/policy.yaml:2:1: error: unknown key 'brnaches' [schema/unknown-key]"
  commit policy
  code 6 standin run mail/r.yaml@main --yes
  same "$output" "$(id):.standin/policy.yaml:2:1: error: unknown key 'brnaches' [schema/unknown-key]
 2 | brnaches: [main]
   | ^^^^^^^^
   = hint: did you mean 'branches'?"
  policy <<<'signatures: {on: commit, allowed_signers: .standin/signers}'
  commit "no such file"
  code 6 standin run mail/r.yaml@main --yes
  same "$(head -1 <<<"$output")" "$(id):.standin/policy.yaml: error: there is no .standin/signers in the commit $(id) [policy/file]" ||
    same "$(head -1 <<<"$output")" "$(id):.standin/policy.yaml:2:43: error: there is no .standin/signers in the commit $(id) [policy/file]"
  policy <<<'signatures: {on: commit, keyring: .standin/policy.yaml}'
  commit "no keys"
  code 6 standin run mail/r.yaml@main --yes
  has "$output" "error: $(id):.standin/policy.yaml holds no OpenPGP public key that gpg can import [policy/signature]"
  rm -rf .standin
  ln -s mail .standin
  commit "a link"
  code 6 standin run mail/r.yaml@main --yes
  has "$output" "error: .standin is a symbolic link in the commit $(id), and links are not followed there [policy/file]"
  same "$(applied)" ""
}

@test "resume --amend is asked as a run is" {
  ln -s "$W/r/plugins/greet" "$W/plugins/greet"
  policy <<<'branches: [main]'
  commit policy
  STANDIN_FAULT=journal.after:5:kill code 137 standin run mail/r.yaml@main --yes
  git checkout -q -b edited
  sed -i 's/name: own, value: one/name: own, value: amended/' mail/r.yaml
  code 6 standin resume --amend mail/r.yaml
  has "$output" "[policy/not-committed]"
  commit amended
  code 6 standin resume --amend mail/r.yaml@edited
  has "$output" "[policy/branch]"
  git branch -f main
  STANDIN_FAULT=journal.after.resumed:1:kill code 137 standin resume --amend mail/r.yaml@main
  cd "$W" && mv r elsewhere
  code 0 standin resume # all of it is in the run directory, what the edited one calls as well
  cd elsewhere
  has "$(applied)" "put called one"
  same "$(field "$(journal | grep '"amended":{' | tail -1)" 'value["amended"]["library"]["commit"]')" "$(git rev-parse HEAD)"
}

# ---- history and diff

@test "history: the commits that changed it, who signed them, and the runs of each version" {
  keys alice mallory
  ln -s "$W/r/plugins/greet" "$W/plugins/greet"
  policy <<<'signatures: {on: either, allowed_signers: .standin/allowed_signers}'
  echo "alice@example.org $(cat "$W/alice.pub")" >.standin/allowed_signers
  sed -i 's/name: own, value: one/name: own, value: two/' mail/r.yaml
  git add -A
  signed_by alice "Two instead of one"
  two=$(id)
  commit "nothing of it"
  sed -i 's/name: own, value: two/name: own, value: three/' mail/r.yaml
  git add -A
  signed_by mallory "Three"
  code 0 standin run "mail/r.yaml@$two" --yes
  sed -i 's/on: either/on: commit/' .standin/policy.yaml
  git rm -q -r --cached .standin
  git commit -q -m "no policy for now"
  code 0 standin run mail/r.yaml@main --yes
  echo "# not committed" >>mail/r.yaml
  code 0 standin run mail/r.yaml --yes
  git add -A .standin
  git commit -q -m "the policy again"
  code 0 standin history mail/r.yaml
  same "$(sed -E -e 's/[0-9]{8}-[0-9]{6}-[0-9a-f]{8}/RUN/' -e 's/ [0-9.]+m?s / T /' -e 's/by [a-z]+$/by WHO/; s/by [a-z]+  /by WHO  /' -e "s#$W#W#; s#SHA256:.*#KEY#; s/  +T +/  T  /" <<<"$output")" \
    "mail/r.yaml  in W/r, as of HEAD ($(id))

$(id HEAD~2)  2026-03-01 03:12:45Z  Alice <alice@example.org>
              Three
              signed with a key that may not: KEY
              RUN  changed  T  by WHO

$two  2026-03-01 03:12:45Z  Alice <alice@example.org>
              Two instead of one
              signed by alice@example.org
              RUN  changed  T  by WHO

$(id HEAD~5)  2026-03-01 03:12:45Z  Alice <alice@example.org>
              first
              not signed

Runs of what is not in this history
  RUN  changed  T  by WHO  (not as it was committed)"
  code 0 standin history mail/r.yaml@main -n 1 -o json
  same "$(field "$output" '[(v["subject"], v["signature"]["state"], [r["outcome"] for r in v["runs"]]) for v in value["versions"]], len(value["other_runs"])')" \
    "([('Three', 'stranger', ['changed'])], 2)"
  code 8 standin history mail/q.yaml
  same "${output//$W/W}" "standin: no commit of the repository W/r has a file mail/q.yaml"
  code 8 standin history "$W/inventory.yaml"
  code 2 standin history mail/r.yaml -n x
}

@test "history: where nothing was ever run there are versions all the same; a state directory that was named must be there" {
  code 0 unshare -m sh -c 'mount -t tmpfs none /var/lib && unset STANDIN_STATE && exec "$@"' sh "$STANDIN" history mail/r.yaml
  has "$output" "$(id | cut -c1-8)"
  [[ $output != *"no state directory"* ]]
  code 8 standin history mail/r.yaml --state "$W/typo"
  has "$output" "there is no state directory $W/typo"
}

@test "diff: two versions in terms of steps, and what else changed that they use" {
  git tag v1
  cat >mail/r.yaml <<'YAML'
standin: "1"
runbook: mail/r
kind: drill
steps:
  - {id: c, call: ../common/c.yaml}
  # a comment, and another layout
  - group: More
    retry: {attempts: 3}
    steps:
      - uses: toy.put
        with: {value: one, name: own}
        host: b
      - {name: Greet the world, uses: greet.say, host: a, with: {}}
YAML
  sed -i 's/greet one/greet two/' plugins/greet/plugin.yaml
  commit second
  code 0 standin diff mail/r.yaml v1 main
  same "$output" "mail/r.yaml  v1 ($(id v1)) -> main ($(id main))
+ 2         group More
            retry: {\"attempts\":3}
  > 2.1       toy.put  (was 1)
              ~ host: a -> b
  > 2.2       Greet the world  greet.say  (was 3)
              + name: Greet the world
Also changed
~ plugins/greet/plugin.yaml"
  sed -i '/id: c, call/d' mail/r.yaml
  code 0 standin diff mail/r.yaml HEAD
  same "$output" "mail/r.yaml  HEAD ($(id)) -> the file as it lies there
- 1         call ../common/c.yaml
            id: c"
  code 0 standin diff mail/r.yaml v1 v1 -o json
  same "$(field "$output" '(value["path"], value["before"], value["fields"], value["steps"], value["also"])')" \
    "('mail/r.yaml', {'rev': 'v1', 'commit': '$(git rev-parse v1)'}, [], [], [])"
  CLICOLOR_FORCE=1 code 0 standin diff mail/r.yaml v1 main
  has "$output" $'\e[32m+ 2         group More'
  code 2 standin diff mail/r.yaml v1 v2
  has "$output" "knows no branch, tag or commit 'v2' [library/revision]"
}

# ---- validate --changed-since

@test "validate --changed-since: only the runbooks that changed, or whose callees, plugins or inventory did" {
  cat >mail/alone.yaml <<'YAML'
standin: "1"
runbook: mail/alone
kind: drill
steps: [{uses: toy.put, host: a, with: {name: x, value: y}}]
YAML
  commit second
  unset STANDIN_PLUGINS # the repository's own count where no others are asked for
  cp -rL "$W/plugins/toy" plugins/toy
  commit plugins
  git tag base
  since() { code "$1" standin validate mail/r.yaml mail/alone.yaml mail/inventory.yaml --changed-since base; }
  since 0
  same "$output" "3 as at base: left out"
  echo "# a callee" >>common/c.yaml
  since 0
  same "$output" $'mail/r.yaml: valid\n2 as at base: left out'
  git checkout -q common
  echo "# a plugin of one" >>plugins/greet/plugin.yaml
  since 0
  same "$output" $'mail/r.yaml: valid\n2 as at base: left out'
  git checkout -q plugins
  echo "# a plugin of both" >>plugins/toy/plugin.yaml
  since 0
  same "$output" $'mail/r.yaml: valid\nmail/alone.yaml: valid\n1 as at base: left out'
  git checkout -q plugins
  echo "# the inventory" >>mail/inventory.yaml
  since 0
  same "$output" $'mail/r.yaml: valid\nmail/alone.yaml: valid\nmail/inventory.yaml: valid'
  git checkout -q mail
  git rm -q -r plugins/greet
  since 2
  has "$output" "mail/r.yaml:7:12: error: there is no action 'greet.say'"
  has "$output" "2 as at base: left out"
  commit "without it"
  since 2
  rm common/c.yaml
  since 2
  has "$output" "error: the runbook that it calls cannot be read"
  commit "without that as well"
  code 0 standin validate mail/r.yaml mail/alone.yaml --changed-since HEAD
  same "$output" "2 as at HEAD: left out" # it is broken, but it was so already
  code 0 standin validate mail/r.yaml@base mail/alone.yaml@main --changed-since base
  same "$output" "2 as at base: left out"
  code 2 standin validate mail/alone.yaml mail/r.yaml --changed-since base -o json
  same "$(field "$output" '[one["path"] for one in value]')" "['mail/r.yaml']"
  code 2 standin validate mail/alone.yaml mail/r.yaml --changed-since base~1 -o json # from before the plugin of both
  same "$(field "$output" '[one["path"] for one in value]')" "['mail/alone.yaml', 'mail/r.yaml']"
  code 2 standin validate mail/r.yaml --changed-since bsae
  has "$output" "error: the repository $W/r knows no branch, tag or commit 'bsae' [library/revision]"
  has "$output" "hint: did you mean 'base'?"
  code 2 standin validate "$W/inventory.yaml" --changed-since base
}
