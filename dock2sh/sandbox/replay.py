"""A manual, performed: containers are started, commands typed into them, files brought from another terminal; and recorded."""

import os
import secrets
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from typing import NamedTuple, Protocol

from . import SandboxError
from .cast import Cast
from .engine import LABEL, owner
from .process import SHELL_FILES, Undertaker, ask, last_line, start
from .typist import PROMPTS, Typist

_HOST_PROMPT = b"$ "


class Act(Protocol):
    """What happens: `kind` is begin (a container, of an image), type, elsewhere (in another terminal) or note."""

    @property
    def kind(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def container(self) -> str: ...
    @property
    def image(self) -> str: ...


class Stage(NamedTuple):
    """Where it is performed: the engine's program, the folder of the other terminal, the speed, how long a command may take.

    `words` are more of the engine's `run`; `variables` are those of the other terminal (where a secret's file is).
    """

    engine: str
    context: str
    speed: float = 1.0
    patience: float = 3600.0
    words: tuple[str, ...] = ()
    variables: Mapping[str, str] = {}


class Failed(Exception):
    """An act that did not go well: `act`, and what came of it."""

    def __init__(self, act: Act, outcome: str) -> None:
        super().__init__(f"{outcome}: {act.text}")
        self.act, self.outcome = act, outcome


def perform(acts: Sequence[Act], stage: Stage, cast: Cast) -> None:
    """Perform all acts. Containers and their images are gone afterwards, whatever happens. Raises Failed, SandboxError."""
    with ExitStack() as ends:
        play = _Play(stage, cast, ends)
        for act in acts:
            {"begin": play.begin, "type": play.type, "elsewhere": play.elsewhere, "note": play.note}[act.kind](act)
        play.end()


class _Play:
    def __init__(self, stage: Stage, cast: Cast, ends: ExitStack) -> None:
        self._stage, self._cast, self._ends = stage, cast, ends
        self._token = secrets.token_hex(4)
        self._names: dict[str, str] = {}  # short -> real, of containers and of images that are made on the way
        self._typist: Typist | None = None

    def begin(self, act: Act) -> None:
        """A container and a shell in it; of an image without one only files are brought in and out."""
        self.end()
        name = self._real(act.container)
        image = self._names.get(act.image, act.image)
        own_image = f"dock2sh-replay:{name}"
        self._ends.enter_context(Undertaker(self._stage.engine, name, own_image))
        words = ["--name", name, "--label", f"{LABEL}={owner()}"]
        if image == "scratch":
            self._narrate(act.text if act.text.startswith("#") else f"# {act.text}")
            with start(["tar", "-c", "-T", "/dev/null"], stdout=subprocess.PIPE) as nothing:
                ask([self._stage.engine, "import", "-", own_image], f"{self._stage.engine} import", nothing.stdout or -3)
            ask([self._stage.engine, "create", *words, own_image, "none"], f"{self._stage.engine} create")
            return
        self._narrate(act.text)
        shell = self._shell_of(image)
        words += [word for key, value in PROMPTS.items() for word in ("--env", f"{key}={value}")]
        command = [self._stage.engine, "run", "-it", *self._stage.words, *words, "--entrypoint", shell[0], image, *shell[1:]]
        self._typist = Typist(command, self._cast, self._stage.speed, self._stage.patience)

    def type(self, act: Act) -> None:
        """Type it; its exit status must be 0."""
        if not self._typist:
            self._narrate("# nothing to type into:  " + act.text.replace("\n", "\n# "))
            return
        status = self._typist.type(act.text)
        if status is None:
            raise Failed(act, "the shell ended, or waits for more")
        if status:
            raise Failed(act, f"exit status {status}")
        self._typist.pause(1.0)

    def elsewhere(self, act: Act) -> None:
        """Show it as a remark, and do it."""
        self.note(act, "from another terminal:  ")
        if act.text.startswith("docker commit "):
            image = act.text.split()[-1]
            self._names[image] = f"dock2sh-replay:{self._real(act.text.split()[-2])}"
        names = [word for pair in self._names.items() for word in pair]
        command = ["sh", str(SHELL_FILES / "elsewhere.sh"), act.text.partition("     (")[0], self._stage.engine, *names]
        world = {**os.environ, **self._stage.variables}
        with start(command, cwd=self._stage.context, env=world, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            said = process.communicate()[0]
        if process.returncode:
            raise Failed(act, last_line(said) or f"exit status {process.returncode}")

    def note(self, act: Act, before: str = "") -> None:
        """A remark: shells take what begins with # for one."""
        text = act.text if act.text.startswith("#") else f"# {before}{act.text}".replace("\n", "\n# ")
        if self._typist:
            self._typist.type(text)
        else:
            self._narrate(text)

    def end(self) -> None:
        """Leave the shell; its container stays for others to copy from."""
        if self._typist:
            self._typist.close()
        self._typist = None

    def _real(self, short: str) -> str:
        return self._names.setdefault(short, f"{short.lower()}-{self._token}")

    def _narrate(self, text: str) -> None:
        """What one types outside of any container."""
        for line in text.split("\n"):
            self._cast.show(_HOST_PROMPT + line.encode("utf-8", "replace") + b"\r\n")

    def _shell_of(self, image: str) -> list[str]:
        """The interactive shell of an image: bash where there is one. Neither reads a file that would change the prompt."""
        engine = self._stage.engine
        with suppress(SandboxError):
            ask([engine, "run", "--rm", *self._stage.words, "--entrypoint", "bash", image, "-c", ":"], engine)
            return ["bash", "--norc", "--noprofile", "--noediting"]
        return ["sh"]
