"""File systems of all kinds, each in an image of its own."""
import contextlib, pathlib, subprocess


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
