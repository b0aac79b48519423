#!/usr/bin/env bats
# replica.*: real agents on real hosts, enrolled and put there by the engine; a set of files, by TLS from agent to agent.
# The tests of this file build on one another, in this order.

load standin

AGENT=/usr/local/lib/standin/standin-agent

setup_file() {
  fresh_lab
  put_set 2s
  on mail1 sh -c 'systemctl start srv-mail.mount && systemctl add-wants local-fs.target srv-mail.mount'
  on mail2 sh -c 'systemctl start replica.mount && systemctl add-wants local-fs.target replica.mount'
  on mail1 sh -c 'mkdir -p /srv/mail/a/b && echo one >/srv/mail/a/one && ln -f /srv/mail/a/one /srv/mail/a/b/two && echo x >/srv/mail/a/x.tmp &&
    setfacl -m u:ops:r /srv/mail/a/one && chmod 4755 /srv/mail/a/b'
}

put_set() { # SCHEDULE
  on ctl sh -c 'mkdir -p /root/replica && cat >/root/replica/files.yaml' <<S
standin: "1"
replica: files
source: mail1
target: mail2
paths: [/srv/mail]
rules: ["- *.tmp", "- /lost+found/", "- /.standin-*"]
store: /replica/files
mounted: true
schedule: $1
S
}

replica() { # VERB [OPTION...]: of the set; status and output as with run
  rm -f "$BATS_TEST_TMPDIR/report"
  # shellcheck disable=SC2016 # for the controller's shell
  run on ctl sh -c 'cd /root && standin=$1 verb=$2 && shift 2 && exec "$standin" replica "$verb" files "$@"' sh "$STANDIN" "$@"
  echo "$output"
}
acts() { # VERB: it ends well
  replica "$@" --yes
  is "$status" 0
}
told() { on "$1" $AGENT status --set files | python3 -c 'import json, sys; print(json.load(sys.stdin).get(sys.argv[1]))' "$2"; } # HOST KEY
tree() { # HOST FOLDER: all that is replicated, with its metadata
  # shellcheck disable=SC2016 # for the host's shell
  on "$1" sh -c 'cd "$1" && find . -path ./lost+found -prune -o -name "*.tmp" -o -path "./.standin-*" -o -type d -printf "%p %m %U %G %T@\n" -o -printf "%p %y %m %U %G %n %s %T@\n" | sort' sh "$2"
}
replicated() { [ "$(tree mail1 /srv/mail)" = "$(tree mail2 "$(told mail2 path)")" ]; }

@test "connect: the agents are put there, enrolled with each other, started; once is enough" {
  acts connect
  is "$(outcome 1)" changed
  is "$(field 1 before.state.source)" "no agent"
  is "$(field 1 after.state.target)" running
  acts wait
  replicated
  is "$(on mail1 stat -c %a /var/lib/standin-agent)" 700
  acts connect
  is "$(outcome 1)" ok
}

@test "an agent that is not the one is replaced; what an agent cannot do is refused with its reason" {
  on mail1 sh -c 'cp /bin/true /usr/local/lib/standin/other && mv /usr/local/lib/standin/other /usr/local/lib/standin/standin-agent'
  acts connect
  is "$(field 1 before.state.source)" "another agent"
  is "$(field 1 after.state.source)" running
  on ctl sh -c 'cd /root/replica && sed "s/replica: files/replica: other/; s#store: .*#store: /srv/none#; s/^schedule:.*/route: {port: 7412}/" files.yaml >other.yaml'
  run on ctl sh -c 'cd /root && exec "$1" replica connect other --yes' sh "$STANDIN"
  is "$status" 1
  says "mail2: cannot define the set"
  says "/srv/none is not on a file system of its own"
  on ctl rm /root/replica/other.yaml
}

@test "points: what can be promoted; status does not repeat them, and says that no privilege is missing" {
  replica points
  is "$status" 0
  is "${#lines[@]}" 1
  says fuzzy
  replica points -o json
  is "$(python3 -c 'import json, sys; print(json.loads(sys.argv[1])[0]["path"])' "$output")" "$(told mail2 path)"
  replica status
  is "$(grep -c ^points <<<"$output")" 0
  is "$(told mail1 lacks)$(told mail2 lacks)" NoneNone
}

@test "what somebody has done to the replica is found by verify, and mended by the next recovery point" {
  acts verify
  acts pause
  on mail2 sh -c 'echo other >"$1"/a/one' sh "$(told mail2 path)"
  replica verify --yes
  is "$status" 1
  says differ
  acts resume
  acts sync
  acts verify
  replicated
}

@test "nobody sees a replica before it is promoted" {
  act mail2 store.mount 'path: /srv/mail, set: files'
  is "$status" 1
  error_says 1 "files was not promoted on this host"
  not on mail2 mountpoint -q /srv/mail
}

@test "paused, nothing is sent; resumed, it goes on" {
  acts pause
  is "$(told mail1 state)" paused
  before=$(told mail2 generation)
  on mail1 touch /srv/mail/a/while-paused
  sleep 3 # longer than the schedule: that nothing happens has no end to wait for
  is "$(told mail2 generation)" "$before"
  acts resume
  eventually replicated
}

younger() { [ "$(told mail2 generation)" -gt "$1" ]; }

@test "without a controller, through reboots of both hosts, the agents go on by themselves" {
  lab power ctl cut
  for host in mail1 mail2; do
    lab power $host off
    lab power $host on
  done
  for host in mail1 mail2; do lab await $host boot; done
  before=$(told mail2 generation)
  on mail1 sh -c 'echo late >/srv/mail/a/late'
  eventually younger "$before"
  eventually replicated
  lab power ctl on
  lab await ctl
}

@test "promoted while a cycle runs: exactly one complete point, and the old source writes no more" {
  on mail1 sh -c 'for n in 1 2 3 4 5 6; do head -c 20000000 /dev/urandom >/srv/mail/a/big$n; done'
  acts promote
  is "$(field 1 after.state.state)" promoted
  path=$(told mail2 path)
  # each of the big ones is there as a whole or not at all, and so is all that came with it
  for name in $(on mail2 sh -c 'cd "$1"/a && ls -d big* 2>/dev/null || :' sh "$path"); do
    is "$(on mail2 sha256sum "$path/a/$name" | cut -d' ' -f1)" "$(on mail1 sha256sum "/srv/mail/a/$name" | cut -d' ' -f1)"
  done
  generation=$(told mail2 generation)
  run on mail1 $AGENT sync --set files
  is "$status" 1
  says "was promoted at term 2"
  is "$(told mail2 generation)" "$generation"
  acts promote
  is "$(outcome 1)" ok
}

@test "what was promoted is mounted; connecting again would overwrite it, and is refused" {
  act mail2 store.mount 'path: /srv/mail, set: files'
  is "$status" 0
  is "$(outcome 1)" changed
  on mail2 sh -c 'echo meanwhile >/srv/mail/a/meanwhile && rm /srv/mail/a/late && echo changed >/srv/mail/a/while-paused'
  on mail1 sh -c 'echo mine >/srv/mail/a/only-here'
  replica connect --yes
  is "$status" 1
  says "files was promoted at mail2 (term 2)"
  says "replica.restore"
}

@test "restore: the source has what the target has, by what differs; what only it had is kept; then it is connected again" {
  acts restore
  is "$(outcome 1)" changed
  is "$(tree mail1 /srv/mail)" "$(tree mail2 "$(told mail2 path)")"
  keep=$(field 1 after.state.keep)
  is "$(on mail1 cat "$keep/$(on mail1 sh -c 'cd "$1" && find . -name only-here' sh "$keep")")" mine
  act mail2 store.dismount 'path: /srv/mail'
  acts connect
  acts wait
  on mail1 sh -c 'echo again >/srv/mail/a/again'
  eventually replicated
  is "$(told mail2 term)" 3
}

@test "dropped: no agent runs, the replica stays" {
  acts drop
  not on mail1 systemctl -q is-active standin-replica@files
  not on mail2 systemctl -q is-active standin-replica@files
  on mail2 test -d /replica/files
  replica status
  says none
}
