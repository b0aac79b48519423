#!/usr/bin/env bats
# The lab's own tests: that its hosts are as real as README.md says. They say nothing about Standin.
# They use a lab of their own, beside one that may be up, and share its image.

setup_file() {
  export LAB_TOOL="$BATS_TEST_DIRNAME/lab"
  export STANDIN_LAB_CACHE="${STANDIN_LAB_CACHE:-${STANDIN_LAB:-/var/tmp/standin-lab}/cache}"
  export STANDIN_LAB="${STANDIN_LAB:-/var/tmp/standin-lab}/smoke"
  "$LAB_TOOL" reset
}

teardown_file() { "$LAB_TOOL" down; }

lab() { "$LAB_TOOL" "$@"; }
on() { lab run "$@"; }
ssh_to() { lab run ctl ssh -o BatchMode=yes -o ConnectTimeout=2 "$@"; }
boot_id() { on "$1" cat /proc/sys/kernel/random/boot_id; }

not() { # unlike a bare `!`, this fails the test wherever it stands
  if "$@"; then
    echo "this should not have worked: $*"
    return 1
  fi
}

eventually() { # the command holds within half a minute
  local deadline=$((SECONDS + 30))
  until "$@"; do
    [ $SECONDS -lt $deadline ] || return 1
    sleep 0.1
  done
}

start_mail() { on "$1" systemctl start srv-mail.mount dovecot postfix; }

mailbox_has() { # USER TAG N
  [ "$(lab mail read "$1" | grep -c "^<$2-")" = "$3" ]
}

new_boot() { # HOST OLD-BOOT-ID
  local now
  now=$(boot_id "$1") && [ "$now" != "$2" ]
}

@test "every host boots and answers, at the key that the inventory pins" {
  for host in ctl mail1 mail2; do
    [ "$(on $host systemctl is-system-running)" = running ]
    [ "$(on $host hostname)" = $host ]
  done
  for address in 10.99.0.2 10.99.0.5 10.99.0.21 10.99.0.22; do
    ssh_to -o StrictHostKeyChecking=yes $address true
    lab inventory | grep -F "$(on ctl ssh-keyscan -t ed25519 $address 2>/dev/null | cut -d' ' -f2,3)" || [ $address = 10.99.0.5 ]
  done
  lab inventory >"$BATS_TEST_TMPDIR/inventory.yaml"
  "${STANDIN:-build/standin}" validate "$BATS_TEST_TMPDIR/inventory.yaml"
  [ "$(grep -oE '^  [a-z0-9_]+:' "$BATS_TEST_TMPDIR/inventory.yaml" | tr -d ' :' | sort | xargs)" = "mail1 mail2 opspw_password probe_password switch" ]
}

@test "each host sees its own processes, identity and clock of boots" {
  [ "$(boot_id mail1)" != "$(boot_id mail2)" ]
  [ "$(on mail1 cat /etc/machine-id)" != "$(on mail2 cat /etc/machine-id)" ]
  [ "$(on mail1 systemctl show -P MainPID ssh)" -lt 1000 ]
  not on mail1 pgrep -f systemd-nspawn
}

@test "mail servers do not start at boot, nor without their store" {
  for unit in dovecot postfix srv-mail.mount; do not on mail1 systemctl -q is-active $unit; done
  for unit in dovecot postfix; do
    run on mail2 systemctl start $unit
    [ "$status" = 1 ]
    [[ $output == *"Assertion failed"* ]]
    not on mail2 systemctl -q is-active $unit
  done
}

@test "mail sent to the service address is in the mailbox, read by name over TLS" {
  start_mail mail1
  on mail1 mountpoint -q /srv/mail
  on mail1 findmnt -n -o SOURCE,FSTYPE /srv/mail | grep -q '/dev/store0.*ext4'
  lab mail send alice 5 first
  eventually mailbox_has alice first 5
  mailbox_has bob first 0
  run lab mail send nobody 1 first
  [ "$status" = 1 ]
}

@test "plain IMAP login works, a wrong password does not" {
  on ctl sh -c 'curl -sS --url imap://mail1/ -u "probe:$(cat /etc/standin/probe.password)" -X "STATUS INBOX (MESSAGES)"' | grep MESSAGES
  not on ctl curl -sS --url imap://mail1/ -u probe:wrong -X 'STATUS INBOX (MESSAGES)'
}

@test "a server that dies is seen as such" {
  on mail1 systemctl kill -s KILL postfix
  eventually not on mail1 systemctl -q is-active postfix
  on mail1 systemctl start postfix
  lab mail send bob 1 revived
  eventually mailbox_has bob revived 1
}

@test "Postfix goes by the machine's name" {
  [ "$(on mail2 postconf -h myhostname)" = mail2.lab.example ]
  on mail2 hostnamectl set-hostname other
  [ "$(on mail2 postconf -h myhostname)" = other.lab.example ]
  on mail2 hostnamectl set-hostname mail2
}

@test "a rename outlives a reboot, a reboot is a new boot" {
  before=$(boot_id mail2)
  on mail2 hostnamectl set-hostname renamed
  ssh_to 10.99.0.22 systemctl reboot || true
  eventually new_boot mail2 "$before"
  lab await mail2
  [ "$(ssh_to 10.99.0.22 hostname)" = renamed ]
  on mail2 hostnamectl set-hostname mail2
}

@test "an address added at run time is gone after a boot, a configured one is not" {
  before=$(boot_id mail2)
  on mail2 ip address add 10.99.0.101/24 dev host0
  echo 10.99.0.102/24 | on mail2 tee -a /etc/standin-lab/addresses
  ssh_to 10.99.0.101 true 2>/dev/null || on ctl ping -c1 -W2 10.99.0.101
  on mail2 systemctl reboot || true
  eventually new_boot mail2 "$before"
  lab await mail2
  not on ctl ping -c1 -W1 10.99.0.101
  on ctl ping -c1 -W2 10.99.0.102
  on ctl ping -c1 -W2 10.99.0.22
  on mail2 sed -i /10.99.0.102/d /etc/standin-lab/addresses
}

@test "sudo: ops without a password, opspw with its own, from stdin" {
  [ "$(ssh_to ops@10.99.0.21 sudo -n id -u)" = 0 ]
  run ssh_to opspw@10.99.0.21 sudo -n id -u
  [ "$status" = 1 ]
  [ "$(on ctl cat /etc/standin/opspw.password | ssh_to opspw@10.99.0.21 sudo -S -p "''" id -u)" = 0 ]
  run ssh_to opspw@10.99.0.21 sudo -S -p "''" id -u <<<wrong
  [ "$status" = 1 ]
}

@test "the peers replicate with their own keys, into a mounted store only, and can do nothing else" {
  on mail1 rsync -aHAX --numeric-ids --exclude=/lost+found /srv/mail/ /tmp/expected/
  run on mail1 rsync -aHAX --numeric-ids --delete --exclude=/lost+found /srv/mail/ root@10.99.0.22:/srv/mail/
  [ "$status" != 0 ]
  [[ $output == *"not mounted"* ]]
  on mail2 systemctl start srv-mail.mount
  on mail1 rsync -aHAX --numeric-ids --delete --exclude=/lost+found /srv/mail/ root@10.99.0.22:/srv/mail/
  on mail2 rsync -aHAX --numeric-ids --delete --exclude=/lost+found root@10.99.0.21:/srv/mail/ /srv/mail/
  on mail2 test -d /srv/mail/alice/Maildir
  on mail1 ssh root@10.99.0.22 mountpoint -q /srv/mail
  run on mail1 ssh root@10.99.0.22 cat /etc/shadow
  [ "$status" = 126 ]
  run on mail1 rsync root@10.99.0.22:/srv/mail/../../etc/shadow /tmp/
  [ "$status" != 0 ]
  on mail2 systemctl stop srv-mail.mount
}

@test "the controller sees the checkout, read-only, and keeps a state of its own" {
  on ctl test -x "$LAB_TOOL"
  not on ctl touch "$BATS_TEST_DIRNAME/written-by-the-lab"
  on ctl sh -c 'echo kept >/var/lib/standin/smoke && sync /var/lib/standin/smoke'
  lab power ctl cut
  lab power ctl on
  lab await ctl
  [ "$(on ctl cat /var/lib/standin/smoke)" = kept ]
}

@test "run: arguments, exit codes, stdin, terminal; and it ends with its caller" {
  [ "$(on mail1 printf '%s|' 'a  b' '$HOME' "it's")" = "a  b|\$HOME|it's|" ]
  run on mail1 sh -c 'exit 7'
  [ "$status" = 7 ]
  run on -t mail1 sh -c 'tty; exit 7'
  [ "$status" = 7 ]
  [[ $output == /dev/pts/* ]]
  [ "$(echo through | on mail1 cat)" = through ]
  not on mail1 printenv BATS_TEST_NAME
  timeout 0.5 "$LAB_TOOL" run mail1 sleep 4711 || true
  eventually not on mail1 pgrep -f 'sleep 4711'
}

@test "the switch shuts a port over ssh: a fence, which neither cable nor power undoes" {
  ssh_to 10.99.0.2 ip link set dev p-mail2 down
  ssh_to 10.99.0.2 ip -j link show dev p-mail2 | grep -q '"flags":\["BROADCAST","MULTICAST"\]'
  not ssh_to 10.99.0.22 true
  lab cable mail2 pull
  lab cable mail2 plug
  not ssh_to 10.99.0.22 true
  lab power mail2 off
  lab power mail2 on
  lab await mail2 boot
  not ssh_to 10.99.0.22 true
  ssh_to 10.99.0.2 ip link set dev p-mail2 up
  lab await mail2
}

@test "a pulled cable: no carrier, the host lives on" {
  lab cable mail2 pull
  on mail2 ip link show host0 | grep -q NO-CARRIER
  not ssh_to 10.99.0.22 true
  [ "$(lab power mail2 status)" = on ]
  lab cable mail2 plug
  lab await mail2
}

@test "switched off in order: what was written is there" {
  on mail2 systemctl start srv-mail.mount
  on mail2 sh -c 'echo kept >/srv/mail/kept'
  [ "$(ssh_to 10.99.0.2 lab-pdu mail2)" = on ]
  lab power mail2 off
  [ "$(lab power mail2 status)" = off ]
  [ "$(ssh_to 10.99.0.2 lab-pdu mail2)" = off ]
  not ssh_to 10.99.0.2 lab-pdu nobody
  not ssh_to 10.99.0.22 true
  lab power mail2 on
  lab await mail2
  on mail2 systemctl start srv-mail.mount
  [ "$(on mail2 cat /srv/mail/kept)" = kept ]
}

@test "a power cut: silence, unsynced data lost, synced data kept, and the host comes back" {
  before=$(boot_id mail1)
  on mail1 sh -c 'echo synced >/srv/mail/synced; sync -f /srv/mail; echo lost >/srv/mail/unsynced; cat /srv/mail/unsynced'
  # a connection that stands open gets no goodbye, neither FIN nor RST
  on ctl python3 -c '
import socket, sys
line = socket.create_connection(("10.99.0.21", 22))
line.recv(100)
open("/tmp/connected", "w")
line.settimeout(4)
try:
    sys.exit("goodbye: %r" % line.recv(100))
except socket.timeout:
    print("silence")
' >"$BATS_TEST_TMPDIR/line" 2>&1 &
  listener=$!
  eventually on ctl test -e /tmp/connected
  lab power mail1 cut
  [ "$(lab power mail1 status)" = off ]
  [ "$(ssh_to 10.99.0.2 lab-pdu mail1)" = off ]
  wait $listener
  [ "$(cat "$BATS_TEST_TMPDIR/line")" = silence ]

  lab power mail1 on
  lab await mail1
  [ "$(boot_id mail1)" != "$before" ]
  start_mail mail1
  [ "$(on mail1 cat /srv/mail/synced)" = synced ]
  not on mail1 test -e /srv/mail/unsynced
  mailbox_has alice first 5
}

@test "the lab refuses what makes no sense, and says what to do" {
  run lab power mail3 cut
  [ "$status" = 1 ]
  [[ $output == *"no such host: 'mail3'"*"hosts are:"* ]]
  run lab run mail1
  [ "$status" = 1 ]
  run lab frobnicate
  [[ $output == *"lab --help"* ]]
  flock "$STANDIN_LAB/lock" sh -c "echo 4711 >'$STANDIN_LAB/lock'; sleep 5" &
  sleep 0.3
  run lab cable mail1 plug
  [ "$status" = 1 ]
  [[ $output == *"pid 4711"* ]]
  wait
}

@test "down leaves nothing, also after an up that was killed" {
  lab down
  lab down
  "$LAB_TOOL" up 3>&- &
  sleep 1
  kill -9 $!
  lab down
  [ ! -e "$STANDIN_LAB/hosts" ]
  not grep -F "$STANDIN_LAB/" /proc/mounts
  [ -z "$(losetup --noheadings --output BACK-FILE | grep -F "$STANDIN_LAB/")" ]
  id=$(printf %s "$(realpath -m "$STANDIN_LAB")" | sha256sum | cut -c1-6)
  [ -z "$(ip netns list | grep "lab-$id")" ]
  [ -z "$(find /sys/fs/cgroup -name "lab-$id-*")" ]
}
