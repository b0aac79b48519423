#!/usr/bin/env bats
# The mail cycle in block mode: the same runbooks as in failover.bats, and a set whose source is the block device under the mail store. The
# source has it mounted while it is mirrored: it is frozen for that long. The tests of this file build on one another, in this order.

load standin
load journal
load mailbox

AGENT=/usr/local/lib/standin/standin-agent
BLOCK=(--input set=mail-block --yes)

setup_file() {
  fresh_lab
  # the target's disk is the replica; its store, a few points and journals, lies elsewhere
  on mail2 sh -e -c 'mkdir -p /var/lib/replicas /etc/systemd/system/replica.mount.d
    printf "[Mount]\nWhat=/var/lib/replicas\nType=none\nOptions=bind\n" >/etc/systemd/system/replica.mount.d/folder.conf
    systemctl daemon-reload
    dd if=/dev/zero of=/dev/store0 bs=1M count=16 conv=fsync status=none'
  on ctl sh -c 'mkdir -p /etc/standin/replica && cat >/etc/standin/replica/mail-block.yaml' <<'S'
standin: "1"
replica: mail-block
source: mail1
target: mail2
paths: [/dev/store0]
device: /dev/store0
store: /replica/mail-block
consistency: {quiesce: [/sbin/fsfreeze, --freeze, /srv/mail], thaw: [/sbin/fsfreeze, --unfreeze, /srv/mail]}
schedule: 1h
S
}
teardown() { rm -f "$BATS_FILE_TMPDIR/sending"; }

told() { on "$1" $AGENT status --set mail-block | python3 -c 'import json, sys; print(json.load(sys.stdin).get(sys.argv[1]))' "$2"; } # HOST KEY
block() { on ctl "$STANDIN" replica "$1" mail-block --yes "${@:2}"; }                                                                    # VERB [OPTION...]
digest() { on "$1" sha256sum /dev/store0 | cut -d' ' -f1; }
# What was accepted, but for messages of a tag
forget() { sed -i "/$2/d" "$BATS_FILE_TMPDIR/$1.accepted"; } # USER TAG

@test "a device that is in use is not mirrored as it is: refused, with what to do" {
  on mail1 systemctl start srv-mail.mount
  on mail2 systemctl start replica.mount
  on ctl sh -c 'sed "s/mail-block/raw/; /consistency/d; s/^schedule.*/route: {port: 7412}/" /etc/standin/replica/mail-block.yaml >/etc/standin/replica/raw.yaml'
  on ctl "$STANDIN" replica connect raw --yes
  run on ctl "$STANDIN" replica wait raw --yes
  is "$status" 1
  says "/dev/store0 is mounted or otherwise in use"
  on ctl "$STANDIN" replica drop raw --yes
  on ctl rm /etc/standin/replica/raw.yaml
}

@test "prepare: the disk is mirrored while mail arrives; each point is consistent" {
  start_sending bob during-mirror
  standin run "$MAIL/prepare.yaml" "${BLOCK[@]}"
  stop_sending
  is "$(told mail2 consistency)" consistent
  is "$(told mail2 path)" /dev/store0
  send alice 20 before
  complete_soon alice
  complete_soon bob
}

@test "the target's disk is nobody's before promote" {
  on mail2 dumpe2fs -h /dev/store0 2>/dev/null | grep -q 'Filesystem state:'
  act mail2 store.mount 'path: /srv/mail, set: mail-block'
  is "$status" 1
  error_says 1 "mail-block was not promoted on this host"
}

@test "failover: every message of the last point is there" {
  block sync
  send bob 1 too-late # only the source has it, and its disk keeps it
  eventually grep -q too-late "$BATS_FILE_TMPDIR/bob.accepted"
  complete_soon bob
  lab power mail1 cut
  forget bob too-late
  start_sending alice during-failover
  standin run "$MAIL/failover.yaml" "${BLOCK[@]}"
  eventually grep -q during-failover "$BATS_FILE_TMPDIR/alice.accepted"
  stop_sending
  is "$(on mail2 findmnt -no SOURCE /srv/mail)" /dev/store0
  complete_soon alice
  complete_soon bob
}

@test "failover again: applies nothing" {
  standin run "$MAIL/failover.yaml" "${BLOCK[@]}"
  same "" "$(intents)" "applied"
}

@test "the stand-in's disk is in use: it is not restored from, nor is anything stopped or overwritten for it" {
  lab power mail1 on
  lab await mail1 boot
  before=$(digest mail1)
  send alice 5 meanwhile
  on ctl "$STANDIN" replica status mail-block
  lab cable mail1 plug
  lab run switch ip link set dev p-mail1 up
  lab await mail1
  on mail1 ip address del 10.99.0.100/24 dev host0 || true
  run block restore
  is "$status" 1
  says "/dev/store0 is mounted at /srv/mail"
  says "dismount it first"
  is "$(digest mail1)" "$before"
  on switch ip link set dev p-mail1 down
  lab power mail1 off
}

@test "failback: only what differs goes back; the source serves every message, and its old disk is kept" {
  start_sending bob during-failback
  standin run "$MAIL/failback.yaml" "${BLOCK[@]}" >"$BATS_FILE_TMPDIR/failback.log" 2>&1 3>&- &
  failback=$!
  eventually waits_for prompt
  lab power mail1 on
  lab await mail1 boot
  standin answer continue --reason "it has booted"
  wait $failback || { cat "$BATS_FILE_TMPDIR/failback.log" && false; }
  stop_sending
  [ "$(run_outcome)" = changed ]
  is "$(on mail1 findmnt -no SOURCE /srv/mail)" /dev/store0
  complete_soon alice
  complete_soon bob
  not on mail2 mountpoint -q /srv/mail
}

@test "what only the source had is in the copy of its disk" {
  keep=$(journal '[x["outputs"]["keep"] for x in k("step_finished") if x["step"].startswith("restore") or "keep" in (x.get("outputs") or {})][0]')
  on mail1 sh -c 'e2fsck -fy "$1" >/dev/null 2>&1; mkdir -p /root/was && debugfs -R "rdump / /root/was" "$1" 2>/dev/null; grep -rq too-late /root/was' sh "$keep/volume"
  not on mail1 grep -rqF too-late /srv/mail
}

@test "and prepared again, the next failover would be possible; nothing is left of the way back" {
  standin run "$MAIL/prepare.yaml" "${BLOCK[@]}"
  complete alice
  complete bob
  exits 0 standin plan "$MAIL/failover.yaml" --input set=mail-block
  not on mail1 test -e /var/lib/standin-agent/restore/mail-block
  is "$(on mail1 sh -c 'ls /var/lib/standin-agent/sets')" mail-block
  standin audit verify
}
