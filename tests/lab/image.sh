# shellcheck shell=bash
# The image that all hosts start from, in two layers: the base (packages) and the site (what this lab makes of them).
# Each layer is kept under the digest of its recipe; a layer that stands in the cache is never changed again.

digest() { sha256sum | cut -c1-16; }
image_base() { echo "$LAB_CACHE/base-$(cat "$LAB_CODE/base.sh" "$LAB_CODE/packages" | digest)"; }
image_site() {
  local recipe
  recipe=$(cd "$LAB_CODE" && find site site.sh -type f -print0 | sort -z | xargs -0 sha256sum && image_base)
  echo "$LAB_CACHE/site-$(digest <<<"$recipe")"
}

image_build() {
  local base site
  base=$(image_base)
  site=$(image_site)
  if [ ! -d "$base" ]; then
    note "building the base image (about a minute, once)"
    base_build "$base"
  fi
  if [ ! -d "$site" ]; then
    note "building the site layer"
    site_build "$base" "$site"
  fi
}

site_build() { # BASE SITE
  local part=$2.part
  image_discard "$part"
  mkdir -p "$part"/{upper,work,root}
  mount -t overlay overlay -o "lowerdir=$1,upperdir=$part/upper,workdir=$part/work" "$part/root"
  tar -C "$LAB_CODE/site" --owner=0 --group=0 --mode=u=rwX,go=rX -c . | tar -C "$part/root" --no-overwrite-dir -x
  install -m 755 "$LAB_CODE/site.sh" "$part/root/site.sh"
  if ! chroot "$part/root" /site.sh >"$LAB_LOG/site.log" 2>&1; then
    image_discard "$part"
    die "the site layer could not be built" "read $LAB_LOG/site.log"
  fi
  rm "$part/root/site.sh"
  umount "$part/root"
  mv "$part/upper" "$2"
  image_discard "$part"
}

image_discard() { # PART
  ! mountpoint -q "$1/root" || umount "$1/root"
  rm -rf --one-file-system "$1"
}
