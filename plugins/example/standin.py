"""The plugin's side of Standin's protocol (engine/plugin/protocol.h): one call after the other, one request at a time.

    import standin

    def observe(call):
        ran = call.run(["cat", "--", call.inputs["path"]])
        return standin.state(text=ran["stdout"]) if ran["exit"] == 0 else standin.absent()

    standin.serve({"show": standin.Action(observe=observe)})

Nothing but the standard library. It is meant to be copied into a plugin's folder and listed in its `process.files`.
"""
import collections
import json
import sys

PROTOCOL = 1


class Refused(Exception):
    """A request could not be done. started: False: certainly nothing has happened."""

    def __init__(self, answer):
        super().__init__(answer["text"])
        self.code = answer["code"]
        self.started = answer["started"]


class Cancelled(Exception):
    """The engine wants the answer now."""


def state(transient=False, fatal=False, **attributes):
    return {"state": attributes, "transient": transient, "fatal": fatal}


def absent():
    return {"absent": True}


def unobservable(why, unreachable=False):
    return {"unobservable": why, "unreachable": unreachable}


def done(**outputs):
    return {"result": "done", "outputs": outputs}


def failed(message, hint=None):
    return {"result": "failed", "error": {"message": message, "hint": hint}}


def unknown(message):
    return {"result": "unknown", "error": {"message": message}}


class Action:
    """What a plugin can do by one name. describe(call, part) gives a list of call.command()."""

    def __init__(self, observe=None, apply=None, diagnose=None, describe=None):
        self.observe, self.apply, self.diagnose, self.describe = observe, apply, diagnose, describe


class Call:
    def __init__(self, engine, message):
        self.engine = engine
        self.id = message["id"]
        self.action = message["action"]
        self.host = message["host"]
        self.via = message["via"]
        self.hosts = message["hosts"]
        self.inputs = message["inputs"]
        self.before = message.get("before")
        self.desired = message.get("desired")
        self.message = message

    def secret(self, name):
        """A secret's text. It may only go into `stdin`, or into a file's content."""
        return self.inputs[name]["secret"]

    def run(self, argv, host=None, **options):
        return self.engine.ask("run", self, host=host or self.via, argv=argv, **options)

    def upload(self, path, text, mode=0o600, host=None):
        return self.engine.ask("upload", self, host=host or self.via, path=path, text=text, mode=mode)

    def download(self, path, host=None, **options):
        return self.engine.ask("download", self, host=host or self.via, path=path, **options)["data"]

    def progress(self, text, done=None, total=None):
        self.engine.send(message="progress", call=self.id, text=text, done=done, total=total)

    def log(self, text, level="info"):
        self.engine.send(message="log", call=self.id, text=text, level=level)

    def command(self, argv, host=None, stdin=False):
        """For describe."""
        return {"host": host or self.via, "argv": argv, "stdin": stdin}


class Engine:
    def __init__(self):
        self.last_id = 0
        self.waiting = collections.deque()  # calls that came while another one was at work
        self.cancelled = set()

    def send(self, **message):
        sys.stdout.write(json.dumps(message, ensure_ascii=False) + "\n")
        sys.stdout.flush()

    def read(self):
        line = sys.stdin.readline()
        return json.loads(line) if line else {"message": "goodbye"}

    def ask(self, name, call, **fields):
        """Sends a request and waits for its answer."""
        if call.id in self.cancelled:
            raise Cancelled()
        self.last_id += 1
        self.send(message=name, id=self.last_id, call=call.id, **fields)
        while True:
            message = self.read()
            if message["message"] == "goodbye":
                sys.exit(0)
            if message["message"] == "cancel":
                self.cancelled.add(message["id"])
            elif message["message"] in ("ran", "uploaded", "downloaded", "error") and message["id"] == self.last_id:
                if message["message"] == "error":
                    raise Refused(message)
                return message
            else:
                self.waiting.append(message)

    def next(self):
        return self.waiting.popleft() if self.waiting else self.read()


def observe(action, call):
    try:
        return "observation", action.observe(call)
    except Refused as refused:
        return "observation", unobservable(str(refused), unreachable=refused.code in ("connection", "timeout"))
    except Cancelled:
        return "observation", unobservable("cancelled")


def apply(action, call):
    try:
        return "applied", action.apply(call)
    except Refused as refused:
        return "applied", unknown(str(refused)) if refused.started else failed(str(refused))
    except Cancelled:
        return "applied", unknown("cancelled")


def diagnose(action, call):
    try:
        return "diagnosis", {"text": action.diagnose(call) if action.diagnose else ""}
    except (Refused, Cancelled) as why:
        return "diagnosis", {"text": str(why)}


def describe(action, call):
    return "description", {"commands": action.describe(call, call.message["part"]) if action.describe else []}


ANSWERS = {"observe": observe, "apply": apply, "diagnose": diagnose, "describe": describe}


def serve(actions):
    """Never returns: answers calls until the engine says goodbye."""
    engine = Engine()
    hello = engine.read()
    if PROTOCOL not in hello.get("protocols", []):
        sys.exit("the engine does not speak protocol %d" % PROTOCOL)
    engine.send(message="welcome", protocol=PROTOCOL, describes=any(action.describe for action in actions.values()))
    while True:
        message = engine.next()
        if message["message"] == "goodbye":
            sys.exit(0)
        if message["message"] not in ANSWERS:
            continue  # a later engine may say more; a cancel for what is answered already
        call = Call(engine, message)
        name, answer = ANSWERS[message["message"]](actions[call.action], call)
        engine.send(message=name, id=call.id, **answer)
