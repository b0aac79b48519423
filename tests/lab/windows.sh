# shellcheck shell=bash
# A host win1 that answers over ssh as a Windows host does, when `lab up --windows` asks for it: cmd.exe is the shell behind its sshd, and a real
# service is registered with a service control manager. All of that is Wine's; what Windows does otherwise, windows.bats names.
# Its programs are built here, from windows/*.c; Wine is installed, and its disk C: made, into a layer of its own (win-*), under the digest of all that.

WINDOWS_HOST=win1
WINDOWS_SERVICE=Demo
WINDOWS_COMPILER=x86_64-w64-mingw32-gcc

LAB_HAS_WINDOWS=
windows_wanted() { [ -n "$LAB_HAS_WINDOWS" ]; }

windows_enter() { # from here on the lab has one
  ! windows_wanted || return 0
  LAB_HAS_WINDOWS=1
  HOSTS="$HOSTS
       $WINDOWS_HOST    10.99.0.31   yes    -                 a Windows host, as far as Wine is one"
}

windows_recall() { # a lab that was made with it keeps it until `down`
  [ -z "${LAB_WINDOWS:-}" ] && [ ! -d "$LAB/hosts/$WINDOWS_HOST" ] || windows_enter
}

windows_layer() {
  local recipe
  recipe=$(cd "$LAB_CODE" && find windows.sh packages.windows windows site-windows -type f -print0 | sort -z | xargs -0 sha256sum && image_site)
  echo "$LAB_CACHE/win-$(digest <<<"$recipe")"
}

# --- made once

windows_build() {
  local part layer root
  layer=$(windows_layer)
  [ ! -d "$layer" ] || return 0
  command -v $WINDOWS_COMPILER >/dev/null || die "$WINDOWS_COMPILER is missing" "apt-get install gcc-mingw-w64-x86-64-win32"
  note "building the Windows layer (a minute, once)"
  part=$layer.part
  root=$part/root
  image_discard "$part"
  mkdir -p "$part"/{upper,work,root,packages/partial}
  mount -t overlay overlay -o "lowerdir=$(image_site):$(image_base),upperdir=$part/upper,workdir=$part/work" "$root"
  if ! (set -e; windows_install "$part"; windows_furnish "$root") >"$LAB_LOG/windows.log" 2>&1; then
    image_discard "$part"
    die "the Windows layer could not be built" "read $LAB_LOG/windows.log"
  fi
  umount "$root"
  mv "$part/upper" "$layer"
  image_discard "$part"
}

windows_install() { # PART: by the machine's own apt, as it knows the image; nothing inside needs the network
  local packages
  packages=$(sed 's/#.*//' "$LAB_CODE/packages.windows" | xargs)
  # shellcheck disable=SC2086 # names without blanks
  apt-get --yes --quiet --download-only --option Debug::NoLocking=1 --option APT::Install-Recommends=false --option Dir::State::Status="$1/root/var/lib/dpkg/status" \
    --option Dir::Cache::Archives="$1/packages" --option Dir::Cache::pkgcache= --option Dir::Cache::srcpkgcache= install $packages || return 1
  mkdir "$1/root/packages"
  mv "$1"/packages/*.deb "$1/root/packages/"
  chroot "$1/root" sh -c 'DEBIAN_FRONTEND=noninteractive exec dpkg --force-unsafe-io --path-exclude="/usr/share/doc/*" --path-exclude="/usr/share/man/*" \
    --path-exclude="/usr/share/locale/*" --install /packages/*.deb' || return 1
  rm -r "$1/root/packages"
}

windows_furnish() { # ROOT
  local root=$1 program
  tar -C "$LAB_CODE/site-windows" --owner=0 --group=0 --mode=u=rwX,go=rX -c . | tar -C "$root" --no-overwrite-dir -x
  chmod 755 "$root"/usr/local/bin/windows*
  chroot "$root" useradd --non-unique --uid 0 --gid 0 --no-create-home --home-dir /root --shell /bin/sh administrator
  chroot "$root" systemctl enable windows.service
  mkdir -p "$root/var/lib/wine"
  windows_console "$root" 'windows start && mkdir -p /var/lib/wine/drive_c/standin && windows stop'
  for program in login say service; do
    $WINDOWS_COMPILER -std=gnu17 -O2 -s -Wall -Wextra -Werror "$LAB_CODE/windows/$program.c" -o "$root/var/lib/wine/drive_c/standin/$program.exe"
  done
  windows_slim "$root"
  # shellcheck disable=SC1003 # backslashes of Windows
  windows_console "$root" "windows start && windows sc.exe create $WINDOWS_SERVICE binPath= 'C:\\standin\\service.exe $WINDOWS_SERVICE' start= demand && windows stop"
}

windows_slim() { # ROOT: half of it is there twice, the rest is for screens
  local file twin
  for file in "$1"/var/lib/wine/drive_c/windows/system32/*.*; do
    twin=$1/usr/lib/x86_64-linux-gnu/wine/x86_64-windows/${file##*/}
    if cmp -s "$file" "$twin"; then ln -f "$twin" "$file"; fi
  done
  rm -rf "$1"/usr/lib/x86_64-linux-gnu/{dri,libLLVM-*}
}

windows_console() { # ROOT TEXT: a shell in the layer that is being made, without a network
  systemd-nspawn --quiet --register=no --keep-unit --private-network --directory="$1" --machine="$(ns "$WINDOWS_HOST")" --as-pid2 \
    --console=pipe sh -e -c "$2" </dev/null
}

# --- reaching it

windows_answers() { (host_run ctl ssh -o BatchMode=yes "administrator@$(host_address "$WINDOWS_HOST")" sc.exe query $WINDOWS_SERVICE) | grep -q STATE; }
windows_await() {
  wait_until 60 windows_answers || die "$WINDOWS_HOST does not answer as Windows" "run 'lab run $WINDOWS_HOST systemctl status windows'"
}
