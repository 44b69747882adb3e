"""Random instructions: each function gives one of its kind, as a block of lines, for a stage in the making."""

import json
import os.path
from collections.abc import Callable
from typing import NamedTuple

from dock2sh.plan.ignore import parse_ignore
from dock2sh.source import Refused
from tests.fuzzing import fetching
from tests.fuzzing.case import Item
from tests.fuzzing.contexts import NAMES, wild
from tests.fuzzing.dice import Dice

PLAIN_OCTAL = ("755", "0640", "500", "0000")  # less a umask of 022, which dockerd has and a buildkitd has not
OCTAL = ("755", "0640", "7", "4711", "1777", "2750", "000")
SYMBOLIC = ("u=rwX,go=rX", "+x", "a-w", "go=", "u+s", "o+t,g-r", "u=rw,g=u", "-x", "=rX")
OWNERS = ("1", "0:5", "daemon", "www-data", "mail:users", "33:nobody", "nosuch", "daemon:nosuch", "1000:1000", "root")
USERS = ("root", "0", "daemon", "33", "1000:50", "www-data:users", "4242", "nobody", "33:mail", "mail")
VALUES = ("one", '"two  words"', "'$X'", "a\\ b", "$X", "${X:-d}", "${X:+s}", '"$X/$Y"', "${Y%o*}", "${Y#t}", "${X/o/0}", '""')
VARIABLES = ("X", "Y", "Z", "PLACE", "PATH_X")
SETTINGS = {
    "LABEL": ("l=$X", "l='$X' 'k ey'=v", "l one  two"),
    "EXPOSE": ("80", "80/udp", "$PORT 90-92", "8080/TCP"),
    "VOLUME": ("/r1", "/v /$X", '["/v", "/w 2"]'),
    "CMD": ("echo $X", '["a", "b"]', "[]", '["a",]'),
    "ENTRYPOINT": ("echo $X", '["/bin/sh"]', "[]"),
    "HEALTHCHECK": ("NONE", "--interval=5s --retries=2 CMD true  x", 'CMD ["true"]'),
    "STOPSIGNAL": ("SIGTERM", "9", "term"),
    "SHELL": ('["/bin/sh", "-c"]', '["/bin/sh", "-ec"]', '["/bin/busybox", "sh", "-xc"]'),
    "MAINTAINER": ("a 'b' $X",),
}


class Stage:
    """What the generator knows of a stage: where something may be, and what its instructions can lean on."""

    def __init__(
        self, name: str, base: str, earlier: "list[Stage]", items: tuple[Item, ...], named: tuple[Item, ...] = ()
    ) -> None:
        self.name, self.base, self.earlier, self.items, self.named = name, base, earlier, items, named
        self.sources = sources(items)
        self.paths = ["/etc/passwd", "/etc", "/home", "/tmp", "/var/spool"] if base == "busybox" else ["/"]
        self.shell = base == "busybox"
        self.named_users = base == "busybox"
        parent = next((other for other in earlier if other.name == base), None)
        if base == NAMED:
            self.paths = [f"/{path}" for path in sources(named) if path != "."] or ["/"]
        if parent:
            self.paths, self.shell, self.named_users = list(parent.paths), parent.shell, parent.named_users


def sources(items: tuple[Item, ...]) -> list[str]:
    """What most COPYs should take, so that most builds go on: what the ignore file leaves, and few links, which may dangle."""
    ignores = {item.path: item.content.decode() for item in items if item.path.endswith(".dockerignore")}
    name = max(ignores, default="")  # Dockerfile.dockerignore comes after .dockerignore
    try:
        ignore = parse_ignore(name, ignores[name]) if name else None
    except Refused:
        return ["."]
    # docker cannot transfer sources with some names: see docs/docker-oddities.md
    sayable = [item for item in items if item.path.isascii() and item.path.isprintable() and not item.path.startswith("!")]
    left = [item for item in sayable if not (ignore and ignore.matches(item.path))]
    return [item.path for item in left if item.kind != "l"] * 3 + [item.path for item in left] or ["."]


NAMED = "extra"
"""The named context of a case that has one."""


class Engine(NamedTuple):
    """What the engine that judges can do besides: COPY --link as a layer of its own, and what BuildKit can since 2026."""

    link: bool = False
    new: bool = False


def copy(dice: Dice, stage: Stage, engine: Engine) -> str:
    """COPY of anything, from the context or another stage, with any flags."""
    if dice.chance(12):
        return _documents(dice, engine, "COPY")
    other = dice.pick(stage.earlier) if stage.earlier and dice.chance(45) else None
    flags = _flags(dice, stage, engine)
    parents = engine.new and dice.chance(20)
    if parents:
        flags.append("--parents")
    if other:
        flags.append("--from=" + dice.weighted([(4, other.name), (1, other.name.upper()), (1, str(stage.earlier.index(other)))]))
    elif stage.named and dice.chance(25):
        flags.append(f"--from={NAMED}")
        words = [_source(dice, sources(stage.named), parents) for _ in range(_how_many(dice))]
        beside = Stage("", "scratch", [], stage.named)
        return _copying("COPY", dice, stage, flags, [_followed(word, beside) for word in words])
    elif dice.chance(4):
        flags.append("--from=busybox")
        other = Stage("", "busybox", [], ())
    paths = [path.lstrip("/") or "." for path in other.paths] if other else stage.sources
    words = [_source(dice, paths, parents) for _ in range(_how_many(dice))]
    return _copying("COPY", dice, stage, flags, words if other else [_followed(word, stage) for word in words])


def _followed(source: str, stage: Stage) -> str:
    """Docker does not transfer what a link means that lies below a wildcard: see docs/docker-oddities.md."""
    links = any(item.kind == "l" for item in stage.items)
    return "*" if links and set(os.path.dirname(source)) & set("*?[") else source


def add(dice: Dice, stage: Stage, engine: Engine) -> str:
    """ADD of archives, and of what only looks like one."""
    if dice.chance(5):
        return _documents(dice, engine, "ADD")
    if dice.chance(30):
        return _fetching(dice, stage, engine)
    archives = [item.path for item in stage.items if item.path in stage.sources and len(item.content) > 60] or stage.sources
    words = [dice.pick(archives) if dice.chance(75) else _source(dice, stage.sources) for _ in range(_how_many(dice))]
    return _copying("ADD", dice, stage, _flags(dice, stage, engine), [_followed(word, stage) for word in words])


def _fetching(dice: Dice, stage: Stage, engine: Engine) -> str:
    """ADD of a URL or a repository, sometimes of a file beside it. --checksum takes one source, and no --exclude takes a URL."""
    flags, source = fetching.repository(dice) if dice.chance(40) else fetching.url(dice)
    general = _flags(dice, stage, engine)
    beside = [dice.pick(stage.sources)] if dice.chance(10) and not any("--checksum" in flag for flag in flags) else []
    return _copying("ADD", dice, stage, [*general, *flags], [source, *beside])


def _how_many(dice: Dice) -> int:
    return dice.weighted([(7, 1), (2, 2), (1, 3)])


def _flags(dice: Dice, stage: Stage, engine: Engine) -> list[str]:
    flags = []
    if dice.chance(25):
        flags.append("--chown=" + (dice.pick(OWNERS) if stage.named_users else dice.pick(("1", "0:5", "1000:1000"))))
    if dice.chance(25):
        flags.append("--chmod=" + dice.pick(_octal(engine) if dice.chance(60) else SYMBOLIC))
    if engine.link and dice.chance(20):
        flags.append("--link")
    if dice.chance(18):
        paths = [item.path for item in stage.items] or ["a"]
        rules = [_exclude(dice, path) for path in dice.some(paths, 1, 3)]
        flags += [f"--exclude={rule}" for rule in rules if _is_plain(rule)]
    return flags


def _exclude(dice: Dice, path: str) -> str:
    return dice.pick((path, wild(dice, path), "**/" + os.path.basename(path), "*.txt", "!" + path))


def _source(dice: Dice, paths: list[str], parents: bool = False) -> str:
    path = dice.pick(paths)
    name = os.path.basename(path)
    forms = [(60, path), (18, wild(dice, path) if path != "." else "*"), (6, "."), (3, "*"), (1, "/"), (1, "no*pe")]
    forms += [(3, "/" + path), (3, path + "/"), (2, "../" + path), (2, "./" + path), (1, f"{path}/../{name}"), (1, path + "/*")]
    forms += [(2, os.path.dirname(path) or "*"), (1 if dice.chance(20) else 0, "nope")]
    if parents:
        forms += [(8, "./" + path), (8, path.replace("/", "/./", 1)), (4, "**/" + name)]
    return dice.weighted(forms)


def _destination(dice: Dice, stage: Stage) -> str:
    new = f"/o{dice.number(0, 9)}"
    known = dice.pick(stage.paths)
    form = dice.weighted(
        [
            (20, new + "/"),
            (12, new),
            (8, f"{new}/{dice.pick(NAMES)}"),
            (4, "."),
            (3, "./"),
            (3, dice.pick(NAMES)),
            (3, "sub/"),
            (10, known + "/"),
            (5, known),
            (4, f"{known}/{dice.pick(NAMES)}"),
            (2, "${PLACE:-/p}/in"),
            (2, f"{known}/."),
            (1, f"{known}/../up/"),
            (1, "/"),
        ]
    )
    return form.replace("//", "/")


def _copying(keyword: str, dice: Dice, stage: Stage, flags: list[str], sources: list[str]) -> str:
    destination = _destination(dice, stage)
    if len(sources) > 1 and not destination.endswith(("/", ".")) and dice.chance(90):
        destination += "/"
    words = [*sources, destination]
    if destination.startswith("/") and "$" not in destination and not set(sources[0]) & set("*?["):
        stage.paths.append(os.path.normpath(destination))
    if all(map(_is_plain, words)) and dice.chance(88):
        return " ".join([keyword, *flags, *words])
    escaped = [word.replace("$", "\\$") for word in sources]
    return " ".join([keyword, *flags, json.dumps([*escaped, destination])])


def _is_plain(word: str) -> bool:
    """A word that stands for itself where quotes and blanks mean something."""
    return not set(word) & set(" \n\"'\\$<#")


def _octal(engine: Engine) -> tuple[str, ...]:
    return PLAIN_OCTAL if engine.new else OCTAL


def _documents(dice: Dice, engine: Engine, keyword: str) -> str:
    """Files that stand in the Dockerfile."""
    flags = [f"--chmod={dice.pick(_octal(engine))}"] if dice.chance(30) else []
    heads, bodies = [], []
    for name in ("EOF", "two.txt")[: dice.number(1, 2)]:
        dash, quote = dice.pick(("", "-")), dice.pick(("", "'", '"'))
        heads.append(f"<<{dash}{quote}{name}{quote}")
        lines = dice.some(
            ("text", "$X and ${Y:-none}", '\t"quoted"', "back\\slash \\n \\$X", "", "  # no comment", "\ttab"), 0, 4
        )
        bodies += [*lines, ("\t" if dash else "") + name]
    return "\n".join([" ".join([keyword, *flags, *heads, f"/h{dice.number(0, 9)}/"]), *bodies])


def run(dice: Dice, stage: Stage, engine: Engine) -> str:
    """RUN in all its forms: what it makes depends on what docker gives it."""
    number = f"{dice.number(0, 99)}"
    command = " && ".join(_command(dice, stage, number) for _ in range(dice.number(1, 3)))
    mounts = "".join(f"{_mount(dice, stage)} " for _ in range(dice.weighted([(8, 0), (2, 1), (1, 2)])))
    form = dice.weighted([(10, "shell"), (2, "exec"), (3, "document"), (1, "tabs"), (2, "inner"), (2, "lines")])
    if form == "exec":
        return f"RUN {mounts}{json.dumps(['/bin/sh', '-c', command])}"
    if form == "document":
        return f"RUN {mounts}<<EOF\n{command}\necho '$X' \"$X\" \\\n  >/doc{number}\nEOF"
    if form == "tabs":
        return f"RUN {mounts}<<-'EOF'\n\t{command}\n\tEOF"
    if form == "inner":
        return f"RUN {mounts}cat <<EOF >/in{number} && {command}\n$X \\$X `echo y`\n\n# no comment\nEOF"
    if form == "lines":
        comment = dice.pick(("", "# a comment\n", "   # another\n\n"))
        return f"RUN {mounts}{command} \\\n{comment} && echo 'a  \\\n b' \\\n  >/lines{number}"
    return f"RUN {mounts}{command}"


def _command(dice: Dice, stage: Stage, number: str) -> str:
    """A command that makes something, or writes down what it sees; what it surely makes is told to the stage."""
    place, known = f"/r{dice.number(0, 5)}", dice.pick(stage.paths)
    made, command = dice.pick(
        (
            ("lib", f'mkdir -p {place}/lib && printf %s "$X$Y" >{place}/a'),
            (
                "",
                f"mkdir -p -m {dice.pick(('700', '1777', '2755'))} {place} && chown {dice.pick(('0', '33:33'))} {place} || true",
            ),
            ("", f"ln -sfn {known} {place}"),
            ("", f"ln -sfn {dice.pick(('nope', '../nope/x', '.', 'r0/a', '/tmp/new'))} {place}"),
            (
                "e",
                f"mkdir -p {place} && cd {place} && echo {number} >b && chmod {dice.pick(('600', '4755'))} b && ln -f b e; cd /",
            ),
            ("c.txt", f"mkdir -p {place} && touch -d '2001-02-03 04:05:06' {place}/c.txt && chown 33:8 {place}/c.txt"),
            (
                "",
                f"mkdir -p {place}/src && cd {place}/src && touch \"$(printf 'n\\377')\" && ln -sf \"$(printf '\\351')\" l; cd /",
            ),
            ("p", f"mkdir -p {place} && {{ [ -e {place}/p ] || mkfifo {place}/p; }}"),
            ("src", f"mkdir -p {place}/src && ln -sf ../a {place}/src/l && ln -sf /etc {place}/src/d && touch {place}/a"),
            ("", f"env | grep -v -e ^OTEL_ -e ^TRACEPARENT= | sort >/tmp/env{number}"),
            ("", f"id >/tmp/id{number}"),
            ("", f"{{ pwd; umask; cat; }} >/tmp/cwd{number}"),
            ("", f"cd /tmp && T{number}=1 && echo $T{number} >>/tmp/log"),
            ("", f"seen=$(ls -la {known} | awk '{{print $1, $3, $4, $9}}') && echo \"$seen\" >/tmp/ls{number}"),
        )
    )
    if " /r" in command or made:
        stage.paths += [place, f"{place}/{made}"] if made else [place]
    return command


def _mount(dice: Dice, stage: Stage) -> str:
    target = dice.pick(("/m", "/tmp/m", "m/n", "/r1", "/etc/m"))
    paths = [path for path in stage.sources if _is_plain(path) and "," not in path] or ["."]
    other = f",from={dice.pick(stage.earlier).name},source=/" if stage.earlier else ",from=busybox,source=/etc"
    if stage.named and dice.chance(40):
        other = f",from={NAMED}"
    return "--mount=" + dice.pick(
        (
            f"type=bind,target={target},source={dice.pick(paths)}",
            f"type=bind,target={target},rw",
            f"type=bind,target={target}{other}",
            f"type=tmpfs,target={target}",
            f"type=cache,target={target},id=fuzz-@TOKEN@,mode={dice.pick(('0755', '0777', '1777'))},uid={dice.pick(('0', '33'))}",
            f"type=cache,target={target},id=fuzz-@TOKEN@{other}",
            "type=secret,id=none,env=SECRET",
            f"type=secret,id=none,target={target}",
        )
    )


def workdir(dice: Dice, stage: Stage, engine: Engine) -> str:
    known = dice.pick([path for path in stage.paths if "passwd" not in path])
    named = (f"/w{dice.number(0, 3)}/x", "/w/../v", known, f"{known}/new", "$PLACE/q", "/tmp/", "/")
    return f"WORKDIR {dice.pick((*named, 'y', 'y/z', '..', '.', './n/', 'a b'))}"


def user(dice: Dice, stage: Stage, engine: Engine) -> str:
    return "USER " + (dice.pick(USERS) if stage.named_users else dice.pick(("0", "33", "1000:50", "4242")))


def env(dice: Dice, stage: Stage, engine: Engine) -> str:
    if dice.chance(15):
        return f"ENV {dice.pick(VARIABLES)} {dice.pick(VALUES)}  {dice.pick(VALUES)}"
    return "ENV " + " ".join(f"{dice.pick(VARIABLES)}={dice.pick(VALUES)}" for _ in range(dice.number(1, 3)))


def arg(dice: Dice, stage: Stage, engine: Engine) -> str:
    name = dice.pick((*VARIABLES, "GLOBAL", "TARGETARCH", "GIVEN", "HTTP_PROXY"))
    return f"ARG {name}" + dice.pick(("", f"={dice.pick(VALUES)}", f"={dice.pick(VALUES)} W=1"))


def settings(dice: Dice, stage: Stage, engine: Engine) -> str:
    """An instruction that says something of the image and makes no file."""
    keyword = dice.pick([keyword for keyword in SETTINGS if engine.new or keyword != "HEALTHCHECK"])  # its history changed
    return f"{keyword} {dice.pick(SETTINGS[keyword])}" if stage.shell or keyword != "SHELL" else "STOPSIGNAL 15"


Maker = Callable[[Dice, Stage, Engine], str]
MAKERS: tuple[tuple[int, Maker], ...] = (
    (34, copy),
    (14, add),
    (14, run),
    (9, workdir),
    (6, user),
    (8, env),
    (6, arg),
    (7, settings),
)


def instruction(dice: Dice, stage: Stage, engine: Engine) -> str:
    """Any instruction, now and then as a trigger for those who build on the stage."""
    maker = dice.weighted(MAKERS)
    if maker is run and not stage.shell:
        maker = copy
    paths = list(stage.paths)
    block = maker(dice, stage, engine)
    if dice.chance(96) or block.startswith("MAINTAINER"):
        return block
    stage.paths = paths  # it is not done here
    return f"ONBUILD {block}"
