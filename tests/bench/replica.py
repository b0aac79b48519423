"""The replicator's rows: standin-agent and what others use for the same, by turns, over the same sshd; all of it in memory, so that the disk's
mood does not count. The trees are made from a seed, in the shape of a source tree of 79,000 files."""
import argparse, json, os, pathlib, random, shutil, socket, subprocess, tempfile, time

BLOCK, MIB = 4096, 1 << 20


class Mirror:
    """A source tree, the peer's copy of it, and ours."""

    def __init__(self, bench, name):
        self.bench, self.agent, self.name = bench, bench.standin.parent / "standin-agent", name
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="standin-bench-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None))
        self.source, self.target = self.folder / "source", None
        self.source.mkdir()
        self.ssh = ["ssh", "-p", str(bench.port), "-i", str(bench.path("id")), "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR",
                    "-o", f"UserKnownHostsFile={bench.path('known')}", f"{bench.user}@127.0.0.1"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.leave()
        shutil.rmtree(self.folder, ignore_errors=True)

    def forget(self, *names):
        for name in names:
            path = self.folder / name
            path.unlink() if path.is_file() else shutil.rmtree(path, ignore_errors=True)

    # --- peers

    def rsync(self, *more, fresh=False, local=False):
        if fresh:
            self.forget("copy")
        there = [f"{self.folder}/copy/"] if local else ["-e", " ".join(self.ssh[:-1]), f"{self.ssh[-1]}:{self.folder}/copy/"]
        return self.bench.spend("rsync", "-aHAX", "--delete", *more, *there[:-1], f"{self.source}/", there[-1])

    def shell(self, script):
        """A pipe to a command on the other side."""
        return self.bench.spend("sh", "-ec", script.format(ssh=" ".join(self.ssh), source=self.source, copy=self.folder / "other"))

    def tar(self):
        self.forget("other")
        (self.folder / "other").mkdir()
        return self.shell("tar -C {source} -cf - . | {ssh} tar -C {copy} -xpf -")

    def dd(self):
        self.forget("other")
        return self.shell("dd if={source}/big bs=256k status=none | {ssh} dd of={copy} bs=256k status=none")

    def cp(self):
        self.forget("other")
        return self.bench.spend("cp", "-a", self.source, self.folder / "other")

    # --- ours

    def ours(self, *forget, verb="sync", local=False):
        """What it took; with `wire`, the bytes both ways, and `target`, its KiB at the target."""
        self.forget(*forget)
        spent = self.folder / "spent"
        line = [] if local else self.ssh
        taken = self.bench.spend(self.agent, verb, "--set", "bench", "--state", self.folder / "state", "--root", self.source, "--", *line,
                                 self.bench.programs / "spend", spent, self.agent, "serve", "--store", self.folder / "store")
        said = json.loads(self.bench.path("output").read_text())
        return taken | {"wire": said["wire_out"] + said["wire_in"], "target": int(spent.read_text().split()[2])}

    def mirror(self, local=False):
        return self.ours("state", "store", local=local)

    # --- ours, as enrolled agents: by their own line

    def agent_of(self, home, *arguments, given=None):
        done = subprocess.run([self.agent, *arguments, "--home", self.folder / home], input=given and json.dumps(given), capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    def enroll(self):
        """Two new agents; the target's listens."""
        self.leave()
        self.forget("a", "b", "store")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        a, b = (self.agent_of(home, "enroll")["certificate"] for home in ("a", "b"))
        self.agent_of("b", "define", given={"set": "bench", "role": "target", "term": 1, "store": str(self.folder / "store"),
                                            "peer": {"address": "127.0.0.1", "port": port, "certificate": a}})
        self.agent_of("a", "define", given={"set": "bench", "role": "source", "term": 1, "sources": [{"path": str(self.source), "to": ""}], "schedule": None,
                                            "peer": {"address": "127.0.0.1", "port": port, "certificate": b}})
        self.target = subprocess.Popen([self.agent, "run", "--set", "bench", "--home", self.folder / "b"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while socket.socket().connect_ex(("127.0.0.1", port)):
            time.sleep(0.02)

    def leave(self):
        if self.target:
            self.target.terminate()
            self.target.wait()
        self.target = None

    def enrolled(self):
        return self.bench.spend(self.agent, "sync", "--set", "bench", "--home", self.folder / "a")

    def mirror_enrolled(self):
        self.enroll()
        return self.enrolled()

    def compare(self, what, than, goal, ours, theirs, before=None, better="higher"):
        """How many times faster ours is (higher), or how much of the peer's time it takes (lower)."""
        def second():
            if before:
                before()
            return theirs()
        peer, standin = self.bench.by_turns([second, ours])
        ratio = peer / standin if better == "higher" else standin / peer
        return {"row": what, "standin": standin, "peer": peer, "unit": "s", "than": than, "ratio": ratio, "goal": goal, "better": better}

    def wire(self, what, limit):
        """Bytes on the wire, both ways."""
        return {"row": what, "standin": self.ours()["wire"] / 1024, "unit": "KiB", "goal": limit / 1024, "better": "lower", "of": "standin"}

    def wire_share(self, what, than, bytes_there, goal):
        """The same, beside those that had to go."""
        wire = self.ours()["wire"]
        return {"row": what, "standin": wire / 1024, "peer": bytes_there / 1024, "unit": "KiB", "than": than, "ratio": wire / bytes_there,
                "goal": goal, "better": "lower"}


def over_ssh(*options):
    return " ".join(["rsync -aHAX", *options, "over ssh"])


# --- trees


def source_tree(root, files, folders, seed=1):
    """Sizes as those of a source tree: a median of 6 KiB, a mean of 17."""
    rng = random.Random(seed)
    pool, made = rng.randbytes(4 * MIB), [root]
    while len(made) < folders:
        parent = rng.choice(made[-200:] if rng.random() < 0.7 else made)
        if len(parent.parts) - len(root.parts) < 9:
            made.append(parent / f"folder{len(made)}")
            made[-1].mkdir()
    for number in range(files):
        size = min(int(rng.lognormvariate(8.7, 1.45)), MIB)
        start = rng.randrange(len(pool) - size)
        (rng.choice(made) / f"file-{number}.c").write_bytes(pool[start:start + size])


def append_to_some(root):
    number = 0
    for folder, _, names in os.walk(root):
        for name in names:
            number += 1
            if number % 100 == 0:
                with open(os.path.join(folder, name), "ab") as output:
                    output.write(b"more\n")


def small_row(bench):
    with Mirror(bench, "small") as mirror:
        files = bench.options.files
        source_tree(mirror.source, files, max(1, files // 15))
        yield mirror.compare(f"mirror of {files:,} files", over_ssh(), 1.4, mirror.mirror, lambda: mirror.rsync(fresh=True))
        yield mirror.compare("the same", "tar over ssh to tar", 1, mirror.mirror, mirror.tar)
        yield mirror.compare("the same, by the agents' own line", over_ssh(), 1.4, mirror.mirror_enrolled, lambda: mirror.rsync(fresh=True))
        mirror.leave()
        yield mirror.compare("the same, without a line", "rsync -aHAX", 1.5, lambda: mirror.mirror(True), lambda: mirror.rsync(fresh=True, local=True))
        yield mirror.compare("the same, without a line", "cp -a", 1, lambda: mirror.mirror(True), mirror.cp)
        mirror.forget("other")
        yield mirror.compare("nothing changed", over_ssh("--delete"), 4, mirror.ours, mirror.rsync)
        yield mirror.compare("1% of the files changed", over_ssh("--delete"), 3, mirror.ours, mirror.rsync, lambda: append_to_some(mirror.source))
        (mirror.source / "renamed").mkdir()
        mirror.ours()
        for folder in list(mirror.source.iterdir()):
            if folder.is_dir() and folder.name != "renamed":
                folder.rename(mirror.source / "renamed" / folder.name)
                break
        yield mirror.wire("a folder renamed, on the wire", 4096)


def sparse_row(bench):
    with Mirror(bench, "sparse") as mirror:
        for number in range(50):
            with open(mirror.source / str(number), "wb") as file:
                file.write(os.urandom(200000))
                file.seek(20000000)
                file.write(os.urandom(200000))
                file.truncate(26000000)
        there = sum(path.stat().st_blocks * 512 for path in mirror.source.iterdir())
        yield mirror.compare("mirror of sparse files, 1.3 GB, 20 MB there", over_ssh("-S"), 10, mirror.mirror, lambda: mirror.rsync("-S", fresh=True))
        mirror.forget("state", "store")
        yield mirror.wire_share("the same, on the wire", "what is allocated", there, 1.1)


# --- one large file


class Big(Mirror):
    def __init__(self, bench, name="big"):
        super().__init__(bench, name)
        self.size, self.path = bench.options.big * MIB, self.source / "big"
        self.fill()

    def fill(self):
        with open(self.path, "wb") as file:
            for _ in range(self.size // MIB):
                file.write(os.urandom(MIB))

    def change(self):
        """1% of the blocks."""
        self.changed = random.sample(range(self.size // BLOCK), self.size // BLOCK // 100)
        with open(self.path, "r+b") as file:
            for block in self.changed:
                file.seek(block * BLOCK)
                file.write(os.urandom(BLOCK))

    def insert(self):
        """4 KiB near the front, as a program does that saves the file anew."""
        with open(self.path, "rb") as old, open(self.folder / "new", "wb") as new:
            new.write(old.read(100000) + os.urandom(BLOCK))
            shutil.copyfileobj(old, new, MIB)
        (self.folder / "new").rename(self.path)


def big_row(bench):
    with Big(bench) as big:
        name = f"{bench.options.big} MiB"
        yield big.compare(f"mirror of one file of {name}", over_ssh(), 1.3, big.mirror, lambda: big.rsync(fresh=True))
        big.forget("copy")
        yield big.compare("the same", "dd over ssh to dd", 1.1, big.mirror, big.dd, better="lower")
        yield big.compare("the same, by the agents' own line", "dd over ssh to dd", 1.1, big.mirror_enrolled, big.dd, better="lower")
        big.leave()
        big.forget("other")
        big.mirror()
        yield big.compare("1% of its 4 KiB blocks changed", over_ssh("--inplace"), 8, big.ours, lambda: big.rsync("--inplace"), big.change)
        yield big.compare("the same", over_ssh("--inplace -B4096"), 3.5, big.ours, lambda: big.rsync("--inplace", "-B4096"), big.change)
        big.change()
        yield big.wire_share("the same, on the wire", "what was changed", len(big.changed) * BLOCK, 1.15)
        yield big.compare("the same, manifest and block list lost", over_ssh("--inplace"), 4, lambda: big.ours("state/manifest", "state/blocks"),
                          lambda: big.rsync("--inplace"), big.change)
        big.ours()
        yield big.compare("nothing changed, verified by content", over_ssh("-c"), 1.3, lambda: big.ours(verb="verify"), lambda: big.rsync("-c"),
                          better="lower")
        yield big.compare("4 KiB inserted near its front", over_ssh(), 1.5, big.ours, big.rsync, big.insert)
        big.insert()
        yield big.wire("the same, on the wire", MIB)
        big.forget("copy")
        yield big.compare("its content is altogether another", "dd over ssh to dd", 1.1, big.ours, big.dd, big.fill, better="lower")
        big.forget("other")
        big.path.rename(big.source / "renamed")
        yield big.wire("it is renamed, on the wire", 4096)


def memory_row(bench):
    """A tree of empty files: the peak of each side, of a mirror and of a cycle."""
    with Mirror(bench, "many") as mirror:
        for number in range(bench.options.entries):
            if number % 1000 == 0:
                folder = mirror.source / f"folder{number}"
                folder.mkdir()
            os.close(os.open(folder / f"file{number}", os.O_CREAT | os.O_WRONLY))
        for what, taken in (("first mirror", mirror.mirror()), ("cycle", mirror.ours())):
            for side, memory in (("source", taken["memory"]), ("target", taken["target"])):
                yield {"row": f"memory for {bench.options.entries:,} entries, {what}, {side}", "standin": memory / 1024, "unit": "MiB",
                       "goal": 64, "better": "lower", "of": "standin"}
        yield mirror.compare(f"nothing changed in {bench.options.entries:,} entries", over_ssh("--delete"), 4, mirror.ours, mirror.rsync)


class Full(argparse.Action):
    def __call__(self, parser, options, *_):
        options.big, options.entries = 4096, 1000000


def add_options(parser):
    parser.add_argument("--files", type=int, default=78579, help="of the row `replica`")
    parser.add_argument("--big", type=int, default=1024, metavar="MIB", help="of the row `big`, which takes three times as much memory")
    parser.add_argument("--entries", type=int, default=200000, help="of the row `many`")
    parser.add_argument("--full", action=Full, nargs=0, help="as much as the goals are for: --big 4096 --entries 1000000")


ROWS = {"replica": small_row, "sparse": sparse_row, "big": big_row, "many": memory_row}
