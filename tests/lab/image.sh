# shellcheck shell=bash
# The image that all hosts start from, in two layers: the base (packages) and the site (what this lab makes of them). A lab with a domain
# has both of its own, and a third for its controller (domain.sh).
# Each layer is kept under the digest of its recipe; a layer that stands in the cache is never changed again.

digest() { sha256sum | cut -c1-16; }
image_base() { echo "$LAB_CACHE/base-$({ echo "$LAB_CODE/base.sh" && base_lists; } | xargs cat | digest)"; }
image_site() {
  local recipe
  # shellcheck disable=SC2046 # names without blanks
  recipe=$(cd "$LAB_CODE" && find $(site_trees) $(site_scripts) -type f -print0 | sort -z | xargs -0 sha256sum && image_base)
  echo "$LAB_CACHE/site-$(digest <<<"$recipe")"
}

site_trees() { echo site $(! domain_wanted || echo site-domain); } # laid over one another
site_scripts() { echo site.sh $(! domain_wanted || echo site-domain.sh); }

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
  if domain_wanted; then domain_build; fi
  if windows_wanted; then windows_build; fi
}

site_build() { # BASE SITE
  local part=$2.part tree script
  image_discard "$part"
  mkdir -p "$part"/{upper,work,root}
  mount -t overlay overlay -o "lowerdir=$1,upperdir=$part/upper,workdir=$part/work" "$part/root"
  for tree in $(site_trees); do
    tar -C "$LAB_CODE/$tree" --owner=0 --group=0 --mode=u=rwX,go=rX -c . | tar -C "$part/root" --no-overwrite-dir -x
  done
  : >"$LAB_LOG/site.log"
  for script in $(site_scripts); do
    install -m 755 "$LAB_CODE/$script" "$part/root/site.sh"
    if ! chroot "$part/root" /site.sh >>"$LAB_LOG/site.log" 2>&1; then
      image_discard "$part"
      die "the site layer could not be built: $script" "read $LAB_LOG/site.log"
    fi
  done
  rm "$part/root/site.sh"
  umount "$part/root"
  mv "$part/upper" "$2"
  image_discard "$part"
}

image_discard() { # PART
  ! mountpoint -q "$1/root" || umount "$1/root"
  rm -rf --one-file-system "$1"
}
