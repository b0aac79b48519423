"""An independent look at two trees: content, all metadata, hard links, holes. Knows nothing of the replicator."""
import hashlib, os, stat


def content(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else hashlib.sha256(file.read()).hexdigest()


def holes(path, size):
    """Where there is data: [(start, end)...]."""
    found, at = [], 0
    fd = os.open(path, os.O_RDONLY)
    try:
        while at < size:
            try:
                start = os.lseek(fd, at, os.SEEK_DATA)
            except OSError:
                break
            at = os.lseek(fd, start, os.SEEK_HOLE)
            found.append((start, at))
    finally:
        os.close(fd)
    return found


def look(root, with_holes=True):
    """{path below root: what is there}, inodes replaced by the first path that has them."""
    root, first, seen = os.fsencode(root), {}, {}
    paths = [b""]
    for path, folders, files in os.walk(root):
        paths += [os.path.relpath(os.path.join(path, name), root) for name in folders + files]
    for path in sorted(paths):
        full = os.path.join(root, path) if path else root
        status = os.lstat(full)
        kind = stat.S_IFMT(status.st_mode)
        what = {"mode": oct(status.st_mode), "owner": (status.st_uid, status.st_gid), "mtime": status.st_mtime_ns,
                "xattrs": {name: os.getxattr(full, name, follow_symlinks=False) for name in os.listxattr(full, follow_symlinks=False)
                           if not name.startswith("trusted.SGI_ACL_")}}  # XFS shows its ACLs a second time
        if kind != stat.S_IFDIR:
            what |= {"linked to": first.setdefault(status.st_ino, path), "links": status.st_nlink}
        if kind == stat.S_IFREG:
            what |= {"size": status.st_size, "content": content(full)}
            if with_holes:
                what["data"] = holes(full, status.st_size)
        elif kind == stat.S_IFLNK:
            what["aim"] = os.readlink(full)
        elif kind in (stat.S_IFCHR, stat.S_IFBLK):
            what["device"] = status.st_rdev
        seen[path] = what
    return seen


def covers(wide, narrow):
    """Does the first list of extents have no data where the second has a hole? (A hole more is no harm: it reads as zeros.)"""
    return all(any(start <= a and b <= end for start, end in wide) for a, b in narrow)


def differences(expected, actual):
    """Lines; none if the trees are the same. Each tree is what look() gave."""
    lines = []
    for path in sorted(expected.keys() | actual.keys()):
        if path not in actual or path not in expected:
            lines.append(f"{path!r}: {'missing' if path not in actual else 'not expected'}")
            continue
        for key in expected[path]:
            a, b = expected[path][key], actual[path].get(key)
            if key == "data":
                if b is not None and not covers(a, b):
                    lines.append(f"{path!r}: data where a hole should be: {b} instead of {a}")
            elif a != b:
                lines.append(f"{path!r}: {key}: {b!r} instead of {a!r}")
    return lines
