# shellcheck shell=bash
# A host: hosts/NAME/ with its own layer over the image (upper, work, root), its store (store.img) and, while it is on, the loop
# device of that (loop) and the pid of its container (nspawn.pid).
# A supervisor process stands for the machine: it boots, boots again after a reboot, and ends with a power-off. All that a host
# ever runs is in its control groups lab-ID-NAME; the groups, not pids that age, say what is ours.

host_dir() { echo "$LAB/hosts/$1"; }
host_exists() { [ -d "$(host_dir "$1")/root" ]; }

# --- making one

host_create() { # HOST
  local dir root host=$1
  dir=$(host_dir "$host")
  root=$dir/root
  mkdir -p "$dir"/{upper,work,root}
  mount -t overlay overlay -o "lowerdir=$(host_layers "$host"),upperdir=$dir/upper,workdir=$dir/work" "$root"

  echo "$host" >"$root/etc/hostname"
  systemd-id128 new >"$root/etc/machine-id"
  host_names_file "$host" >"$root/etc/hosts"
  {
    echo "# this host's own addresses, set at every boot"
    echo "$(host_address "$host")/24"
    [ "$host" != "$SERVICE_HOST" ] || domain_wanted || echo "$SERVICE_ADDRESS/24"
  } >"$root/etc/standin-lab/addresses"

  install -m 600 "$LAB/keys/host-$host" "$root/etc/ssh/ssh_host_ed25519_key"
  install -m 644 "$LAB/keys/host-$host.pub" "$root/etc/ssh/ssh_host_ed25519_key.pub"
  host_admit "$root" root "$root/root"
  host_admit "$root" ops "$root/home/ops"
  host_admit "$root" opspw "$root/home/opspw"
  echo "opspw:$(password_of opspw | openssl passwd -6 -stdin)" | chroot "$root" chpasswd -e
  if host_has_store "$host"; then
    truncate -s 512M "$dir/store.img"
    mkfs.ext4 -q -F -E "root_owner=$(stat -c %u:%g "$root$(host_store "$host")")" "$dir/store.img"
  fi
  if host_has_mail "$host"; then mail_furnish "$host" "$root"; fi
  mkdir -p "$LAB/power"
  : >>"$LAB/power/$host"
  : >"$LAB_LOG/$host.console"
}

host_layers() { # HOST: what lies under its own layer
  [ "$1" != "$DOMAIN_HOST" ] || printf '%s:' "$(domain_layer)"
  [ "$1" != "$WINDOWS_HOST" ] || printf '%s:' "$(windows_layer)"
  echo "$(image_site):$(image_base)"
}

host_names_file() { # HOST: what it knows without asking
  echo '127.0.0.1 localhost'
  if domain_wanted; then # a member needs its own whole name; those of other servers are the DNS's
    awk -v host="$1" '$2 != host {print $0, $2 ".lab.example"}' <<<"$NAMES"
    echo "$(host_address "$1") $1.$DOMAIN $1"
  else
    awk '{print $0, $2 ".lab.example"}' <<<"$NAMES"
  fi
}

host_admit() { # ROOT USER HOME: the controller may come in
  install -m 600 -o root -g root /dev/null "$3/.ssh/authorized_keys"
  key_public controller >"$3/.ssh/authorized_keys"
  chroot "$1" chown "$2:" "${3#"$1"}/.ssh/authorized_keys"
}

mail_furnish() { # HOST ROOT
  local host=$1 root=$2 peer=mail2 user
  [ "$host" != mail2 ] || peer=mail1
  install -m 644 "$LAB/keys/mail.crt" "$root/etc/standin-lab/mail.crt"
  install -m 600 "$LAB/keys/mail.key" "$root/etc/standin-lab/mail.key"
  for user in $MAIL_USERS; do
    domain_wanted || echo "$user:{PLAIN}$(password_of "$user")" >>"$root/etc/dovecot/users"
    echo "$user@lab.example $user" >>"$root/etc/postfix/users"
  done
  : >>"$root/etc/dovecot/users"
  chroot "$root" chown root:dovecot /etc/dovecot/users
  chmod 640 "$root/etc/dovecot/users"

  install -m 600 "$LAB/keys/replica-$host" "$root/root/.ssh/id_replica"
  printf 'Host %s\n  IdentityFile /root/.ssh/id_replica\n' "$(host_address "$peer")" >"$root/root/.ssh/config"
  known_hosts >"$root/root/.ssh/known_hosts"
  printf 'restrict,from="%s",command="/usr/local/sbin/replica-gate" %s\n' "$(host_address "$peer")" \
    "$(key_public "replica-$peer")" >>"$root/root/.ssh/authorized_keys"
}

controller_furnish() {
  local root
  root=$(host_dir ctl)/root
  install -m 600 "$LAB/keys/controller" "$root/root/.ssh/id_ed25519"
  install -m 644 "$LAB/keys/controller.pub" "$root/root/.ssh/id_ed25519.pub"
  known_hosts >"$root/root/.ssh/known_hosts"
  install -d -m 700 "$root/etc/standin" "$root/var/lib/standin"
  mkdir -p "$root$LAB_CHECKOUT" "$root/etc/systemd/system/local-fs.target.wants"
  ln -s ../var-lib-standin.mount "$root/etc/systemd/system/local-fs.target.wants/" # the one store that is there at boot
  install -m 600 "$LAB/keys/passwords" "$root/etc/standin/passwords"
  install -m 600 /dev/null "$root/etc/standin/probe.password"
  install -m 600 /dev/null "$root/etc/standin/opspw.password"
  password_of probe >"$root/etc/standin/probe.password"
  password_of opspw >"$root/etc/standin/opspw.password"
  install -m 644 "$LAB/keys/ca.crt" "$root/etc/standin/lab-ca.crt"
  if domain_wanted; then domain_controller_furnish; fi
  report_inventory >"$root/etc/standin/inventory.yaml"
}

# --- its control groups: one in every hierarchy of the machine, so that each host's systemd sees its own processes only

cgroup_main() { # the cgroup2 hierarchy, which can freeze and kill
  awk '$3 == "cgroup2" {print $2; exit}' /proc/mounts
}
cgroup_dirs() { # HOST
  awk -v name="$(ns "$1")" '$3 ~ /^cgroup2?$/ {print $2 "/" name}' /proc/mounts
}
cgroup_of() { echo "$(cgroup_main)/$(ns "$1")"; }

cgroup_enter() { # HOST: with this very process
  local dir file
  for dir in $(cgroup_dirs "$1"); do
    mkdir -p "$dir"
    for file in cpuset.cpus cpuset.mems; do # a v1 cpuset starts empty, and takes nobody in
      if [ -e "$dir/$file" ] && [ -e "$dir/tasks" ]; then cat "$dir/../$file" >"$dir/$file"; fi
    done
    echo $$ >"$dir/cgroup.procs"
  done
}

cgroup_populated() { grep -q 'populated 1' "$(cgroup_of "$1")/cgroup.events" 2>/dev/null; }

cgroup_kill() { # HOST: all that it runs, its supervisor too
  ! cgroup_populated "$1" || echo 1 >"$(cgroup_of "$1")/cgroup.kill"
  wait_until 10 cgroup_empty "$1" || die "processes of $1 do not end" "see $(cgroup_of "$1")/cgroup.procs"
  # who was frozen died frozen; the next to enter shall not be
  [ ! -e "$(cgroup_of "$1")/cgroup.freeze" ] || echo 0 >"$(cgroup_of "$1")/cgroup.freeze"
}
cgroup_empty() { ! cgroup_populated "$1"; }

cgroup_remove() {
  local dir
  for dir in $(cgroup_dirs "$1"); do
    [ ! -d "$dir" ] || find "$dir" -depth -type d -exec rmdir {} +
  done
}

# --- the supervisor

host_is_on() { cgroup_populated "$1"; }

host_start() { # HOST
  setsid "$LAB_CODE/lab" _supervise "$1" </dev/null >>"$LAB_LOG/$1.console" 2>&1 &
  wait_until 5 host_is_on "$1" || die "$1 does not start" "read $LAB_LOG/$1.console"
}

host_supervise() { # HOST
  local host=$1 dir fd code=133 # 133: nspawn's word for "it asked for a reboot"
  dir=$(host_dir "$host")
  for fd in "/proc/$$/fd"/*; do # it outlives the command that started it: that one's lock and pipes are not its own
    fd=${fd##*/}
    if [ "$fd" -gt 2 ] && [ "$fd" -lt 255 ]; then eval "exec $fd>&-"; fi
  done
  cgroup_enter "$host"
  exec {fd}>>"$LAB/power/$host" # this lock is the host's power: see lab-pdu
  flock "$fd"
  cd /
  [ ! -e "$dir/store.img" ] || store_attach "$host"
  while [ $code = 133 ]; do
    ! host_boots "$host" || card_fit "$host"
    code=0
    host_nspawn "$host" &
    echo $! >"$dir/nspawn.pid"
    wait $! || code=$?
    ! host_boots "$host" || card_park "$host"
    printf '\n[lab %(%T)T] %s stopped (%s)\n' -1 "$host" $code
  done
  store_detach "$host"
}

host_nspawn() { # HOST: becomes the container
  local host=$1 dir options
  dir=$(host_dir "$host")
  options=(--quiet --register=no --keep-unit --directory="$dir/root" --machine="$(ns "$host")" --hostname="$host"
    --network-namespace-path="/run/netns/$(ns "$host")" --capability=CAP_NET_ADMIN --console=pipe
    --resolv-conf=off --timezone=off --link-journal=no)
  [ ! -e "$dir/loop" ] || options+=(--bind="$(cat "$dir/loop"):/dev/store0")
  [ "$host" != ctl ] || options+=(--bind-ro="$LAB_CHECKOUT")
  [ "$host" != switch ] || options+=(--bind-ro="$LAB/power:/run/power")
  if host_boots "$host"; then
    exec systemd-nspawn "${options[@]}" --boot
  fi
  exec systemd-nspawn "${options[@]}" --as-pid2 /bin/sh -c 'mkdir -p /run/sshd && exec /usr/sbin/sshd -D -e -o UsePAM=no'
}

store_attach() { # HOST
  local dir number
  dir=$(host_dir "$1")
  for number in {0..63}; do # without udev somebody has to make the nodes; perhaps another host does just now
    [ -e "/dev/loop$number" ] || mknod -m 600 "/dev/loop$number" b 7 "$number" 2>/dev/null || true
  done
  losetup --find --show "$dir/store.img" >"$dir/loop"
}

store_detach() { # HOST
  local device
  # by the file behind it, not by what we remember of it
  for device in $(losetup --noheadings --output NAME,BACK-FILE | awk -v file="$(host_dir "$1")/store.img" '$2 == file {print $1}'); do
    losetup --detach "$device"
  done
  rm -f "$(host_dir "$1")/loop"
}

# --- reaching it

host_leader() { # HOST: the pid of its first process, seen from outside
  local supervisor
  supervisor=$(cat "$(host_dir "$1")/nspawn.pid" 2>/dev/null) && host_is_on "$1" && pgrep -P "$supervisor" | head -n1 | grep .
}

# At the host's console: needs no network and no ssh. Ends when its caller does.
host_run() { # [-t] HOST COMMAND...
  local leader path line hierarchy self
  local -a wrap=(sh -c 'cd /root && exec "$@"' sh)
  if [ "$1" = -t ]; then
    shift
    wrap=(script -qefc "cd /root && $(printf '%q ' "${@:2}")" /dev/null)
    set -- "$1"
  fi
  leader=$(host_leader "$1") || die "$1 is not running" "see 'lab status'; 'lab power $1 on' or 'lab up' starts it"
  shift
  # A shutdown stops all processes before it ends them. nsenter then stops as well, and nothing in there could wake it.
  self=$BASHPID
  (
    [ -z "${LOCK:-}" ] || exec {LOCK}>&-
    while sleep 2 && kill -CONT "$self"; do :; done
  ) </dev/null >/dev/null 2>&1 3>&- &
  while IFS= read -r line; do # into the container's groups, beside its init
    hierarchy=$(cgroup_mount "$line")
    path=${line#*:*:}
    [ -z "$hierarchy" ] || echo $BASHPID >"$hierarchy${path%/init.scope}/cgroup.procs"
  done <"/proc/$leader/cgroup"
  exec nsenter -t "$leader" -m -u -i -n -p -C -- setpriv --pdeathsig TERM env -i \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root USER=root LOGNAME=root SHELL=/bin/bash \
    LANG=C.UTF-8 TERM="${TERM:-dumb}" "${wrap[@]}" "$@"
}

cgroup_mount() { # a line of /proc/PID/cgroup: where its hierarchy is mounted
  local controllers
  controllers=$(cut -d: -f2 <<<"$1")
  if [ -z "$controllers" ]; then
    cgroup_main
  else
    awk -v want="${controllers#name=}" '$3 == "cgroup" && $2 ~ "/" want "$" {print $2; exit}' /proc/mounts
  fi
}

host_has_booted() { ! host_boots "$1" || (host_run "$1" systemctl is-system-running) | grep -qE 'running|degraded'; }
host_answers() { (host_run ctl ssh -o BatchMode=yes -o ConnectTimeout=1 "$(host_address "$1")" true); }
host_await() { # HOST boot|ssh
  wait_until 60 host_has_booted "$1" || die "$1 does not boot" "read $LAB_LOG/$1.console, and 'lab run $1 journalctl -b'"
  [ "$2" = boot ] || wait_until 30 host_answers "$1" ||
    die "$1 does not answer over ssh" "see 'lab status': is its cable in, its port up? 'lab run $1 systemctl --failed'"
}

# --- the whole lab

require_machine() {
  local tool
  [ "$(id -u)" = 0 ] || die "the lab needs root" "run it as root, or in a virtual machine"
  for tool in mmdebstrap systemd-nspawn ip nsenter losetup mkfs.ext4 ssh-keygen openssl python3 flock setsid pgrep; do
    command -v $tool >/dev/null || die "$tool is missing" "apt-get install mmdebstrap systemd-container iproute2 openssh-client openssl e2fsprogs procps python3"
  done
  [ -n "$(cgroup_main)" ] || die "no cgroup2 hierarchy is mounted" "mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified"
}

lab_is_up() {
  local host
  for host in $(host_names); do host_is_on "$host" || return 1; done
}

lab_remove() {
  local host
  for host in $(host_names); do
    cgroup_kill "$host"
    store_detach "$host"
    ! mountpoint -q "$(host_dir "$host")/root" || umount "$(host_dir "$host")/root"
    cgroup_remove "$host"
    rmdir "/run/systemd/nspawn/propagate/$(ns "$host")" 2>/dev/null || true # nspawn leaves it
  done
  network_remove
  rm -rf --one-file-system "$LAB/hosts" "$LAB/power"
}
