#!/usr/bin/env bats
# replica.restore beyond one folder: a set of several folders and a file, each to its place; an earlier recovery point; another place, another
# host; and what is refused. The tests of this file build on one another, in this order.

load standin

AGENT=/usr/local/lib/standin/standin-agent

setup_file() {
  fresh_lab
  on mail1 sh -c 'systemctl start srv-mail.mount && mkdir -p /srv/mail/a/deep /srv/other && echo one >/srv/mail/a/deep/one && echo x >/srv/other/x && echo host >/etc/thing.conf'
  on mail2 sh -c 'mkfs.xfs -qf /dev/store0 && systemctl start replica.mount' # xfs keeps earlier points
  on ctl sh -c 'mkdir -p /etc/standin/replica && cat >/etc/standin/replica/several.yaml
    sed "s/^hosts:/&\n  ctl: {name: ctl, address: 10.99.0.5, platform: linux, connection: local}/" /etc/standin/inventory.yaml >/etc/standin/new && mv /etc/standin/new /etc/standin/inventory.yaml' <<'S'
standin: "1"
replica: several
source: mail1
target: mail2
paths: [{path: /srv/mail/a, to: mail}, /srv/other, {path: /etc/thing.conf, to: conf}]
rules: ["- /mail/*.tmp"]
store: /replica/several
keep: 3
S
}

replica() { # VERB [OPTION...]: of the set; status and output as with run
  rm -f "$BATS_TEST_TMPDIR/report"
  run on ctl "$STANDIN" replica "$1" several --yes "${@:2}"
  echo "$output"
}
acts() {
  replica "$@"
  is "$status" 0
}
told() { on "$1" $AGENT status --set several | python3 -c 'import json, sys; print(json.load(sys.stdin).get(sys.argv[1]))' "$2"; } # HOST KEY
text() { on "$1" cat "$2"; }                                                                                                         # HOST FILE

@test "three recovery points, then a promote; the old source goes its own way" {
  acts connect
  acts wait
  on mail1 sh -c 'echo two >/srv/mail/a/deep/two && echo changed >/srv/other/x'
  acts sync
  on mail1 rm /srv/mail/a/deep/one
  acts sync
  replica restore --with to=/srv/copy
  is "$status" 1
  says "new recovery points would arrive while it is copied"
  acts promote
  tree=$(told mail2 path)
  on mail2 sh -c 'echo there >"$1/mail/deep/there" && echo newer >"$1/srv/other/x" && echo conf >"$1/conf"' sh "$tree"
  on mail1 sh -c 'echo mine >/srv/mail/a/deep/mine && echo mine >/srv/other/mine && echo t >/srv/mail/a/t.tmp'
}

@test "before it is restored: what differs is told, and nothing is touched" {
  replica verify --with promoted=true
  is "$status" 1
  output=$(on ctl "$STANDIN" show -o json)
  for path in mail/deep/there mail/deep/mine srv/other/x srv/other/mine conf; do says "$path"; done
  is "$(text mail1 /srv/other/x)" changed
  is "$(told mail2 state)" promoted
}

@test "restore: each folder and file to its place; what only the source had is kept, folder by folder" {
  acts restore
  is "$(field 1 after.state.restored)" true
  is "$(on mail1 sh -c 'cd /srv/mail/a && find . -type f ! -path "./.standin-*" | sort | xargs')" "./deep/there ./deep/two"
  is "$(on mail1 sh -c 'cd /srv/other && find . -type f ! -path "./.standin-*"')" ./x
  is "$(text mail1 /srv/other/x)" newer
  is "$(text mail1 /etc/thing.conf)" conf
  keeps=$(field 1 after.state.keep)
  is "$(on mail1 sh -c 'for keep in $(echo "$1" | tr , " "); do find $keep -type f -name "mine"; done | wc -l' sh "$keeps")" 2
  not on mail1 sh -c 'ls -d /srv/mail/a/.standin-restore* /srv/other/.standin-restore* /etc/.standin-restore*'
  acts restore
  is "$(outcome 1)" ok
}

@test "an earlier recovery point, to another place: as it was then; not over what is there" {
  acts restore --with point=1 --with to=/srv/mail/copy
  is "$(text mail1 /srv/mail/copy/mail/deep/one)" one
  is "$(text mail1 /srv/mail/copy/srv/other/x)" x
  is "$(text mail1 /srv/mail/copy/conf)" host
  is "$(text mail1 /srv/other/x)" newer # that is the source's, and stays
  acts restore --with point=1 --with to=/srv/mail/copy
  is "$(outcome 1)" ok
  replica restore --with point=2 --with to=/srv/mail/copy
  is "$status" 1
  says "is not empty"
  replica restore --with point=77 --with to=/srv/mail/else
  is "$status" 1
  says "mail2 does not keep point 77 of several"
}

@test "to another host, which knew nothing of the set; the target itself has it already" {
  acts restore --with host=ctl --with to=/root/restored
  is "$(text ctl /root/restored/mail/deep/there)" there
  is "$(text ctl /root/restored/conf)" conf
  is "$(on ctl sh -c 'ls -A /root/restored | xargs')" "conf mail srv"
  replica restore --with host=mail2 --with to=/root/restored
  is "$status" 1
  says "the target has it already"
}

@test "restored, it is connected again, also without a schedule" {
  acts connect
  acts wait
  is "$(told mail2 term)" 3
}
