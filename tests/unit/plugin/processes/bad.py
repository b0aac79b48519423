#!/usr/bin/python3
"""A process plugin that behaves badly, in the way that its argument says. It speaks the protocol by hand: that is what is tested."""
import json
import os
import signal
import socket
import sys
import time

MODE = sys.argv[1]


def say(**message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def hear():
    line = sys.stdin.readline()
    if not line:
        sys.exit(0)
    return json.loads(line)


def until(name):
    while True:
        message = hear()
        if message["message"] == name:
            return message


def answer(call, **state):
    if call["message"] == "observe":
        say(message="observation", id=call["id"], state=state)
    elif call["message"] == "apply":
        say(message="applied", id=call["id"], result="done", outputs=state)
    else:
        say(message="diagnosis", id=call["id"], text=json.dumps(state))


def ask(name, call, **fields):
    say(message=name, id=7, call=call["id"], **fields)
    while True:
        message = hear()
        if message.get("id") == 7 and message["message"] in ("ran", "uploaded", "downloaded", "error"):
            return message


def hang(call):
    time.sleep(3600)


def slow(call):
    until("cancel")
    if call["message"] == "apply":
        say(message="applied", id=call["id"], result="unknown", error={"message": "cut short"})
    else:
        say(message="observation", id=call["id"], unobservable="cut short")


def flood_line(call):
    piece = b"x" * 1048576
    for _ in range(1024):
        os.write(1, piece)


def flood_messages(call):
    line = json.dumps({"message": "log", "text": "again", "call": call["id"]}) + "\n"
    while True:
        sys.stdout.write(line * 1000)


def deaf(call):
    """Asks for far more than it reads."""
    for index in range(12):
        say(message="run", id=index, call=call["id"], host="box", argv=["head", "-c", "64M", "/dev/zero"], stream=True,
            encoding="base64")
    time.sleep(3600)


def greedy(call):
    for index in range(40):
        say(message="run", id=index, call=call["id"], host="box", argv=["sleep", "5"])
    time.sleep(3600)


def dies(call):
    sys.stderr.write("something broke \x1b[31mhere\n")
    sys.stderr.flush()
    os.kill(os.getpid(), signal.SIGKILL)


def dies_with_secret(call):
    sys.stderr.write("the password was %s\n" % call["inputs"]["password"]["secret"])
    sys.stderr.flush()
    os._exit(9)


def dies_once(call):
    """Whether it has died already only the host remembers."""
    if ask("run", call, host="box", argv=["mkdir", call["inputs"]["path"]])["exit"] == 0:
        os.kill(os.getpid(), signal.SIGSEGV)
    answer(call, text="alive")


def leaks(call):
    secret = call["inputs"]["password"]["secret"]
    say(message="log", call=call["id"], text="it is " + secret, level=secret)
    say(message="progress", call=call["id"], text=secret)
    if call["message"] == "observe":
        say(message="observation", id=call["id"], state={"text": "<%s>" % secret, secret: "x"})
    elif call["message"] == "apply":
        say(message="applied", id=call["id"], result="failed", error={"message": "no " + secret, "hint": "not " + secret})
    else:
        say(message="diagnosis", id=call["id"], text="see " + secret)


def passes(call):
    """A secret where others can read it, then where they cannot."""
    secret = call["inputs"]["password"]["secret"]
    shown = ask("run", call, host="box", argv=["echo", "x" + secret])
    variable = ask("run", call, host="box", argv=["true"], env={"P": secret})
    read = ask("run", call, host="box", argv=["sha256sum"], stdin=secret)
    answer(call, text="%s / %s / %s" % (shown.get("text"), variable.get("text"), read["stdout"].split()[0]))


def strays(call):
    """Hosts that are none of this call's, and a file that is not the plugin's."""
    texts = [ask("run", call, host=host, argv=["true"]).get("text") for host in ("gone", "controller", "nowhere", "")]
    texts.append(ask("upload", call, host="box", path="/tmp/x", mode=420, text="x").get("text"))
    answer(call, list=texts)


def uploads(call):
    path = call["inputs"]["path"]
    texts = [ask("upload", call, host="box", path=path, mode=420, file=name).get("text", "uploaded")
             for name in ("bad.py", "../process_test.c", "/etc/passwd")]
    answer(call, list=texts)


def commands(call):
    """What the engine gives back: bytes, streams, exits."""
    plain = ask("run", call, host="box", argv=["sh", "-c", "printf 'a\\377b'; echo oops >&2; exit 3"])
    coded = ask("run", call, host="box", argv=["cat"], stdin_base64="/wA=", encoding="base64")
    large = ask("run", call, host="box", argv=["head", "-c", "100000", "/dev/zero"])
    killed = ask("run", call, host="box", argv=["sh", "-c", "kill -9 $$"])
    lost = ask("run", call, host="box", argv=["/nonexistent/program"])
    late = ask("run", call, host="box", argv=["sleep", "60"], timeout=0.2)
    back = ask("download", call, host="box", path="/etc/hostname", limit=0)
    answer(call, list=[plain["stdout"], plain["stderr"], str(plain["exit"]), coded["stdout"], str(large["stdout_total"]),
                       str(killed["exit"]), str(killed["signal"]), str(lost["exit"]), late["code"], str(late["started"]), back["code"]])


def streams(call):
    say(message="run", id=7, call=call["id"], host="box", argv=["sh", "-c", "echo one; sleep 0.2; echo two >&2"], stream=True)
    seen = []
    while True:
        message = hear()
        seen.append("%s:%s" % (message.get("stream", message["message"]), message.get("data", "").strip()))
        if message["message"] == "ran":
            break
    answer(call, list=seen)


def surroundings(call):
    """What it was given."""
    descriptors = [n for n in range(256) if is_open(n)]
    answer(call, list=[" ".join(sorted(os.environ)), " ".join(map(str, descriptors)), str(os.getsid(0) == os.getpid()),
                       str(os.getcwd() == os.environ["TMPDIR"])])


def is_open(descriptor):
    try:
        os.fstat(descriptor)
        return True
    except OSError:
        return False


def attempt(what):
    try:
        what()
        return "allowed"
    except OSError as error:
        return error.strerror


def reaches(call):
    """Out of its confinement."""
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)

    def system_call(number):
        if libc.syscall(number, 0, 0, 0, 0, 0) < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    def write_private():
        with open(os.path.join(os.environ["TMPDIR"], "x"), "w") as file:
            file.write("x")

    tries = [
        ("secret file", lambda: open(call["inputs"]["path"]).close()),
        ("/root", lambda: os.listdir("/root")),
        ("/etc/shadow", lambda: open("/etc/shadow").close()),
        ("engine's environment", lambda: open("/proc/%d/environ" % os.getppid()).close()),
        ("engine's memory", lambda: open("/proc/%d/mem" % os.getppid()).close()),
        ("write to /tmp", lambda: open("/tmp/standin-escape", "w").close()),
        ("write to itself", lambda: open(__file__, "a").close()),
        ("another file of its folder", lambda: open(os.path.join(os.path.dirname(__file__), "echo.c")).close()),
        ("its own file", lambda: open(__file__).close()),
        ("its private folder", write_private),
        ("internet", lambda: socket.socket(socket.AF_INET).close()),
        ("unix socket", lambda: socket.socket(socket.AF_UNIX).close()),
        ("packets", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()),
        ("signal to the engine", lambda: os.kill(os.getppid(), 0)),
        ("a session of its own", os.setsid),
        ("ptrace", lambda: system_call(101)),
        ("mount", lambda: system_call(165)),
        ("kexec", lambda: system_call(246)),
        ("bpf", lambda: system_call(321)),
        ("keyctl", lambda: system_call(250)),
        ("unshare", lambda: system_call(272)),
        ("io_uring", lambda: system_call(425)),
        ("chown", lambda: os.chown(os.environ["TMPDIR"], 1, 1)),
    ]
    answer(call, list=["%s: %s" % (name, attempt(what)) for name, what in tries])


def leaves_child(call):
    """A child that would live on, and says who it is."""
    child = os.fork()
    if child == 0:
        os.close(1)
        time.sleep(3600)
    answer(call, number=child)
    if call["message"] == "apply":
        os._exit(0)


def two(call):
    """Answers in the wrong order: the second of two calls first."""
    second = hear()
    answer(second, text="second")
    answer(call, text="first")


def restless(call):
    """Works in the call's scope until it is ended."""
    ask("run", call, host="box", argv=["sleep", "3600"])
    say(message="applied", id=call["id"], result="failed", error={"message": "the command was broken off"})


def orderly(call):
    """Several commands in one scope, asked for at once."""
    for index in range(3):
        say(message="run", id=index, call=call["id"], host="box", argv=["sh", "-c", "sleep 0.1; echo $0", str(index)])
    out = {}
    while len(out) < 3:
        message = hear()
        out[message["id"]] = message.get("stdout", message.get("text")).strip()
    answer(call, list=[out[index] for index in range(3)])


SIMPLE = {
    "wrong_id": lambda call: say(message="observation", id=call["id"] + 1, state={}),
    "not_json": lambda call: print("no JSON at all", flush=True),
    "not_object": lambda call: print("[1, 2]", flush=True),
    "deep": lambda call: print("[" * 100000, flush=True),
    "unknown_message": lambda call: say(message="launch", id=call["id"]),
    "wrong_shape": lambda call: say(message="observation", id="one", state=[]),
    "wrong_answer": lambda call: say(message="applied" if call["message"] == "observe" else "observation", id=call["id"],
                                     result="done", state={}),
    "wrong_types": lambda call: answer(call, text=3),
    "undeclared": lambda call: answer(call, text="t", other="dropped"),
    "two_states": lambda call: say(message="observation", id=call["id"], state={}, absent=True),
    "no_state": lambda call: say(message="observation", id=call["id"]),
    "no_verdict": lambda call: say(message="applied", id=call["id"], result="splendid"),
    "absent": lambda call: say(message="observation", id=call["id"], absent=True),
    "transient": lambda call: say(message="observation", id=call["id"], state={"text": "t"}, transient=True),
    "fatal": lambda call: say(message="observation", id=call["id"], state={"text": "t"}, fatal=True, later_field=1),
    "unreachable": lambda call: say(message="observation", id=call["id"], unobservable="no\x1b[2Jcontact", unreachable=True),
    "twice": lambda call: (answer(call, text="a"), answer(call, text="b")),
    "early": lambda call: (say(message="run", id=1, call=call["id"], host="box", argv=["sleep", "5"]), answer(call, text="x")),
    "same_request": lambda call: [say(message="run", id=1, call=call["id"], host="box", argv=["sleep", "5"]) for _ in range(2)],
    "foreign_call": lambda call: say(message="run", id=1, call=99, host="box", argv=["true"]),
    "second_welcome": lambda call: say(message="welcome", protocol=1),
    "closes": lambda call: (os.close(1), time.sleep(3600)),
    "exits": lambda call: sys.exit(3),
    "fails": lambda call: say(message="applied", id=call["id"], result="failed", error={"message": "no disk", "hint": "add one"}),
    "unsure": lambda call: say(message="applied", id=call["id"], result="unknown", error={"message": "line went down"}),
    "says_call": lambda call: answer(call, text=json.dumps(call, sort_keys=True)),
    "never_leaves": lambda call: answer(call, number=os.getpid()),
}

if MODE == "dies_at_start":
    sys.exit(3)
if MODE == "mute":
    time.sleep(3600)
hello = hear()
if MODE == "early_answer":
    say(message="observation", id=1, state={})
say(message="welcome", protocol=2 if MODE == "wrong_version" else 1)
if MODE == "goes_at_once":
    sys.exit(0)
act = SIMPLE.get(MODE) or globals()[MODE]
while True:
    message = json.loads(sys.stdin.readline() or '{"message": "goodbye"}')
    if message["message"] == "goodbye":
        if MODE == "never_leaves":
            time.sleep(3600)
        sys.exit(0)
    if message.get("inputs", {}).get("path") == "/started":
        answer(message, text="started")
    elif message["message"] in ("observe", "apply", "diagnose"):
        act(message)
