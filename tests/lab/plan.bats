#!/usr/bin/env bats
# A plan tells the truth: it changes nothing, what it predicts is what a run then does, and a saved one holds the run to it.

load standin
load journal

# What a login leaves behind on a host, whoever logs in and whatever for. Nothing else may differ after a plan.
TRACES='^(/var/log/journal/.*|/var/log/(wtmp|btmp|lastlog)|/run/utmp|/run/motd\.dynamic|/run/systemd/journal/.*|/run/log/journal/.*) '

setup_file() {
  fresh_lab
  local host
  for host in mail1 mail2; do
    on $host sh -c 'cat >/etc/systemd/system/toy.service && systemctl daemon-reload' <<'U'
[Service]
ExecStart=sleep infinity
[Install]
WantedBy=multi-user.target
U
  done
  on mail1 systemctl start dovecot postfix || true # they do not: their store is not mounted. A failed attempt is part of the world, too
}

setup() {
  on mail1 sh -c 'rm -f /etc/standin-change; systemctl -q stop toy postfix dovecot srv-mail.mount; systemctl -q disable toy'
  on mail2 rm -f /etc/standin-change
  on ctl sh -c "rm -rf /root/plan && mkdir /root/plan && cp $RUNBOOKS/change.yaml $RUNBOOKS/guarded.yaml /etc/standin/inventory.yaml /root/plan && cp -r $PLUGINS /root/plan/plugins"
}

teardown() {
  on mail1 sh -c 'rm -f /run/systemd/system/ssh.service.d/readonly.conf; systemctl daemon-reload; systemctl restart ssh'
  standin abandon "$(latest)" --reason "the test is over" >/dev/null 2>&1 || true
}

world() { # HOST: every file with its bytes, owner, mode and time of change; units; addresses; mounts; name
  on "$1" sh -c '
    find /etc /var /srv /run /root /tmp /home -path /run/host -prune -o ! -type d -printf "%p %y %m %U:%G %s %T@ %l\n" | sort
    find /etc /var /srv /run /root /tmp /home -path /run/host -prune -o -type d -printf "%p %m %U:%G\n" | sort
    find /etc /var /srv /root /home -type f -exec sha256sum {} + | awk "{print \$2, \$1}" | sort
    systemctl list-units --all --plain --no-legend | tr -s " "
    systemctl show "*.service" -p Id -p InvocationID -p NRestarts
    systemctl list-unit-files --no-legend | tr -s " "
    ip -o address; ip route; findmnt --real -rn; uname -n; cat /proc/sys/kernel/random/boot_id'
}
worlds() {
  local host
  for host in mail1 mail2; do world $host | sed "s/^/$host: /"; done
  on switch ip -o link | sed 's/^/switch: /'
  on ctl find $STATE /etc/standin -type f -exec sha256sum {} + | sort | sed 's/^/ctl: /'
}
without_traces() { sed -E 's/^(mail1|mail2): //' "$1" | grep -vE "$TRACES"; }

save_plan() { # NAME [OPTION...]: of /root/plan/change.yaml, beside it
  on ctl sh -c 'name=$1; shift; "$@" -o json >/root/plan/$name' sh "$1" "$STANDIN" plan /root/plan/change.yaml --plugins /root/plan/plugins "${@:2}"
}
run_plan() { # NAME [OPTION...]
  standin run /root/plan/change.yaml --plugins /root/plan/plugins --plan "/root/plan/$1" "${@:2}" </dev/null
}
refuses() { # NAME WHAT [OPTION...]: the plan, and says why
  local before
  before=$(on ctl ls $STATE/runs)
  exits 6 run_plan "$1" "${@:3}"
  says "the plan no longer holds"
  says "$2"
  same "$before" "$(on ctl ls $STATE/runs)" "runs"
}

rows() { # FILE: what a plan says, without what changes by itself
  on ctl python3 -c '
import json, sys
for row in json.load(open(sys.argv[1]))["rows"]:
    for side in "before", "after":
        state = (row.get(side) or {}).get("state")
        if isinstance(state, dict):
            for name in row["volatile"] + ["boot_id", "banner", "age", "system", "booted"]:
                state.pop(name, None)
    print(json.dumps({key: row.get(key) for key in ("step", "verdict", "before", "after", "changes", "commands")}, sort_keys=True))' "/root/plan/$1"
}

@test "a plan changes nothing on any host, but for the traces of a login" {
  worlds >"$BATS_TEST_TMPDIR/before"
  for book in $MAIL/prepare.yaml $RUNBOOKS/change.yaml $RUNBOOKS/reboot.yaml; do exits 0 standin plan -v "$book"; done
  exits 1 standin plan "$MAIL/failover.yaml" # there is no copy yet, and it says so
  says "copy"
  worlds >"$BATS_TEST_TMPDIR/after"
  grep -c '' "$BATS_TEST_TMPDIR/before"
  diff <(without_traces "$BATS_TEST_TMPDIR/before") <(without_traces "$BATS_TEST_TMPDIR/after")
  # the comparison can tell: a plan's run does differ
  not diff -q "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

@test "a plan needs no right to write: the same on hosts where nothing can be written" {
  save_plan writable
  on mail1 sh -c 'mkdir -p /run/systemd/system/ssh.service.d &&
    printf "[Service]\nProtectSystem=strict\nReadOnlyPaths=/root /home\n" >/run/systemd/system/ssh.service.d/readonly.conf && systemctl daemon-reload && systemctl restart ssh'
  for file in /etc/try /run/try /tmp/try /root/try /var/try; do
    exits 1 on ctl ssh -o BatchMode=yes 10.99.0.21 touch $file
    says "Read-only file system"
  done
  save_plan readonly
  same "$(rows writable)" "$(rows readonly)" "the plan"
}

@test "an offline plan asks no host" {
  lab cable ctl pull
  run standin plan "$RUNBOOKS/change.yaml" --offline
  lab cable ctl plug
  is "$status" 0
  says "?"
  lab await ctl
}

@test "what was planned is what is done: each step's before, changes and commands" {
  on mail1 sh -c 'echo other >/etc/standin-change'
  save_plan plan
  exits 0 run_plan plan
  on ctl cat /root/plan/plan >"$BATS_TEST_TMPDIR/plan"
  plan_held "$BATS_TEST_TMPDIR/plan"
  is "$(journal 'len(k("intent"))')" 13
  on mail2 hostnamectl set-hostname mail2
  on mail2 rm -f /run/standin/reboot-pending
}

@test "a saved plan refuses: the runbook, an input, the inventory, a plugin has changed" {
  save_plan plan
  refuses plan "text" --input text=two
  on ctl sh -c 'echo "# edited" >>/root/plan/change.yaml'
  refuses plan "the runbook"
  on ctl cp "$RUNBOOKS/change.yaml" /root/plan/
  on ctl sed -i 's/^  start:/  start: # edited/' /root/plan/plugins/service/plugin.yaml
  refuses plan "the plugin service"
  on ctl cp "$PLUGINS/service/plugin.yaml" /root/plan/plugins/service/
  on ctl sed -i '1i # edited' /root/plan/inventory.yaml
  refuses plan "the inventory"
  on ctl cp /etc/standin/inventory.yaml /root/plan/
  save_plan offline --offline
  refuses offline "offline"
  on mail1 test ! -e /etc/standin-change
}

@test "a saved plan refuses: the state of a host has changed; step and attribute are named" {
  save_plan plan
  on mail1 systemctl start toy
  refuses plan '(service.set_startup toy): state was "inactive", now it is "active"'
  on mail1 systemctl stop toy
  on mail1 sh -c 'echo another >/etc/standin-change'
  refuses plan 'step 1[0]'
}

@test "a saved plan does not mind what changes by itself" {
  on mail1 systemctl start toy
  save_plan plan
  before=$(invocation mail1 toy)
  on mail1 systemctl restart toy
  not is "$(invocation mail1 toy)" "$before"
  exits 0 run_plan plan
  on mail2 hostnamectl set-hostname mail2
  on mail2 rm -f /run/standin/reboot-pending
}

@test "what changes after the comparison is caught at its step, and nothing is applied there" {
  on mail1 systemctl start toy
  standin plan /root/plan/guarded.yaml -o json | on ctl tee /root/plan/guarded >/dev/null
  standin run /root/plan/guarded.yaml --plan /root/plan/guarded </dev/null >"$BATS_TEST_TMPDIR/run" 2>&1 3>&- &
  RUN_PID=$!
  eventually waits_for prompt
  on mail1 systemctl stop toy
  exits 0 standin answer continue
  await_run
  is "$status" 1
  says "changed by another"
  says "active"
  says "(state)"
  same "" "$(intents)" "applied"
}
