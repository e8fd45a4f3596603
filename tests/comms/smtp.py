"""Mail servers for tests: a real one that keeps what it gets, and one that misbehaves by script. Both keep a log."""

import contextlib
import socket
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


class AnyPort(Controller):
    """A controller that takes a free port."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class Sink:
    """A real SMTP server on loopback; `mails` holds (sender, recipients, bytes) in the order of arrival."""

    def __init__(self, login=None):
        self.mails, self.sessions = [], set()
        wants = {"authenticator": self._authenticate, "auth_required": True, "auth_require_tls": False} if login else {}
        self.login = login
        self.controller = AnyPort(self, hostname="127.0.0.1", port=0, ready_timeout=10, **wants)

    async def handle_DATA(self, server, session, envelope):
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        self.sessions.add(session.peer)
        return f"250 kept as {len(self.mails)}"

    def _authenticate(self, server, session, envelope, mechanism, data):
        right = isinstance(data, LoginPassword) and (data.login.decode(), data.password.decode()) == self.login
        return AuthResult(success=right)

    def __enter__(self):
        self.controller.start()
        self.port = self.controller.port
        return self

    def __exit__(self, *exc):
        self.controller.stop()

    def url(self, login=""):
        return f"smtp://{login}127.0.0.1:{self.port}"


class BadServer:
    """Answers by script: {"MAIL": "451 later", "RCPT": [...one per time...], "DATA": …, ".": "hang" | "close" | "250 ok"}.

    A list gives one answer per time, the last one for ever. "hang" says nothing more, "close" hangs up.
    """

    USUAL = {
        "": "220 bad.example",
        "EHLO": "250-bad.example\r\n250 AUTH PLAIN",
        "AUTH": "235 ok",
        "MAIL": "250 ok",
        "RCPT": "250 ok",
        "DATA": "354 go on",
        ".": "250 taken",
        "RSET": "250 ok",
        "QUIT": "221 bye",
    }

    def __init__(self, **script):
        self.script = {name: list(answers) if isinstance(answers, list) else [answers] for name, answers in script.items()}
        self.log, self.mails, self.connections = [], [], 0
        self.stopped = threading.Event()

    def answer(self, word):
        answers = self.script.get(word)
        if answers:
            return answers.pop(0) if len(answers) > 1 else answers[0]
        return self.USUAL.get(word, "500 what?")

    def __enter__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exc):
        self.stopped.set()
        self.socket.close()

    def url(self, login=""):
        return f"smtp://{login}127.0.0.1:{self.port}"

    def _accept(self):
        while True:
            try:
                connection, _peer = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, contextlib.suppress(OSError):
            stream = connection.makefile("rwb")
            if not self._say(stream, ""):
                return
            while line := stream.readline():
                word = line.decode().split()[0].upper().strip()
                self.log.append(line.decode().strip())
                if not self._say(stream, word):
                    return
                if word == "DATA" and self.said.startswith("354"):
                    body = []
                    while (part := stream.readline()) and part != b".\r\n":
                        body.append(part)
                    self.mails.append(b"".join(body))
                    if not self._say(stream, "."):
                        return

    def _say(self, stream, word):
        self.said = self.answer(word)
        if self.said == "hang":
            self.stopped.wait(20)
            return False
        if self.said == "close":
            return False
        stream.write(self.said.encode() + b"\r\n")
        stream.flush()
        return True
