"""File systems of all kinds, each in an image of its own."""
import contextlib, ctypes, fcntl, os, pathlib, subprocess, sys, time
from agent import Failed

SHUTDOWN = 0x8004587D  # _IOR('X', 125, u32): XFS_IOC_GOINGDOWN, EXT4_IOC_SHUTDOWN
NO_FLUSH = (2).to_bytes(4, sys.byteorder)  # of the log neither
SYSTEMS = {"ext4": ["mkfs.ext4", "-q", "-F", "-O", "ea_inode"], "xfs": ["mkfs.xfs", "-q", "-f", "-m", "bigtime=1"]}


@contextlib.contextmanager
def disk(work, kind):
    """A file system of its own at work."""
    image = pathlib.Path(f"{work}.img")
    with open(image, "wb") as file:
        file.truncate(400 << 20)
    make = {"xfs": ["mkfs.xfs", "-q"], "btrfs": ["mkfs.btrfs", "-q"], "ext4": ["mkfs.ext4", "-q"]}[kind]
    subprocess.run([*make, image], check=True, capture_output=True)
    subprocess.run(["mount", "-o", "loop", image, work], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", work], check=True)
        image.unlink()


class Disk:
    """An image with a file system, mounted at `point`."""

    def __init__(self, template, folder):
        self.image, self.point = folder / "image", folder / "mnt"
        subprocess.run(["cp", "--sparse=always", template, self.image], check=True)
        self.point.mkdir()
        self.mount()

    def mount(self):
        subprocess.run(["mount", "-o", "loop", self.image, self.point], check=True)

    def unmount(self):
        for _ in range(100):
            if subprocess.run(["umount", self.point], capture_output=True).returncode == 0:
                return
            time.sleep(0.05)  # the agent whose disk has gone is still ending
        raise Failed("the disk is not let go of")

    def power_goes(self):
        folder = os.open(self.point, os.O_RDONLY)
        fcntl.ioctl(folder, SHUTDOWN, NO_FLUSH)
        os.close(folder)

    def comes_back(self):
        self.unmount()
        self.mount()


def own_mounts():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x20000):  # CLONE_NEWNS
        raise OSError(ctypes.get_errno(), "unshare")
    libc.prctl(36, 1)  # PR_SET_CHILD_SUBREAPER
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
