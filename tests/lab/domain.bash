# shellcheck shell=bash
# For the tests of Standin in a domain (load standin; load journal; load domain).

MAIL_DOMAIN=$(realpath "$BATS_TEST_DIRNAME/../../runbooks/mail-domain")
SECRET='password: "${{ secrets.directory_password }}"'
AS_ADMINISTRATOR="domain: lab.example, user: administrator, $SECRET"
ZONE="zone: lab.example, user: administrator, $SECRET"

fresh_domain() {
  [ -z "${STANDIN_LAB_KEEP:-}" ] || [ ! -d "${STANDIN_LAB:-/var/tmp/standin-lab}/hosts/dc1" ] || return 0
  lab reset --domain
}

# --- what the directory and the DNS say, asked without Standin

directory() { on ctl sh -c 'kinit administrator </etc/standin/directory.password >/dev/null && exec "$@"' sh "$@"; }
search() { # FILTER ATTRIBUTE: its values, one a line
  directory ldapsearch -Q -N -Y GSSAPI -LLL -o ldif-wrap=no -H ldap://dc1.lab.example -b dc=lab,dc=example "$1" "$2" | sed -n "s/^$2:* //p"
}
computers() { search '(objectClass=computer)' sAMAccountName | sort | xargs; } # by name
raw_sid() { search "(sAMAccountName=$1\$)" objectSid; }                          # as base64
sid() { # NAME: as text
  raw_sid "$1" | python3 -c '
import base64, struct, sys
raw = base64.b64decode(sys.stdin.read())
print("S-1-%d-%s" % (int.from_bytes(raw[2:8], "big"), "-".join(map(str, struct.unpack("<%dI" % raw[1], raw[8:])))))'
}
resolves() { on ctl dig +short +norecurse "$1.lab.example" @dc1.lab.example; }
trusted() { on "$1" adcli testjoin; }

# --- passwords must stand in no argument and no environment of any process; whoever is started meanwhile is looked at

watch_arguments() { # HOST
  on "$1" sh -c 'rm -f /tmp/watch.stop /tmp/watch.seen'
  # the password reaches the watcher by its stdin; of itself it has none to see
  on ctl cat /etc/standin/directory.password | on "$1" python3 -c '
import glob, os, sys, time
password = sys.stdin.read().strip().encode()
open("/tmp/watch.ready", "w")
while not os.path.exists("/tmp/watch.stop"):
    for path in glob.glob("/proc/[0-9]*/cmdline") + glob.glob("/proc/[0-9]*/environ"):
        try:
            with open(path, "rb") as file:
                if password in file.read():
                    print(path, open(os.path.dirname(path) + "/comm").read(), file=open("/tmp/watch.seen", "a"))
        except OSError:
            pass
    time.sleep(0.002)
' 3>&- &
  eventually on "$1" test -e /tmp/watch.ready
}
nothing_seen() { # HOST
  on "$1" touch /tmp/watch.stop
  not on "$1" cat /tmp/watch.seen
}
