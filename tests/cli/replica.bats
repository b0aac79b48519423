#!/usr/bin/env bats
# Replication sets as documents and `standin replica`: what needs no agent on any host. With agents: tests/lab/replica.bats.
load support

furnish() {
  ln -s "$TREE/plugins/replica" "$W/plugins/replica"
  mkdir replica
  set_of b >replica/mail.yaml
}

set_of() { # TARGET
  printf '%s\n' 'standin: "1"' 'replica: mail' 'source: a' "target: $1" 'paths: [/srv/mail, {path: /var/spool/x, to: spool}]' \
    'rules: ["+ /srv/mail/keep.tmp", "- *.tmp"]' "store: $W/b/store" 'schedule: 60s'
}

steps() { runbook <<<"steps: [{uses: replica.connect, with: {set: ${1:-mail}}}, {uses: replica.promote, with: {set: mail}}]"; }

@test "a set is validated: its shape, its hosts, its file's name; a step names one that is there" {
  code 0 standin validate replica/mail.yaml -i inventory.yaml
  same "$output" "replica/mail.yaml: valid"
  set_of c >replica/mail.yaml
  code 2 standin validate replica/mail.yaml -i inventory.yaml
  has "$output" "the inventory has no host 'c'"
  set_of b | sed 's/^store/stor/' >replica/mail.yaml
  code 2 standin validate replica/mail.yaml -i inventory.yaml
  has "$output" "unknown key 'stor'"
  has "$output" "did you mean 'store'?"
  (set_of b && printf '%s\n' 'owners: name' 'verify: {every: 7d, repair: true}') >replica/mail.yaml
  code 0 standin validate replica/mail.yaml -i inventory.yaml
  (set_of b && printf '%s\n' 'owners: names' 'verify: weekly') >replica/mail.yaml
  code 2 standin validate replica/mail.yaml -i inventory.yaml
  has "$output" "owners"
  has "$output" "verify"
  set_of b >replica/mail.yaml
  cp replica/mail.yaml replica/post.yaml
  code 2 standin validate replica/post.yaml -i inventory.yaml
  has "$output" "the set 'mail' stands in the file 'post.yaml'"
  rm replica/post.yaml
  steps mial
  code 2 standin validate r.yaml -i inventory.yaml
  has "$output" "there is no replication set 'mial'"
  has "$output" "did you mean 'mail'?"
}

@test "a plan says which commands of the agent run where, before any host is asked" {
  steps
  code 0 standin plan r.yaml --offline
  has "$output" "source: ? -> running"
  has "$output" "$ /usr/local/lib/standin/standin-agent define  # on a  # stdin: ?"
  has "$output" "$ /usr/local/lib/standin/standin-agent promote --set mail --term ?"
  has "$output" "replica.promote  via b  IRREVERSIBLE"
  runbook <<<"steps: [{uses: replica.promote, with: {set: mail, point: 7}}]"
  code 0 standin plan r.yaml --offline
  has "$output" "promoted_point: ? -> 7"
  has "$output" "--point 7"
  has "$output" "note: the replica becomes what point 7 was; the last one is kept"
}

@test "a saved plan is held to the set that it was made with" {
  runbook <<<'steps: [{uses: toy.put, host: a, with: {name: x, value: "1"}}]'
  standin plan r.yaml -o json >plan.json
  sed -i 's/60s/61s/' replica/mail.yaml
  code 6 standin run r.yaml --plan plan.json
  has "$output" "the replication set mail has changed since"
  same "$(applied)" ""
}

@test "the set beside the runbook counts before the one beside the inventory" {
  mkdir -p site/replica
  mv inventory.yaml site/
  set_of c >site/replica/mail.yaml
  steps
  code 0 standin validate r.yaml -i site/inventory.yaml
  rm -r replica
  code 2 standin validate r.yaml -i site/inventory.yaml
  has "$output" "site/replica/mail.yaml:4:9: error: the inventory has no host 'c'"
}

@test "explain: which rule decides, of paths that need not exist" {
  code 0 standin replica explain mail /srv/mail/keep.tmp /srv/mail/x.tmp /var/spool/x/y /etc/passwd
  has "$output" "in   srv/mail/keep.tmp  rule 1"
  has "$output" "out  srv/mail/x.tmp  rule 2"
  has "$output" "in   spool/y  no rule"
  has "$output" "out  /etc/passwd  below none of the set's paths"
  code 2 standin replica explain mial /x
  has "$output" "did you mean 'mail'?"
}

@test "replica alone, or with what is no verb, says which there are; nothing is done without a word of the operator" {
  code 2 standin replica
  has "$output" "one of: replica explain, replica define"
  code 2 standin replica conect mail
  has "$output" "did you mean 'replica connect'?"
  code 2 standin replica promote mail </dev/null
  has "$output" "nobody can be asked whether to go on"
  code 2 standin replica connect mail --with anw=true --yes
  has "$output" "did you mean 'anew'?"
}
