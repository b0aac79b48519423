"""Two enrolled agents on loopback as the tests use them, and a line between them that can be cut."""
import json, os, pathlib, select, signal, socket, subprocess, threading, time
from agent import Failed
from compare import differences, look


def expect(what, condition):
    if not condition:
        raise Failed(f"not so: {what}")


def eventually(what, condition, seconds=60):
    """For what takes a while: the limit is only how long a failure takes."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Failed(f"not so in {seconds} seconds: {what}")
        time.sleep(0.02)


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Line(threading.Thread):
    """A TCP proxy. cut(): all connections end, at once. broken: so do new ones. limit: each connection ends after so many bytes."""

    def __init__(self, to):
        super().__init__(daemon=True)
        self.to, self.broken, self.limit, self.pairs, self.done = to, False, None, [], False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while not self.done:
            ready, _, _ = select.select([self.listener, *(end for pair in self.pairs for end in pair)], [], [], 0.05)
            for end in ready:
                self.take() if end is self.listener else self.forward(end)

    def take(self):
        near, _ = self.listener.accept()
        try:
            far = None if self.broken else socket.create_connection(("127.0.0.1", self.to))
        except OSError:
            far = None
        if far is None:
            near.close()
        else:
            self.pairs.append((near, far))

    def forward(self, end):
        pair = next((pair for pair in self.pairs if end in pair), None)
        if pair is None:
            return
        try:
            data = end.recv(65536)
            if self.limit is not None:
                data, self.limit = data[:self.limit], self.limit - len(data)
            if data:
                pair[end is pair[0]].sendall(data)
        except OSError:
            data = b""
        if not data or (self.limit is not None and self.limit <= 0):
            self.end(pair)

    def end(self, pair):
        for end in pair:
            end.close()
        if pair in self.pairs:
            self.pairs.remove(pair)

    def cut(self):
        self.broken = True
        for pair in list(self.pairs):
            for end in pair:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def mend(self):
        self.broken, self.limit = False, None

    def close(self):
        self.done = True
        self.join()
        self.listener.close()
        for pair in list(self.pairs):
            self.end(pair)


class Host:
    """An agent with a home of its own."""

    def __init__(self, agent, home, pace=1):
        self.agent, self.home, self.pace, self.running, self.fault = agent, home, pace, None, None
        self.certificate = self.ask("enroll")["certificate"]

    def call(self, *arguments, given=None):
        return subprocess.run([self.agent, *map(str, arguments), "--home", self.home], input=given, capture_output=True, text=True)

    def ask(self, *arguments, given=None, codes=(0,)):
        done = self.call(*arguments, given=given)
        if done.returncode not in codes:
            raise Failed(f"{arguments[0]} ended with {done.returncode}: {done.stderr}")
        return json.loads(done.stdout)

    def refuses(self, words, *arguments, given=None):
        done = self.call(*arguments, given=given)
        expect(f"{arguments[0]} is refused: {words}; got {done.returncode} {done.stdout} {done.stderr}", done.returncode == 1 and words in done.stderr)

    def define(self, description):
        return self.ask("define", given=json.dumps(description))

    def status(self):
        return self.ask("status", "--set", "test")

    def history(self, count=100):
        return self.ask("history", "--set", "test", "--count", count)["sessions"]

    def run(self, before=()):
        log = open(self.home / "log", "a")
        environment = os.environ | {"STANDIN_AGENT_CLOCK": str(self.pace)}
        if self.fault:
            environment["STANDIN_FAULT"] = self.fault
        self.running = subprocess.Popen([*before, self.agent, "run", "--set", "test", "--home", self.home], stdout=log, stderr=log, env=environment)
        eventually("the agent runs", lambda: self.running.poll() is not None or self.status()["running"])
        expect(f"the agent goes on running: {self.log()}", self.running.poll() is None)

    def end(self, how=signal.SIGTERM):
        if self.running:
            self.running.send_signal(how)
            code, self.running = self.running.wait(), None
            expect(f"SIGTERM is a good end, not {code}", how != signal.SIGTERM or code == 0)

    def log(self):
        return (self.home / "log").read_text()


class Pair:
    """The set `test` from host a to host b; work/source is protected."""
    all = []

    def __init__(self, agent, work, pace=1):
        self.work, self.port = work, free_port()
        self.line = Line(self.port)
        self.a, self.b = Host(agent, work / "a", pace), Host(agent, work / "b", pace)
        (work / "source").mkdir(exist_ok=True)
        Pair.all.append(self)

    def source(self, **more):
        return {"set": "test", "role": "source", "term": 1, "sources": [{"path": str(self.work / "source"), "to": ""}], "schedule": None,
                "peer": {"address": "127.0.0.1", "port": self.line.port, "certificate": self.b.certificate}} | more

    def target(self, **more):
        return {"set": "test", "role": "target", "term": 1, "store": str(self.work / "store"),
                "peer": {"address": "127.0.0.1", "port": self.port, "certificate": self.a.certificate}} | more

    def define(self, **more):
        self.b.define(self.target(**{key: value for key, value in more.items() if key == "term"}))
        self.a.define(self.source(**more))

    def sync(self):
        return self.a.ask("sync", "--set", "test")

    def check(self, what):
        lines = differences(look(self.work / "source"), look(pathlib.Path(self.b.status()["path"])))
        if lines:
            raise Failed(f"{what}: {len(lines)} differences\n    " + "\n    ".join(lines[:12]))

    @classmethod
    def close_all(cls):
        for pair in cls.all:
            pair.close()
        cls.all = []

    def close(self):
        self.a.end(signal.SIGKILL)
        self.b.end(signal.SIGKILL)
        self.line.close()
