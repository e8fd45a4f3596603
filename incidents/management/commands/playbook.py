"""`manage.py playbook load|dump|check|diff`: the rules as a file, and what a team changed."""

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from incidents import playbook
from lib.errors import Refused
from lib.jsonio import BadJSON, canonical, loads


class Command(BaseCommand):
    """Loads, writes, checks and compares the playbook."""

    help = "Load the shipped playbook or a file, write the one in force, check a file, or show what was changed here."

    def add_arguments(self, parser: CommandParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        load = acts.add_parser("load", help="merge what this release ships (edits stay), or put FILE in force as it is")
        load.add_argument("file", nargs="?", help="a file that `dump` wrote; - for standard input")
        dump = acts.add_parser("dump", help="write the playbook in force as JSON")
        dump.add_argument("file", nargs="?", help="where to; standard output by default")
        check = acts.add_parser("check", help="name everything that is wrong with FILE, or with the playbook in force")
        check.add_argument("file", nargs="?", help="- for standard input")
        acts.add_parser("diff", help="show what differs from what was shipped; exits 1 if anything does")

    def handle(self, *args: Any, **options: Any) -> None:
        {"load": self.load, "dump": self.dump, "check": self.check_content, "diff": self.diff}[options["act"]](options.get("file"))

    def load(self, file: str | None) -> None:
        before = playbook.newest()
        try:
            version = playbook.replace(self._read(file), actor=None, note=f"file {Path(file).name}") if file else playbook.load()
        except Refused as refused:
            raise CommandError("\n".join([str(refused), *refused.extra.get("problems", [])])) from refused
        said = "is in force already" if before and before.pk == version.pk else "is in force"
        self.stdout.write(f"playbook {version.number} {said}")

    def dump(self, file: str | None) -> None:
        text = json.dumps(playbook.current().content, ensure_ascii=False, indent=2) + "\n"
        if file and file != "-":
            Path(file).write_text(text, encoding="utf-8")
        else:
            self.stdout.write(text, ending="")

    def check_content(self, file: str | None) -> None:
        content = self._read(file) if file else dict(playbook.current().content)
        if problems := playbook.check(content):
            raise CommandError("\n".join(problems))
        self.stdout.write("nothing is wrong")

    def diff(self, _file: str | None) -> None:
        playbook.current_version()
        differences = playbook.diff()
        for one in differences:
            self.stdout.write(f"{one.kind:8}{one.section}/{one.key}")
            if one.ours is not None and one.shipped is not None:
                for name in sorted({*one.ours, *one.shipped}):
                    if canonical(one.ours.get(name)) != canonical(one.shipped.get(name)):
                        self.stdout.write(f"          {name}: {canonical(one.shipped.get(name))} -> {canonical(one.ours.get(name))}")
        if not differences:
            self.stdout.write("as shipped")
            return
        raise SystemExit(1)

    def _read(self, file: str) -> Any:
        try:
            raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
            return loads(raw)
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}") from error
        except BadJSON as error:
            raise CommandError(f"{file} is no JSON: {error}") from error
