"""standin-agent as the tests call it: work/source is mirrored into work/store, or (if there is one) onto the device work/target."""
import json, os, subprocess
from compare import differences

SCRATCH = os.environ.get("STANDIN_SCRATCH", "/dev/shm")  # another file system: STANDIN_SCRATCH=/var/tmp


class Failed(Exception):
    pass


def command(agent, work, verb="sync", target_fault=None, more=()):
    fault = ["env", f"STANDIN_FAULT={target_fault}"] if target_fault else []
    device = ["--replace-foreign", "--device", work / "target"] if os.path.lexists(work / "target") else []
    return [agent, verb, "--set", "test", "--state", work / "state", "--root", work / "source", *more, "--", *fault, agent, "serve", "--store", work / "store", *device]


def sync(agent, work, more=()):
    done = subprocess.run(command(agent, work, more=more), capture_output=True, text=True)
    if done.returncode:
        raise Failed(f"sync ended with {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


def plan(agent, work, more=()):
    """A dry run: what would be done, as [(what, path)...], and the counts."""
    done = subprocess.run(command(agent, work, more=["--dry-run", "--json", *more]), capture_output=True, text=True)
    if done.returncode:
        raise Failed(f"sync --dry-run ended with {done.returncode}: {done.stderr}")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    lines[-1]["bytes of items"] = sum(line["bytes"] for line in lines[:-1])
    return [(line["what"], line["path"]) for line in lines[:-1]], lines[-1]


def verify(agent, work):
    return subprocess.run(command(agent, work, "verify"), capture_output=True, text=True)


def store(agent, work, verb="status", *more):
    done = subprocess.run([agent, verb, "--store", work / "store", *more], capture_output=True, text=True)
    if done.returncode:
        raise Failed(f"{verb} ended with {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


def replica(agent, work):
    return store(agent, work)["path"]


def check(what, expected, actual):
    lines = differences(expected, actual)
    if lines:
        raise Failed(f"{what}: {len(lines)} differences\n    " + "\n    ".join(lines[:12]))
