#!/usr/bin/env bats
# host.*: boots that are proven, names, power, and a host that does not come back as it went.

load standin

setup_file() { fresh_lab; }

teardown() { # whatever a test has broken, the next one finds both hosts as they were
  lab power mail2 on
  on mail2 sh -c 'rm -rf /run/systemd/system/systemd-reboot.service.d /etc/systemd/system/*/new-keys.service
    [ ! -e /root/keys/ssh_host_ed25519_key ] || mv /root/keys/* /etc/ssh/
    rm -rf /root/keys'
  lab await mail2
}

stopped() { grep -c "] $1 stopped ($2)" "${STANDIN_LAB:-/var/tmp/standin-lab}/log/$1.console" || [ $? = 1 ]; }
boots() { stopped "$1" 133; } # how often it has asked for a reboot, seen from outside

# From now until its next boot, a reboot of this host ends in darkness.
dies_on_its_way_up() {
  on "$1" sh -c 'mkdir -p /run/systemd/system/systemd-reboot.service.d &&
    printf "[Unit]\nSuccessAction=poweroff-force\n" >/run/systemd/system/systemd-reboot.service.d/dies.conf && systemctl daemon-reload'
}
is_off() { [ "$(lab power "$1" status)" = off ]; }

@test "a reboot is proven by a new boot id, and not missed when it is faster than the poll" {
  before=$(boot_id mail2) reboots=$(boots mail2)
  run_book reboot
  is "$status" 0
  is "$(outcome 1)" changed
  is "$(field 1 before.state.boot_id)" "$before"
  is "$(field 1 after.state.boot_id)" "$(boot_id mail2)"
  not [ "$(boot_id mail2)" = "$before" ]
  is "$(boots mail2)" $((reboots + 1))
  is "$(records intent 1)" 1
}

@test "wait: down goes on when the old boot is over, while the new one is still starting" {
  on mail2 sh -c 'cat >/etc/systemd/system/slow-boot.service && systemctl enable -q slow-boot' <<'U'
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'until [ -e /run/go ]; do sleep 0.1; done'
[Install]
WantedBy=multi-user.target
U
  before=$(boot_id mail2)
  act mail2 host.reboot 'always: true, wait: down'
  is "$(outcome 1)" changed
  not [ "$(field 1 after.state.boot_id)" = "$before" ]
  is "$(field 1 after.state.system)" starting
  on mail2 sh -c 'systemctl disable -q slow-boot && touch /run/go'
  lab await mail2
}

@test "nothing waits for a reboot: nothing is rebooted" {
  before=$(boot_id mail2)
  act mail2 host.reboot
  is "$(outcome 1)" ok
  is "$(boot_id mail2)" "$before"
}

@test "a rename leaves a mark, the boot clears it; also when the old name is back before" {
  before=$(boot_id mail2)
  act mail2 host.rename 'name: Other'
  is "$(outcome 1)" changed
  is "$(field 1 after.state.name)" other
  is "$(field 1 after.state.pending)" true
  on mail2 test -e /run/standin/reboot-pending
  on mail2 getent hosts other

  act mail2 host.rename 'name: other'
  is "$(outcome 1)" ok

  act mail2 host.rename 'name: mail2'
  is "$(outcome 1)" changed
  is "$(field 1 after.state.pending)" true

  act mail2 host.reboot
  is "$(outcome 1)" changed
  is "$(field 1 before.state.pending)" true
  is "$(field 1 after.state.pending)" false
  is "$(field 1 after.state.name)" mail2
  not [ "$(boot_id mail2)" = "$before" ]
  not on mail2 test -e /run/standin/reboot-pending
  is "$(on mail2 hostname)" mail2
}

@test "a name that no host can have is refused before anything is done" {
  act mail2 host.rename 'name: "-x y"'
  is "$status" 2
  says name
  is "$(on mail2 hostname)" mail2
}

@test "a shutdown is seen at the power device, through which the host is still known when it is off" {
  act mail2 host.shutdown
  is "$status" 0
  is "$(outcome 1)" changed
  is "$(field 1 after.state.power)" off
  is_off mail2
  act mail2 host.shutdown
  is "$(outcome 1)" ok
  act mail2 host.reachable
  is "$(field 1 after.state.reachable)" false
  lab power mail2 on
  lab await mail2
  act mail2 host.reachable
  is "$(field 1 after.state.reachable)" true
}

@test "without a power device nobody can know that a host is off: told so, and it is not touched" {
  before=$(boot_id mail2)
  use_inventory 's/, power: \{[^}]*\}//'
  act_book mail2 host.shutdown
  run standin plan /root/act.yaml -i "$INVENTORY" -o json
  is "$(python3 -c 'import json, sys; print(json.load(sys.stdin)["rows"][0]["verdict"])' <<<"$output")" unknown
  says 'names no power device'
  run_book /root/act.yaml
  is "$status" 1
  says 'names no power device for this host'
  says 'silence does not prove that it is off'
  says 'nothing was applied'
  is "$(boot_id mail2)" "$before"
}

@test "a host that comes back under another name is the same host, and what was expected of its name is said" {
  start_book rename --input name=wanted
  asked
  on mail2 sh -c 'echo Intruder >/etc/hostname'
  standin answer continue
  await_run
  is "$status" 1
  is "$(outcome 1 2 3)" 'changed ok failed'
  is "$(field 3 after.state.name)" intruder
  is "$(field 3 after.state.pending)" false
  says 'expected result.name == inputs.name'
  says '"name":"intruder"'
  says 'Something has set another name'

  start_book rename --input name=mail2 --answer between=continue
  await_run
  is "$status" 0
  is "$(outcome 1 2 3)" 'changed ok changed'
  is "$(on mail2 hostname)" mail2
}

@test "who answers with the key of another host of the inventory is named, and nothing is done there" {
  before=$(boot_id mail1)
  key1=$(lab inventory | sed -n 's/^  mail1:.*host_key: "\([^"]*\)".*/\1/p')
  key2=$(lab inventory | sed -n 's/^  mail2:.*host_key: "\([^"]*\)".*/\1/p')
  use_inventory "/^  mail1:/s|${key1//+/[+]}|KEY|; /^  mail2:/s|${key2//+/[+]}|$key1|; s|KEY|$key2|"
  run_book reboot --input host=mail1
  is "$status" 1
  is "$(outcome 1)" failed
  error_says 1 'the host that answers at 10.99.0.21 port 22 is mail2: it presents the host key pinned for mail2'
  is "$(records intent 1)" 0
  is "$(boot_id mail1)" "$before"

  # the same by their addresses
  use_inventory 's/10\.99\.0\.21/A/; s/10\.99\.0\.22/10.99.0.21/; s/address: A/address: 10.99.0.22/'
  act mail2 host.facts
  error_says 1 'the host that answers at 10.99.0.21 port 22 is mail1'
}

@test "a host that comes back with an unknown key: what became of the reboot is not known, and nothing is sent to it" {
  before=$(boot_id mail2)
  on mail2 sh -c 'cat >/etc/systemd/system/new-keys.service && systemctl enable new-keys' <<'U'
[Unit]
Before=ssh.service
ConditionPathExists=!/root/keys
[Service]
Type=oneshot
ExecStart=mkdir /root/keys
ExecStart=sh -c 'mv /etc/ssh/ssh_host_* /root/keys/'
ExecStart=ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key
[Install]
RequiredBy=ssh.service
U
  run_book reboot
  is "$status" 3
  says 'is not the one that is pinned'
  says 'pin that'
  is "$(records intent 1)" 1
  is "$(records step_finished 1)" 0
  eventually rebooted mail2 "$before"

  # its own key is back: the reboot is found done, and not repeated
  on mail2 sh -c 'rm /etc/ssh/ssh_host_* && mv /root/keys/* /etc/ssh/ && systemctl disable new-keys'
  lab await mail2
  after=$(boot_id mail2)
  run standin resume
  is "$status" 0
  is "$(outcome 1)" changed
  is "$(boot_id mail2)" "$after"
}

@test "a host that does not come back: unknown; when somebody has switched it on, resumed without a second reboot" {
  before=$(boot_id mail2) reboots=$(boots mail2)
  use_inventory 's/^(  mail2: \{)/\1connect_timeout: 2s, /'
  dies_on_its_way_up mail2
  act mail2 host.reboot 'always: true' 'timeout: 12s'
  is "$status" 3
  says 'it is not known whether this was done'
  says 'standin resume'
  is_off mail2
  is "$(records step_finished 1)" 0

  # the claim is kept: nobody else may start meanwhile; and while the host is off, a resume ends as before
  run standin resume
  is "$status" 3
  lab power mail2 on
  lab await mail2
  after=$(boot_id mail2)
  not [ "$after" = "$before" ]
  run standin resume
  is "$status" 0
  is "$(outcome 1)" changed
  is "$(field 1 before.state.boot_id)" "$before"
  is "$(field 1 after.state.boot_id)" "$after"
  is "$(boot_id mail2)" "$after"
  is "$(boots mail2)" "$reboots" # it never got that far
  is "$(records intent 1)" 1
}
