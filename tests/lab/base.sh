# shellcheck shell=bash
# The base image: a Debian root file system with the packages of `packages`, and nothing else decided yet.
# Its digest is that of this file and the package lists, so that an edit of either makes a new image. A lab with a domain has one more list.

base_lists() { # the files that name the packages
  echo "$LAB_CODE/packages"
  if domain_wanted; then echo "$LAB_CODE/packages.domain"; fi
}

# The machine's own Debian sources, as apt knows them: the lab names no mirror of its own.
base_sources() {
  apt-get indextargets --format "deb \$(REPO_URI) \$(RELEASE) \$(COMPONENT)" 'Created-By: Packages' 'Origin: Debian' |
    grep -E " $LAB_RELEASE(-updates|-security)? " || true
}

base_build() { # DIRECTORY
  local target=$1 sources packages
  sources=$(base_sources)
  [ -n "$sources" ] || die "apt has no package lists of Debian $LAB_RELEASE" "run 'apt-get update', then try again"
  packages=$(base_lists | xargs sed 's/#.*//' | xargs | tr ' ' ,)
  rm -rf "$target.part"
  mmdebstrap --quiet --variant=minbase --include="$packages" \
    --aptopt='APT::Install-Recommends "false"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    "$LAB_RELEASE" "$target.part" - <<<"$sources" >"$LAB_LOG/base.log" 2>&1 ||
    die "the base image could not be built" "read $LAB_LOG/base.log"
  mv "$target.part" "$target"
}
