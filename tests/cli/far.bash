# far.bash - hosts behind a real sshd and a real sudo, on this machine: for tests of what arrives at the other end of them.
#
# Before a file's tests (as root) far_start makes a folder $FAR with keys and a configuration, starts sshd on a free port of 127.0.0.1, and makes
# two users: $FAR_ASKED must give sudo a password (in $FAR/password), $FAR_FREE need not. far_stop takes all of it away again. A test
# that goes there says needs_far.

setup_file() { if [ "$(id -u)" -eq 0 ]; then far_start; fi; }
teardown_file() { far_stop; }

needs_far() { [ -n "${FAR:-}" ] || skip "needs root: an sshd and users of its own"; }

far_start() {
  FAR=$(mktemp -d /tmp/standin-far.XXXXXX)
  FAR_ASKED=sdask$$ FAR_FREE=sdfree$$
  export FAR FAR_ASKED FAR_FREE FAR_PORT FAR_HOST_KEY
  chmod 755 "$FAR"
  mkdir -p /run/sshd
  ssh-keygen -q -t ed25519 -N '' -C host -f "$FAR/host"
  ssh-keygen -q -t ed25519 -N '' -C id -f "$FAR/id"
  cp "$FAR/id.pub" "$FAR/authorized"
  chmod 644 "$FAR/authorized"
  FAR_HOST_KEY=$(cut -d' ' -f1,2 "$FAR/host.pub")
  local user
  for user in "$FAR_ASKED" "$FAR_FREE"; do
    mkdir "$FAR/$user"
    useradd -M -d "$FAR/$user" -s /bin/sh "$user"
    chown "$user:" "$FAR/$user"
  done
  (umask 077; printf '%s' "pa ss'wd-9c4e" >"$FAR/password")
  { printf '%s:' "$FAR_ASKED"; cat "$FAR/password"; echo; } | chpasswd
  usermod -p '*' "$FAR_FREE"
  printf '%s ALL=(ALL) ALL\n%s ALL=(ALL) NOPASSWD: ALL\n' "$FAR_ASKED" "$FAR_FREE" >"/etc/sudoers.d/$FAR_ASKED"
  local tries
  for tries in {1..20}; do # until sshd takes its port another process may, and then it is another one
    FAR_PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    far_config >"$FAR/config"
    rm -f "$FAR/log"
    /usr/sbin/sshd -D -f "$FAR/config" -E "$FAR/log" </dev/null >/dev/null 2>&1 3>&- &
    echo $! >"$FAR/pid"
    if far_listens; then return 0; fi
  done
  echo "sshd does not start"
  cat "$FAR/log"
  return 1
}

far_config() {
  cat <<EOF
ListenAddress 127.0.0.1
Port $FAR_PORT
HostKey $FAR/host
AuthorizedKeysFile $FAR/authorized
StrictModes no
UsePAM no
PidFile none
MaxStartups 50
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
EOF
}

# Its own log says so: on its port somebody else might answer.
far_listens() {
  until grep -qs 'Server listening on' "$FAR/log"; do
    kill -0 "$(cat "$FAR/pid")" 2>/dev/null || return 1
    sleep 0.01
  done
}

far_stop() {
  [ -n "${FAR:-}" ] || return 0
  kill "$(cat "$FAR/pid")" 2>/dev/null || true
  rm -f "/etc/sudoers.d/$FAR_ASKED"
  userdel "$FAR_ASKED" 2>/dev/null || true
  userdel "$FAR_FREE" 2>/dev/null || true
  rm -rf "$FAR"
}

# far_hosts - the inventory's entries: root, asked (sudo with a password), free (sudo without).
far_hosts() {
  local name user
  for name in root asked free; do
    case $name in root) user=root ;; asked) user=$FAR_ASKED ;; free) user=$FAR_FREE ;; esac
    printf '  %s:\n    connection: ssh\n    address: 127.0.0.1\n    port: %s\n    user: %s\n' "$name" "$FAR_PORT" "$user"
    printf '    identity_file: %s/id\n    host_key: "%s"\n' "$FAR" "$FAR_HOST_KEY"
    case $name in asked) echo '    become: {password: sudo}' ;; free) echo '    become: true' ;; esac
  done
}
