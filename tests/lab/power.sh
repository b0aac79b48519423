# shellcheck shell=bash
# Power, as a machine has it. A cut is more than killing: a killed container's kernel still says goodbye on the network and
# writes out its disks. Here the card goes first, then time stops, then the disk is kept as it is at that moment.

power_on() {
  host_exists "$1" || die "$1 does not exist" "run 'lab up' first"
  host_is_on "$1" || host_start "$1"
}

power_off() {
  local leader
  host_is_on "$1" || return 0
  if host_boots "$1" && leader=$(host_leader "$1"); then
    kill -s RTMIN+4 "$leader" # systemd's word for "power off"
    wait_until 60 cgroup_empty "$1" || die "$1 does not shut down" "read $LAB_LOG/$1.console; 'lab power $1 cut' always works"
  else
    cgroup_kill "$1"
  fi
}

power_cut() {
  local dir
  host_is_on "$1" || return 0
  dir=$(host_dir "$1")
  ! host_boots "$1" || card_park "$1"
  echo 1 >"$(cgroup_of "$1")/cgroup.freeze"
  wait_until 10 grep -q 'frozen 1' "$(cgroup_of "$1")/cgroup.events" || die "$1 does not freeze" "see $(cgroup_of "$1")"
  if [ -e "$dir/loop" ]; then
    store_stop "$1"
    cp --sparse=always "$dir/store.img" "$dir/store.cut"
  fi
  cgroup_kill "$1"
  store_detach "$1"
  [ ! -e "$dir/store.cut" ] || mv "$dir/store.cut" "$dir/store.img"
  printf '\n[lab %(%T)T] power cut\n' -1 >>"$LAB_LOG/$1.console"
}

# No write reaches the store from now on, nor does what the kernel still holds: the copy is of one moment.
# A file system that is mounted more than once, or in a private place, is still one file system: any of its mounts will do.
store_stop() { # HOST
  local device pid mount
  device=$(cat "$(host_dir "$1")/loop")
  device=$(printf '%d:%d' "0x$(stat -c %t "$device")" "0x$(stat -c %T "$device")")
  # shellcheck disable=SC2044 # numbers
  for pid in $(find "$(cgroup_of "$1")" -name cgroup.procs -exec cat {} +); do
    mount=$(awk -v device="$device" '$3 == device {print $5; exit}' "/proc/$pid/mountinfo" 2>/dev/null) || continue
    [ -n "$mount" ] || continue
    python3 - "/proc/$pid/root$mount" <<'P' || die "the store of $1 cannot be stopped" "a power cut needs ext4 or xfs on it"
import fcntl, os, struct, sys
FS_IOC_SHUTDOWN, NO_LOG_FLUSH = 0x8004587D, 2
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), FS_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
P
    return
  done
}
