#!/usr/bin/env bats
# What the note's appendices click through in the Exchange System Manager, and the second half of its "mount the stores": read and written in
# a real directory that holds a small Exchange organization (exchange.sh). And what runbooks/exchange does to replica and storage hosts
# (storage_rows.py takes that out of them): mail1 and mail2 are those, the volume is an image that a server has open (volumes_server.py, in the
# place of an iSCSI target), and no Windows host is there. The tests of this file build on one another, in this order.

load standin
load journal
load domain

setup_file() { fresh_domain; }
teardown_file() { [ -n "${STANDIN_LAB_KEEP:-}" ] || lab down; }

# What the directory says of every storage group or store of the organization, asked without Standin: NAME VALUE a line, - for none
CONFIGURATION=CN=Configuration,DC=lab,DC=example
told() { # CLASS ATTRIBUTE
  directory ldapsearch -Q -N -Y GSSAPI -LLL -o ldif-wrap=no -H ldap://dc1.lab.example -b "$CONFIGURATION" "(objectClass=$1)" cn "$2" |
    awk -v attribute="$2:" '/^dn:/ {name = ""; value = "-"} /^cn: / {name = substr($0, 5)} $1 == attribute {value = $2} /^$/ && name != "" {print name, value; name = ""}' | sort
}
logging() { told msExchStorageGroup msExchESEParamCircularLog; }
offline() { told msExchMDB msExchEDBOffline; }

@test "A1: every log, database, streaming and system path of every store and storage group" {
  watch_arguments ctl
  act mail1 exchange.locate_files "$AS_ADMINISTRATOR, server: dc1.lab.example, name: mail1"
  nothing_seen ctl
  is "$(outcome 1)" ok
  is "$(field 1 outputs.server)" "CN=MAIL1,CN=Servers,CN=First Administrative Group,CN=Administrative Groups,CN=Lab,CN=Microsoft Exchange,CN=Services,$CONFIGURATION"
  is "$(field 1 outputs.storage_groups.0)" '{"name": "First Storage Group", "log": "C:\\Program Files\\Exchsrvr\\mdbdata", "system": "C:\\Program Files\\Exchsrvr\\mdbdata", "circular_logging": true}'
  is "$(field 1 outputs.storage_groups.1)" '{"name": "Second Storage Group", "log": "E:\\exchsrvr\\logs", "system": "E:\\exchsrvr\\logs\\system", "circular_logging": false}'
  is "$(field 1 outputs.stores.1)" '{"path": "MAIL1\\First Storage Group\\Public Folder Store (MAIL1)", "name": "Public Folder Store (MAIL1)", "storage_group": "First Storage Group", "kind": "public", "database": "C:\\Program Files\\Exchsrvr\\mdbdata\\pub1.edb", "streaming": "C:\\Program Files\\Exchsrvr\\mdbdata\\pub1.stm", "mount_at_startup": true}'
  is "$(field 1 outputs.stores.2)" '{"path": "MAIL1\\Second Storage Group\\Sales (MAIL1)", "name": "Sales (MAIL1)", "storage_group": "Second Storage Group", "kind": "mailbox", "database": "F:\\stores\\sales.edb", "streaming": "F:\\stores\\sales.stm", "mount_at_startup": false}'
  is "$(field 1 outputs.paths)" '["C:\\Program Files\\Exchsrvr\\mdbdata", "C:\\Program Files\\Exchsrvr\\mdbdata\\priv1.edb", "C:\\Program Files\\Exchsrvr\\mdbdata\\priv1.stm", "C:\\Program Files\\Exchsrvr\\mdbdata\\pub1.edb", "C:\\Program Files\\Exchsrvr\\mdbdata\\pub1.stm", "E:\\exchsrvr\\logs", "E:\\exchsrvr\\logs\\system", "F:\\stores\\sales.edb", "F:\\stores\\sales.stm"]'
}

@test "A1: what is found feeds the next step, as a replication set will be fed" {
  put feed.yaml <<Y
standin: "1"
runbook: lab/feed
kind: drill
summary: A list of what to replicate
steps:
  - {id: files, uses: exchange.locate_files, with: {$AS_ADMINISTRATOR, name: mail1}}
  - {uses: file.present, host: mail2, with: {path: /root/include, content: '\${{ steps.files.outputs.folders.join("\n") + "\n" }}'}}
Y
  run_book /root/feed.yaml
  is "$(outcome 1 2)" "ok changed"
  is "$(on mail2 cat /root/include)" 'C:\Program Files\Exchsrvr\mdbdata
E:\exchsrvr\logs
F:\stores'
}

@test "A2: circular logging off on every server: what is off already stays untouched, twice is ok" {
  is "$(logging)" "First Storage Group 1
First Storage Group 1
Second Storage Group -"
  put circular.yaml <<Y
standin: "1"
runbook: lab/circular
kind: prepare
summary: Circular logging off
steps:
  - {foreach: [mail1, mail2], as: server, uses: exchange.circular_logging, with: {$AS_ADMINISTRATOR, name: "\${{ server }}"}}
Y
  run standin plan /root/circular.yaml
  says "enabled: some -> none"
  says "enabled: all -> none"
  run_book /root/circular.yaml
  is "$(outcome '1[0]' '1[1]')" "changed changed"
  is "$(field '1[0]' after.state.storage_groups)" '[{"path": "MAIL1\\First Storage Group", "enabled": false}, {"path": "MAIL1\\Second Storage Group", "enabled": false}]'
  is "$(logging)" "First Storage Group 0
First Storage Group 0
Second Storage Group -"
  run_book /root/circular.yaml
  is "$(outcome '1[0]' '1[1]')" "ok ok"
}

@test "A2: one storage group, on and off again" {
  act mail1 exchange.circular_logging "$AS_ADMINISTRATOR, name: mail1, storage_group: second storage group, enabled: true"
  is "$(outcome 1)" changed
  is "$(logging)" "First Storage Group 0
First Storage Group 0
Second Storage Group 1"
  act mail1 exchange.circular_logging "$AS_ADMINISTRATOR, name: mail1, storage_group: Second Storage Group"
  is "$(outcome 1)" changed
}

@test "P13: every store is mounted at startup; one is not; twice is ok" {
  is "$(offline)" "Mailbox Store (MAIL1) FALSE
Mailbox Store (MAIL2) -
Public Folder Store (MAIL1) -
Sales (MAIL1) TRUE"
  act mail1 exchange.set_mount_at_startup "$AS_ADMINISTRATOR, name: mail1"
  is "$(outcome 1)" changed
  is "$(offline)" "Mailbox Store (MAIL1) FALSE
Mailbox Store (MAIL2) -
Public Folder Store (MAIL1) -
Sales (MAIL1) FALSE"
  act mail1 exchange.set_mount_at_startup "$AS_ADMINISTRATOR, name: mail1"
  is "$(outcome 1)" ok
  act mail1 exchange.set_mount_at_startup "$AS_ADMINISTRATOR, name: mail1, store: Public Folder Store (MAIL1), enabled: false"
  is "$(outcome 1)" changed
  is "$(offline)" "Mailbox Store (MAIL1) FALSE
Mailbox Store (MAIL2) -
Public Folder Store (MAIL1) TRUE
Sales (MAIL1) FALSE"
  act mail1 exchange.locate_files "$AS_ADMINISTRATOR, name: mail1"
  is "$(field 1 outputs.stores.1.mount_at_startup)" false
}

# An apply as the engine asks for it, with what was seen long ago
apply() { # ACTION INPUTS BEFORE
  on ctl sh -c 'python3 -c "
import json, sys
action, inputs, before = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
inputs.update(domain=\"lab.example\", user=\"administrator\", security=\"kerberos\", password={\"secret\": open(\"/etc/standin/directory.password\").read().strip()})
print(json.dumps(dict(message=\"hello\", protocols=[1])))
print(json.dumps(dict(message=\"apply\", id=1, action=action, inputs=inputs, hosts={}, via=\"controller\", before=dict(state=before))))
" "$2" "$3" "$4" | "$1"' sh "$(dirname "$STANDIN")/plugins/exchange/exchange" "$@"
}

@test "what another has changed since it was looked at is not overruled" {
  before=$(logging)
  output=$(apply circular_logging '{"name": "mail1", "enabled": true}' \
    '{"enabled": "some", "storage_groups": [{"path": "MAIL1\\First Storage Group", "enabled": true}, {"path": "MAIL1\\Second Storage Group", "enabled": true}]}')
  says '"result":"failed"'
  says 'msExchESEParamCircularLog of MAIL1\\First Storage Group has been changed by another since it was looked at'
  is "$(logging)" "$before"
  output=$(apply circular_logging '{"name": "mail1", "enabled": true}' \
    '{"enabled": "none", "storage_groups": [{"path": "MAIL1\\First Storage Group", "enabled": false}, {"path": "MAIL1\\Second Storage Group", "enabled": false}]}')
  says '"result":"done"'
  is "$(logging)" "First Storage Group 0
First Storage Group 1
Second Storage Group 1"
}

@test "what is not there is said, and nothing is guessed" {
  act mail1 exchange.locate_files "$AS_ADMINISTRATOR, name: mail9"
  is "$(outcome 1)" failed
  error_says 1 "no Exchange server with the name mail9 is beneath CN=Microsoft Exchange,CN=Services,$CONFIGURATION, as far as this user may see"
  error_says 1 "give the name that the Exchange System Manager shows"
  act mail1 exchange.circular_logging "$AS_ADMINISTRATOR, name: mail1, storage_group: Third Storage Group"
  is "$(outcome 1)" failed
  error_says 1 "MAIL1 has no storage group like that"
  act mail1 exchange.set_mount_at_startup "$AS_ADMINISTRATOR, name: mail1, store: 'Mailbox Store (MAIL2)'"
  is "$(outcome 1)" failed
  error_says 1 "MAIL1 has no store like that"
}

@test "a user who may look, and not change: LDAP 50, nothing changed" {
  probe='domain: lab.example, name: mail2, user: probe, password: "${{ secrets.probe_password }}"'
  before=$(logging)
  on dc1 samba-tool dsacl set --objectdn="CN=Microsoft Exchange,CN=Services,$CONFIGURATION" --sddl='(A;CI;RPLCLORC;;;AU)'
  act mail1 exchange.locate_files "$probe"
  is "$(outcome 1)" ok
  act mail1 exchange.circular_logging "$probe, enabled: true"
  is "$(outcome 1)" failed
  error_says 1 "LDAP 50"
  error_says 1 "give it the right, or use another user"
  is "$(logging)" "$before"
}

@test "the domain controller is down: unobservable, nothing done; it comes back and the run goes on" {
  lab power dc1 cut
  act mail1 exchange.circular_logging "$AS_ADMINISTRATOR, server: dc1.lab.example, name: mail1"
  not [ "$(outcome 1)" = ok ]
  not [ "$(outcome 1)" = changed ]
  error_says 1 "asking the domain controllers of lab.example for a ticket for administrator@LAB.EXAMPLE, and no answer within"
  error_says 1 "is the domain controller up"
  lab power dc1 on
  lab await dc1
  eventually on ctl domain-ready
  act mail1 exchange.circular_logging "$AS_ADMINISTRATOR, server: dc1.lab.example, name: mail1"
  is "$(outcome 1)" changed
}

# --- the storage hosts

BOOKS=$(realpath "$BATS_TEST_DIRNAME/../../runbooks/exchange")

put_books() { # [FOLDER [SED-EXPRESSION]]: what is left of the runbooks, with the set changed so; mail1 and mail2 are the storage hosts
  local folder=${1:-exchange} book
  on ctl mkdir -p "/root/$folder/replica"
  for book in prepare failover failback; do
    python3 "$BATS_TEST_DIRNAME/storage_rows.py" "$BOOKS/$book.yaml" | put "$folder/$book.yaml"
  done
  sed -E "${2:-}" "$BOOKS/replica/exchange.yaml" | put "$folder/replica/exchange.yaml"
  lab inventory | sed -E 's/^  mail1:/  exch1-storage:/; s/^  mail2:/  exch2-storage:/; s/name: mail([12])/name: storage\1/; s/^hosts:/&\n  exch1: {name: EXCH1, address: 192.0.2.1, platform: windows}\n  exch2: {name: EXCH2, address: 192.0.2.2, platform: windows}/' |
    put "$folder/inventory.yaml"
}

# The source's images lie on XFS, mounted at boot; the replica on the target's disk; its own image, /srv/exchange, is another one.
put_storage() {
  local host
  for host in mail1 mail2; do
    on $host sh -c 'cat >/usr/local/sbin/volumes-server && chmod 755 /usr/local/sbin/volumes-server' <"$BATS_TEST_DIRNAME/volumes_server.py"
    on $host sh -c 'mkdir -p /srv/exchange && cat >/etc/systemd/system/exchange-volumes.service' <<'U'
[Unit]
Description=Serves the volumes of Exchange

[Service]
ExecStart=/usr/local/sbin/volumes-server /srv/exchange
U
  done
  on mail1 sh -c 'systemctl stop srv-mail.mount; mkfs.xfs -q -f -m reflink=1 /dev/store0 && cat >/etc/systemd/system/srv-exchange.mount && systemctl daemon-reload &&
    systemctl start srv-exchange.mount && systemctl add-wants local-fs.target srv-exchange.mount' <<'U'
[Mount]
What=/dev/store0
Where=/srv/exchange
Type=xfs
U
  on mail2 sh -c 'systemctl daemon-reload && systemctl start replica.mount && systemctl add-wants local-fs.target replica.mount'
  on mail1 sh -c 'truncate -s 64M /srv/exchange/data.img && head -c 6000000 /dev/urandom | dd of=/srv/exchange/data.img conv=notrunc status=none && sync'
  on mail2 truncate -s 1M /srv/exchange/data.img
  for host in mail1 mail2; do on $host systemctl start exchange-volumes; done
}

volume() { # HOST REQUEST...: to what serves the volume there
  on "$1" python3 -c '
import socket, sys
line = socket.create_connection(("127.0.0.1", 3260))
line.sendall(" ".join(sys.argv[1:]).encode() + b"\n")
print(line.makefile().readline().strip())' "${@:2}"
}
serves() { # HOST: once its server has come up
  eventually volume "$1" read 0 1
}
runs() { # RUNBOOK OUTCOME-OF-THE-RUN [OPTION...]
  run_book "$@"
  is "$status" 0
}

@test "P1 P14: the replicator is put on the storage hosts, the set defined, connected, mirrored while the volume is in use; once is enough" {
  put_storage
  put_books
  serves mail1
  is "$(volume mail1 write 40000000 "$(printf 'first' | od -An -tx1 | tr -d ' \n')")" written
  runs /root/exchange/prepare.yaml
  is "$(outcome 1.1 2.1 2.3)" "changed changed ok"
  is "$(field 2.3 outputs.consistency)" consistent
  path=$(field 2.3 outputs.path)
  is "$(on mail2 sha256sum "$path/data.img" | cut -d' ' -f1)" "$(volume mail1 digest)"
  is "$(outcome 2.4)" skipped
  runs /root/exchange/prepare.yaml
  is "$(outcome 1.1 2.1 2.2)" "ok ok ok"
}

@test "F1: the source is dead; the target alone says that its data is complete; promoted, it is what the target's volume is from now on" {
  volume mail1 write 8192 0102030405
  run on ctl sh -c 'cd /root/exchange && exec "$1" replica sync exchange --yes' sh "$STANDIN"
  is "$status" 0
  volume mail1 digest >"$BATS_FILE_TMPDIR/last"
  volume mail1 write 12288 666666 # after the last recovery point
  lab power mail1 cut
  run standin plan /root/exchange/failover.yaml
  is "$status" 0
  says "state: idle -> promoted"
  says "systemctl stop -- exchange-volumes.service"
  says "systemctl start -- exchange-volumes.service"
  runs /root/exchange/failover.yaml
  is "$(outcome 1 2 3 4 5.1 5.2)" "skipped skipped changed changed changed changed"
  not [ "$(field 4 after.state.rpo)" = null ]
  serves mail2
  is "$(volume mail2 digest)" "$(cat "$BATS_FILE_TMPDIR/last")"
  is "$(volume mail2 read 8192 5)" 0102030405
  runs /root/exchange/failover.yaml
  is "$(outcome 3 4 5.1 5.2)" "skipped ok ok ok"
}

@test "B3 B7 B8 B10: the source is back; what the target has done is restored, byte by byte; and the target is its stand-in again" {
  is "$(volume mail2 write 50000000 0a0b0c)" written
  volume mail2 digest >"$BATS_FILE_TMPDIR/meanwhile"
  lab power mail1 on
  lab await mail1
  on mail1 systemctl start exchange-volumes # as it would be after a repair
  serves mail1
  is "$(volume mail1 read 12288 3)" 666666
  runs /root/exchange/failback.yaml
  is "$(outcome 1 2 3.1 4 6 7.1 8.1 8.2 8.4)" "changed ok changed changed ok changed changed changed changed"
  serves mail1
  is "$(volume mail1 digest)" "$(cat "$BATS_FILE_TMPDIR/meanwhile")"
  is "$(volume mail1 read 50000000 3)" 0a0b0c
  serves mail2 # its own again
  is "$(on mail2 stat -c %s /srv/exchange/data.img)" 1048576
}

@test "B10: it is protected again: a second failover has what was written after the failback, and nothing to restore is no failback" {
  run standin run /root/exchange/failback.yaml --yes
  is "$status" 1
  error_says preflight.1 "No failover has promoted it"
  volume mail1 write 20000000 77
  for verb in sync verify; do
    run on ctl sh -c 'cd /root/exchange && exec "$1" replica "$2" exchange --yes' sh "$STANDIN" $verb
    echo "$output"
    is "$status" 0
  done
  runs /root/exchange/failover.yaml
  serves mail2
  is "$(volume mail2 read 20000000 1)" 77
  is "$(volume mail2 digest)" "$(volume mail1 digest)"
}

# --- the set is of a device instead

# mail1 serves /dev/store0; mail2 its own image, or the replica's device once that was promoted
put_devices() {
  run on ctl sh -c 'cd /root/exchange && exec "$1" replica drop exchange --yes' sh "$STANDIN"
  is "$status" 0
  on mail1 sh -e -c 'systemctl stop exchange-volumes && systemctl stop srv-exchange.mount && systemctl disable srv-exchange.mount && ln -s /dev/store0 /srv/exchange/data.img'
  on mail2 sh -e -c 'systemctl stop exchange-volumes && systemctl stop srv-exchange.mount && systemctl stop replica.mount && systemctl disable replica.mount
    mv /srv/exchange/data.img /srv/exchange/own.img
    head -c 1M /dev/zero | tee /dev/store0 | dd of=/dev/store0 bs=1M seek=511 status=none
    mkdir -p /etc/systemd/system/exchange-volumes.service.d && cat >/etc/systemd/system/exchange-volumes.service.d/which.conf && systemctl daemon-reload' <<'U'
[Service]
ExecStartPre=/bin/sh -c 'case $(/usr/local/lib/standin/standin-agent status --set exchange) in *\'"state":"promoted"\'*) volume=/dev/store0 ;; *) volume=own.img ;; esac; ln -sfn $volume /srv/exchange/data.img'
U
  for host in mail1 mail2; do on $host systemctl start exchange-volumes; done
  put_books device 's#^paths: .*#paths: [/dev/store0]#; /^rules:/d; s#^store: .*#store: /var/lib/replica\ndevice: /dev/store0#; /^mounted:/d; s/^consistency: .*/consistency: none/'
}

@test "P14 F1: a set of a device is mirrored while it is in use; it is fuzzy, so a person is asked before it is promoted" {
  put_devices
  serves mail1
  volume mail1 write 40000000 0102
  runs /root/device/prepare.yaml
  is "$(field 2.3 outputs.consistency)" fuzzy
  is "$(outcome 2.4)" ok
  volume mail1 write 80000000 0304
  run on ctl sh -c 'cd /root/device && exec "$1" replica sync exchange --yes' sh "$STANDIN"
  is "$status" 0
  volume mail1 digest >"$BATS_FILE_TMPDIR/last"
  lab power mail1 cut
  runs /root/device/failover.yaml --input images= --answer 2=approve
  is "$(outcome 1 2 3 4 5.1 5.2)" "skipped ok changed changed skipped changed"
  serves mail2
  is "$(volume mail2 read 80000000 2)" 0304
  is "$(volume mail2 digest)" "$(cat "$BATS_FILE_TMPDIR/last")"
}

@test "B3 B7 B8 B10: a set of a device is restored, and protected again" {
  volume mail2 write 120000000 0506
  volume mail2 digest >"$BATS_FILE_TMPDIR/meanwhile"
  lab power mail1 on
  lab await mail1
  on mail1 systemctl start exchange-volumes
  serves mail1
  is "$(volume mail1 read 120000000 2)" 0000
  runs /root/device/failback.yaml --input images=
  is "$(outcome 1 2 3.1 4 6 7.1 8.1 8.2 8.4)" "changed ok changed changed ok changed skipped changed changed"
  serves mail1
  is "$(volume mail1 digest)" "$(cat "$BATS_FILE_TMPDIR/meanwhile")"
  serves mail2 # its own again
  is "$(on mail2 readlink /srv/exchange/data.img)" own.img
  run on ctl sh -c 'cd /root/device && exec "$1" replica verify exchange --yes' sh "$STANDIN"
  is "$status" 0
}
