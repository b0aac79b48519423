#!/usr/bin/env bats
# What the note's appendices click through in the Exchange System Manager, and the second half of its "mount the stores": read and written in
# a real directory that holds a small Exchange organization (exchange.sh). The tests of this file build on one another, in this order.

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
