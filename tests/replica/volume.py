"""Random volumes: an image or a loop device as work/source, an image of the store or a loop device (work/target) as the replica; all from a
seed. Needs root and loop devices."""
import os, random, subprocess
from compare import content, holes, look
from tree import Tree

VOLUMES = bool(os.environ.get("VOLUMES"))  # the tests that take either: volumes instead of trees
BLOCK = 4096
KINDS = ["image to image", "device to device", "image to device", "device to image"]


def attach(path):
    return subprocess.run(["losetup", "--find", "--show", path], check=True, capture_output=True, text=True).stdout.strip()


class Volume:
    def __init__(self, work, seed, kind):
        self.work, self.rng, self.loops = work, random.Random(seed), []
        source, target = kind.split(" to ")
        self.resizes = kind == "image to image"  # a device has the size that it has
        self.size = self.rng.randrange(256, 2000) * BLOCK + (self.rng.choice([0, 1, 511, 4095]) if self.resizes else 0)
        image = "source" if source == "image" else "source.img"
        self.path = work / "source"
        self.make(image)
        if source == "device":
            self.path.symlink_to(self.device(image))
        if target == "device":
            (work / "target.img").write_bytes(self.rng.randbytes(self.size))  # what was on the disk before
            (work / "target").symlink_to(self.device("target.img"))

    def make(self, name):
        with open(self.work / name, "wb") as file:
            file.truncate(self.size)

    def device(self, name):
        self.loops.append(attach(self.work / name))
        return self.loops[-1]

    def close(self):
        for loop in self.loops:
            subprocess.run(["losetup", "--detach", loop], check=True)
        self.loops = []

    def replace_target(self):
        """Another disk under the name of the first."""
        (self.work / "other.img").write_bytes(self.rng.randbytes(self.size))
        (self.work / "target").unlink()
        (self.work / "target").symlink_to(self.device("other.img"))

    def fill(self, count):
        self.write(count)

    def edit(self, count):
        if self.resizes and self.rng.random() < 0.5:
            self.size = max(256 * BLOCK, self.size + self.rng.randrange(-200000, 200000))
            os.truncate(self.path, self.size)
        self.write(count)

    def write(self, count):
        """Random bytes anywhere, zeros, whole blocks, holes."""
        with open(self.path, "r+b") as file:
            for _ in range(count):
                length = self.rng.choice([1, 100, BLOCK, 3 * BLOCK, 70000])
                at = self.rng.randrange(max(1, self.size - length))
                if self.rng.random() < 0.6:
                    at -= at % BLOCK
                file.seek(at)
                file.write(bytes(length) if self.rng.random() < 0.3 else self.rng.randbytes(length))
            file.flush()
            os.fsync(file.fileno())
        if self.rng.random() < 0.5:
            at = self.rng.randrange(self.size // BLOCK - 64) * BLOCK
            subprocess.run(["fallocate", "--punch-hole", "--offset", str(at), "--length", str(32 * BLOCK), self.path], check=True)

    def look(self, path):
        """{name: what is there}, as look() of a tree gives it. path: of the source, or as status says it; None: of nothing."""
        if path is None:
            return {}
        path = os.path.join(path, "volume") if os.path.isdir(path) else os.fspath(path)
        with open(path, "rb") as file:
            return {b"volume": {"size": file.seek(0, os.SEEK_END), "content": content(path)}}


class Files(Tree):
    """A tree, where a volume could be."""

    def __init__(self, work, seed):
        super().__init__(work / "source", seed)
        self.look = look

    def close(self):
        pass


def source_of(work, seed):
    return Volume(work, seed, random.Random(seed).choice(KINDS)) if VOLUMES else Files(work, seed)


def dense(path):
    """Blocks of zeros that take space: [offset...]."""
    found = []
    with open(path, "rb") as file:
        for start, end in holes(path, os.path.getsize(path)):
            for at in range(start, end, BLOCK):
                file.seek(at)
                block = file.read(min(BLOCK, end - at))
                if len(block) == BLOCK and not any(block):
                    found.append(at)
    return found
