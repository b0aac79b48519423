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

# --- killed

dies() { # POINT:N VERB...: with SIGKILL, at that point
  local point=$1
  shift
  exits 137 faulty "$point:kill" "$@" </dev/null
}
resume_dies() { dies "$1" resume "${@:2}"; }
killed_at() { # FIRST COUNT VERB...: before and after each of COUNT applies, from the FIRST-th on
  local step first=$1 count=$2
  shift 2
  dies "apply.before:$first" "$@"
  for ((step = 1; step <= count; step++)); do
    [ $step = 1 ] || resume_dies apply.before:1
    no_stranger
    resume_dies apply.after:1
    no_stranger
  done
}
no_stranger() { # in the middle of it a name may be nobody's, but no account is there twice or by another name
  case $(computers) in
    'DC1$ MAIL1$ MAIL2$' | 'DC1$ MAIL1$' | 'DC1$ MAIL2$') return 0 ;;
  esac
  echo "the directory has: $(computers)"
  return 1
}

# --- passwords must stand in no argument and no environment of any process

# Every process of the machine is looked at again and again, those of all hosts of the lab among them, over their reboots. Of itself the watcher
# has nothing to see: the passwords reach it by its stdin.
watch_arguments() {
  rm -f "$BATS_FILE_TMPDIR"/watch.*
  on ctl sed 's/^[^:]*://' /etc/standin/passwords | nice python3 -c '
import glob, os, sys, time
passwords = [line.encode() for line in sys.stdin.read().split()]
os.chdir(sys.argv[1])
open("watch.ready", "w")
while not os.path.exists("watch.stop"):
    for path in glob.glob("/proc/[0-9]*/cmdline") + glob.glob("/proc/[0-9]*/environ"):
        try:
            with open(path, "rb") as file:
                text = file.read()
            if any(password in text for password in passwords):
                print(path, open(os.path.dirname(path) + "/comm").read(), file=open("watch.seen", "a"))
        except OSError:
            pass
    time.sleep(0.01)
' "$BATS_FILE_TMPDIR" 3>&- &
  eventually test -e "$BATS_FILE_TMPDIR/watch.ready"
}
nothing_seen() {
  touch "$BATS_FILE_TMPDIR/watch.stop"
  not cat "$BATS_FILE_TMPDIR/watch.seen"
}

# A run of Standin of which every program that it starts on its own machine is known, with arguments and environment.
traced() { # VERB...
  strace -f -v -s 65536 -e trace=execve -e signal=none -o "$BATS_FILE_TMPDIR/trace" "$LAB_TOOL" run ctl "$STANDIN" "$@"
}
nothing_traced() {
  grep -q 'execve("/usr/bin/kinit"' "$BATS_FILE_TMPDIR/trace" # it has seen those that use a password
  on ctl sed 's/^[^:]*://' /etc/standin/passwords >"$BATS_FILE_TMPDIR/passwords"
  not grep -F -f "$BATS_FILE_TMPDIR/passwords" "$BATS_FILE_TMPDIR/trace"
}
