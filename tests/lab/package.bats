#!/usr/bin/env bats
# package.*: small packages made on the host itself, by the real dpkg and apt. The lab has no network and apt no lists: only what is given as a file,
# or is there, can be installed.

load standin

setup_file() {
  fresh_lab
  deb agent 1.0-1
  deb agent 2.0-1
  deb wants 1.0-1 'Depends: no-such-package'
  deb broken 1.0-1 '' 'exit 3'
}

teardown() {
  # shellcheck disable=SC2016 # for the host's shell
  on mail2 sh -c 'exec >/dev/null 2>&1; [ ! -e /run/holder ] || kill "$(cat /run/holder)"; rm -f /run/holder
    apt-mark unhold lab-agent; printf "#!/bin/sh\n" >/var/lib/dpkg/info/lab-broken.prerm; rm -f /var/lib/dpkg/info/lab-broken.postinst
    dpkg --purge lab-agent lab-wants lab-broken; rm -f /srv/packages/mend; true'
}

deb() { # NAME VERSION [FIELD [POSTINST]]: /srv/packages/lab-NAME_VERSION.deb on mail2
  # shellcheck disable=SC2016
  on mail2 sh -e -c 'top=$(mktemp -d); mkdir -p "$top/DEBIAN" "$top/usr/share/lab" /srv/packages; echo "$2" >"$top/usr/share/lab/$1"
    printf "Package: lab-%s\nVersion: %s\nArchitecture: all\nMaintainer: Lab <lab@lab.example>\nDescription: for a test\n%s" "$1" "$2" "${3:+$3
}" >"$top/DEBIAN/control"
    [ -z "$4" ] || { printf "#!/bin/sh\n%s\n" "$4" >"$top/DEBIAN/postinst"; chmod 755 "$top/DEBIAN/postinst"; }
    chmod 755 "$top"; dpkg-deb --root-owner-group --build "$top" "/srv/packages/lab-$1_$2.deb" >/dev/null; rm -r "$top"' sh "$1" "$2" "${3:-}" "${4:-}"
}
version() { on mail2 dpkg-query -W -f '${db:Status-Status} ${Version}' "$1"; }

@test "P1 P6: a package is installed from a file, found installed, replaced by a newer one" {
  act mail2 package.install 'name: lab-agent, file: /srv/packages/lab-agent_1.0-1.deb'
  is "$(outcome 1)" changed
  is "$(field 1 before.state)" absent
  is "$(version lab-agent)" 'installed 1.0-1'
  act mail2 package.install 'name: lab-agent'
  is "$(outcome 1)" ok
  act mail2 package.install 'name: lab-agent, at_least: "0.9"'
  is "$(outcome 1)" ok
  act mail2 package.install 'name: lab-agent, at_least: "1.5", file: /srv/packages/lab-agent_2.0-1.deb'
  is "$(outcome 1)" changed
  is "$(field 1 before.state.version)" 1.0-1
  is "$(version lab-agent)" 'installed 2.0-1'
}

@test "exactly this version: a newer one is in its place only by being told so" {
  act mail2 package.install 'name: lab-agent, version: 2.0-1, file: /srv/packages/lab-agent_2.0-1.deb'
  is "$(outcome 1)" changed
  act mail2 package.install 'name: lab-agent, version: 1.0-1, file: /srv/packages/lab-agent_1.0-1.deb'
  is "$(outcome 1)" failed
  error_says 1 'a newer version of lab-agent is installed'
  is "$(version lab-agent)" 'installed 2.0-1'
  act mail2 package.install 'name: lab-agent, version: 1.0-1, file: /srv/packages/lab-agent_1.0-1.deb, allow_downgrade: true'
  is "$(outcome 1)" changed
  is "$(version lab-agent)" 'installed 1.0-1'
}

@test "a file that is another package or another version is refused, and nothing is installed" {
  act mail2 package.install 'name: lab-agent, file: /srv/packages/lab-wants_1.0-1.deb'
  error_says 1 'is the package lab-wants, not lab-agent'
  act mail2 package.install 'name: lab-agent, version: 2.0-1, file: /srv/packages/lab-agent_1.0-1.deb'
  error_says 1 'is version 1.0-1, not 2.0-1'
  act mail2 package.install 'name: lab-agent, at_least: "2", file: /srv/packages/lab-agent_1.0-1.deb'
  error_says 1 'is version 1.0-1, older than 2'
  act mail2 package.install 'name: lab-agent, file: /srv/packages/none.deb'
  error_says 1 'there is no file /srv/packages/none.deb'
  not version lab-agent
}

@test "what apt does not know and what cannot be satisfied are explained" {
  act mail2 package.install 'name: no-such-package'
  is "$(outcome 1)" failed
  error_says 1 'apt knows no no-such-package'
  act mail2 package.install 'name: lab-wants, file: /srv/packages/lab-wants_1.0-1.deb'
  is "$(outcome 1)" failed
  error_says 1 'what lab-wants depends on cannot be installed'
  error_says 1 'no-such-package'
}

@test "a held package is not changed behind the back of who held it" {
  act mail2 package.install 'name: lab-agent, file: /srv/packages/lab-agent_1.0-1.deb'
  on mail2 apt-mark hold lab-agent
  act mail2 package.facts 'name: lab-agent'
  is "$(field 1 after.state.held)" true
  act mail2 package.install 'name: lab-agent, at_least: "2.0", file: /srv/packages/lab-agent_2.0-1.deb'
  is "$(outcome 1)" failed
  error_says 1 'lab-agent is held at its version'
  is "$(version lab-agent)" 'installed 1.0-1'
}

@test "another program is installing: the error names it, and resume goes on once it has ended" {
  # shellcheck disable=SC2016
  on mail2 sh -c 'setsid python3 -c "
import fcntl, signal
lock = open(\"/var/lib/dpkg/lock-frontend\", \"w\")
fcntl.lockf(lock, fcntl.LOCK_EX)
open(\"/run/locked\", \"w\")
signal.pause()" </dev/null >/dev/null 2>&1 & echo $! >/run/holder; until [ -e /run/locked ]; do sleep 0.1; done; rm /run/locked'
  act mail2 package.install 'name: lab-agent, lock_wait: 1, file: /srv/packages/lab-agent_1.0-1.deb'
  is "$(outcome 1)" failed
  error_says 1 "held by process $(on mail2 cat /run/holder) (python3)"
  error_says 1 'let it end, then resume'
  # shellcheck disable=SC2016
  on mail2 sh -c 'kill "$(cat /run/holder)"; rm /run/holder'
  act mail2 package.install 'name: lab-agent, lock_wait: 1, file: /srv/packages/lab-agent_1.0-1.deb'
  is "$(outcome 1)" changed
}

@test "a package that is there in part is not installed" {
  act mail2 package.install 'name: lab-broken, file: /srv/packages/lab-broken_1.0-1.deb'
  is "$(outcome 1)" failed
  is "$(field 1 after.state.state)" half-configured
  act mail2 package.facts 'name: lab-broken'
  is "$(field 1 after.state.installed)" false
  is "$(field 1 after.state.version)" 1.0-1
}

@test "facts of a package that is not there are no error" {
  act mail2 package.facts 'name: lab-agent'
  is "$status" 0
  is "$(field 1 after.state.installed) $(field 1 after.state.state)" 'false absent'
}
