"""Random trees with every kind of entry, and random edits of them: all from a seed. Needs root, and a file system with xattrs and ACLs."""
import errno, os, pathlib, random, socket, stat, struct

SIZES = [0, 1, 100, 4095, 4096, 4097, 20000, 65535, 65536, 65537, 200000, 1048575, 1048576, 1100000, 3000000]
WEIGHTS = [6, 8, 20, 4, 4, 4, 8, 2, 2, 2, 3, 1, 1, 2, 1]
MODES = [0o644, 0o600, 0o755, 0o000, 0o444, 0o4755, 0o2755, 0o6711, 0o1644, 0o666, 0o070]
FOLDER_MODES = [0o755, 0o700, 0o555, 0o000, 0o1777, 0o2775, 0o3711]
ODD = [b"-rf", b" ", b"new\nline", b"tab\t", b"\xff\xfe\x80", b"\x01", b"a'b\"c", b"$HOME", b"*", b"caf\xc3\xa9", b"...", b"a" * 255, b"\\", b"~", b"A", b"a"]


def acl(rng, default=False):
    """A POSIX ACL as the kernel takes it: version 2, then tag, permissions, id."""
    entries = [(1, 7, -1), (2, rng.randrange(8), rng.randrange(1, 3000)), (4, 5, -1), (8, rng.randrange(8), rng.randrange(1, 3000)), (16, 7, -1), (32, rng.randrange(8), -1)]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", tag, perm, ident & 0xffffffff) for tag, perm, ident in entries)


class Tree:
    def __init__(self, root, seed):
        self.root, self.rng = os.fsencode(root), random.Random(seed)
        os.makedirs(self.root, exist_ok=True)
        self.serial = 0

    # --- what is there

    def all(self):
        """Paths of all entries below the root: folders, and others."""
        folders, others = [self.root], []
        for path, names, files in os.walk(self.root):
            for name in names + files:
                full = os.path.join(path, name)
                (folders if stat.S_ISDIR(os.lstat(full).st_mode) else others).append(full)
        return sorted(folders), sorted(others)

    def regular(self):
        return [path for path in self.all()[1] if stat.S_ISREG(os.lstat(path).st_mode)]

    def new_name(self):
        folder = self.rng.choice(self.all()[0])
        for _ in range(20):
            self.serial += 1
            name = self.rng.choice(ODD) if self.rng.random() < 0.15 else b"%s%d" % (self.rng.choice([b"f", b"a-", b"Z.", b"b"]), self.serial)
            path = os.path.join(folder, name)
            if len(path) < 3000 and not os.path.lexists(path):
                return path
        return self.new_name()

    # --- making

    def bytes(self, length):
        if self.rng.random() < 0.2:
            return (b"%d " % self.rng.random().__hash__()) * (length // 8 + 1)
        return self.rng.randbytes(length)

    def file(self, path):
        size = self.rng.choices(SIZES, WEIGHTS)[0]
        with open(path, "wb") as file:
            file.write(self.bytes(size)[:size])

    def sparse(self, path):
        with open(path, "wb") as file:
            for _ in range(self.rng.randrange(4)):
                file.seek(self.rng.randrange(4000000))
                file.write(self.rng.randbytes(self.rng.randrange(1, 10000)))
            file.truncate(max(file.tell(), self.rng.randrange(8000000)))

    def folder(self, path):
        os.mkdir(path)

    def link(self, path):
        os.symlink(self.rng.choice([b"/etc/passwd", b"../..", b"nowhere", b"x" * 1000, b"\xff", b"/", b"."]), path)

    def socket(self, path):
        here = os.open(os.path.dirname(path), os.O_RDONLY)  # a socket's path has 108 bytes
        try:
            name = b"s%d" % self.serial
            with socket.socket(socket.AF_UNIX) as made:
                made.bind(b"/proc/self/fd/%d/%s" % (here, name))
            os.rename(name, os.path.basename(path), src_dir_fd=here, dst_dir_fd=here)
        finally:
            os.close(here)

    def fifo(self, path):
        os.mkfifo(path)

    def device(self, path):
        os.mknod(path, self.rng.choice([stat.S_IFCHR, stat.S_IFBLK]) | 0o600, os.makedev(self.rng.randrange(1, 300), self.rng.randrange(300)))

    def make(self):
        path = self.new_name()
        self.rng.choices([self.file, self.folder, self.sparse, self.link, self.fifo, self.socket, self.device], [50, 18, 6, 10, 3, 2, 3])[0](path)
        for _ in range(self.rng.choice([0, 0, 1, 2])):
            self.rng.choice([self.chmod, self.chown, self.touch, self.xattr])(path)

    def hard_link(self):
        others = self.all()[1]
        if others:
            os.link(self.rng.choice(others), self.new_name(), follow_symlinks=False)

    # --- metadata

    def chmod(self, path=None):
        path = path or self.rng.choice(sum(self.all(), []))
        mode = os.lstat(path).st_mode
        if not stat.S_ISLNK(mode):
            os.chmod(path, self.rng.choice(FOLDER_MODES if stat.S_ISDIR(mode) else MODES))

    def chown(self, path=None):
        path = path or self.rng.choice(sum(self.all(), []))
        mode = os.lstat(path).st_mode
        os.lchown(path, self.rng.choice([0, 1000, 65534, 4000000000]), self.rng.choice([0, 100, 1000]))
        if self.rng.random() < 0.5 and not stat.S_ISLNK(mode):
            os.chmod(path, stat.S_IMODE(mode))

    def touch(self, path=None):
        path = path or self.rng.choice(sum(self.all(), []))
        when = self.rng.choice([0, -1, 1, 1700000000_123456789, 4000000000_000000001, -3000000000_5, self.rng.randrange(2 ** 60)])
        os.utime(path, ns=(when, when), follow_symlinks=False)

    def xattr(self, path=None):
        path = path or self.rng.choice(sum(self.all(), []))
        mode = os.lstat(path).st_mode
        names = os.listxattr(path, follow_symlinks=False)
        if names and self.rng.random() < 0.4:
            return os.removexattr(path, self.rng.choice(sorted(names)), follow_symlinks=False)
        kinds = ["trusted.t%d" % self.rng.randrange(3)]
        if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
            kinds += ["user.u%d" % self.rng.randrange(5), "user.big", "system.posix_acl_access"]
        if stat.S_ISREG(mode):
            kinds += ["security.capability"]
        if stat.S_ISDIR(mode):
            kinds += ["system.posix_acl_default"]
        name = self.rng.choice(kinds)
        value = self.rng.randbytes(self.rng.choice([0, 1, 30, 3000] if name == "user.big" else [0, 1, 30]))
        if "acl" in name:
            value = acl(self.rng)
        elif name == "security.capability":
            value = struct.pack("<IIIII", 0x02000001, self.rng.randrange(1 << 20), 0, 0, 0)
        os.setxattr(path, name, value, follow_symlinks=False)

    # --- content

    def rewrite(self):
        for path in self.pick_regular():
            status = os.stat(path)
            with open(path, "r+b") as file:
                for _ in range(self.rng.randrange(1, 6)):
                    file.seek(self.rng.randrange(max(1, status.st_size)))
                    file.write(self.rng.randbytes(self.rng.choice([1, 10, 4096, 9000])))
            if self.rng.random() < 0.3:  # so that only ctime tells
                os.truncate(path, status.st_size)
                os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    def append(self):
        for path in self.pick_regular():
            with open(path, "ab") as file:
                file.write(self.rng.randbytes(self.rng.choice([1, 100, 5000, 70000])))

    def truncate(self):
        for path in self.pick_regular():
            os.truncate(path, self.rng.choice([0, 1, 4096, 100000, os.stat(path).st_size // 2, os.stat(path).st_size + 100000]))

    def shift(self):
        """Something inserted or removed in a large file."""
        large = [path for path in self.regular() if os.stat(path).st_size >= 1 << 20]
        if large:
            path = self.rng.choice(large)
            content = open(path, "rb").read()
            at, length = self.rng.randrange(len(content)), self.rng.randrange(1, 70000)
            with open(path, "wb") as file:
                file.write(content[:at] + self.rng.randbytes(length) + content[at:] if self.rng.random() < 0.5 else content[:at] + content[at + length:])

    def replace(self):
        """As an editor saves: another inode under the same name."""
        for path in self.pick_regular():
            content, temporary = open(path, "rb").read(), self.new_name()
            with open(temporary, "wb") as file:
                file.write(content if self.rng.random() < 0.5 else self.bytes(len(content) + 3))
            os.rename(temporary, path)

    def punch(self):
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        for path in self.pick_regular():
            with open(path, "r+b") as file:
                start, length = self.rng.randrange(300) * 4096, self.rng.randrange(1, 100) * 4096
                libc.fallocate(file.fileno(), 3, ctypes.c_long(start), ctypes.c_long(length))

    def pick_regular(self):
        files = self.regular()
        return [self.rng.choice(files)] if files else []

    # --- names

    def rename(self):
        folders, others = self.all()
        path, target = self.rng.choice((folders[1:] + others) or [None]), self.new_name()
        if path and not target.startswith(path + b"/"):
            os.rename(path, target)

    def rename_over(self):
        others = self.all()[1]
        if len(others) > 1:
            a, b = self.rng.sample(others, 2)
            os.rename(a, b)

    def exchange(self):
        folders, others = self.all()
        if len(folders) > 1 and others:
            a, b = self.rng.choice(folders[1:]), self.rng.choice(others)
            if not b.startswith(a + b"/"):
                temporary = self.new_name()
                if not temporary.startswith(a + b"/"):
                    os.rename(a, temporary)
                    os.rename(b if os.path.lexists(b) else temporary, a)
                    if os.path.lexists(temporary):
                        os.rename(temporary, b)

    def folder_in_place(self):
        """A folder gets another name, and another folder its own."""
        folders = self.all()[0][1:]
        target = self.new_name()
        if folders:
            path = self.rng.choice(folders)
            if not target.startswith(path + b"/"):
                os.rename(path, target)
                os.mkdir(path)

    def move(self, count):
        """Renames, mostly: what has another name is found by its inode, and that has its own places to go wrong."""
        edits = [self.rename, self.rename, self.rename, self.exchange, self.rename_over, self.folder_in_place, self.make, self.delete_folder, self.rewrite]
        for _ in range(count):
            self.attempt(self.rng.choice(edits))

    def delete(self):
        others = self.all()[1]
        if others:
            os.unlink(self.rng.choice(others))

    def delete_folder(self):
        folders = self.all()[0][1:]
        if folders:
            self.remove(self.rng.choice(folders))

    def remove(self, path):
        import shutil
        shutil.rmtree(path)

    def turn(self):
        """Another type under the same name."""
        folders, others = self.all()
        path = self.rng.choice((folders[1:] + others) or [None])
        if path:
            self.remove(path) if path in folders else os.unlink(path)
            self.rng.choice([self.file, self.folder, self.link, self.fifo])(path)

    def fill(self, count):
        for _ in range(count):
            self.make()
        for _ in range(count // 15):
            self.hard_link()

    def edit(self, count):
        edits = [self.make, self.hard_link, self.chmod, self.chown, self.touch, self.xattr, self.rewrite, self.append, self.truncate, self.shift, self.replace,
                 self.punch, self.rename, self.rename_over, self.exchange, self.delete, self.delete_folder, self.turn]
        weights = [8, 4, 3, 3, 3, 6, 6, 4, 4, 3, 4, 2, 4, 3, 1, 6, 1, 3]
        for _ in range(count):
            self.attempt(self.rng.choices(edits, weights)[0])

    def attempt(self, edit):
        """Not every edit is possible in every tree."""
        try:
            edit()
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENAMETOOLONG, errno.EINVAL, errno.ENOTEMPTY, errno.EISDIR, errno.ENOTDIR, errno.EMLINK):
                raise
