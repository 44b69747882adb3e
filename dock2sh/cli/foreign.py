"""docker's flags that mean nothing here: each by its name, with what becomes of it and what to do instead.

What changes no file of the image is taken and told, as BuildKit takes (and ignores) `--memory`; what would leave something out
that was asked for is refused. The tables are those of `docker build --help`, also of the classic builder, and of
`docker run --help`, version 28.
"""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase as fnmatch
from itertools import islice
from typing import Any, NamedTuple

from dock2sh.cli.say import note, usage
from dock2sh.cli.words import Command


class Foreign(NamedTuple):
    """A flag that is not ours. `takes` a value; `says` what is told ("": it changes nothing, whoever builds); `fine` are values
    that ask for nothing, as patterns of fnmatch; `refused` where what it asks for would be missing."""

    takes: bool
    says: str = ""
    fine: tuple[str, ...] = ()
    refused: bool = False


_LIMIT = "no control group is made for a step. For a limit: systemd-run --scope -p MemoryMax=1g -p CPUQuota=50% dock2sh ..."
_ISOLATED = "a step is kept apart by namespaces, capabilities and docker's filter of system calls, or by --sandbox"
_NO_ATTESTATION = "no attestation is made. `dock2sh lock` writes down what a build got: versions, digests, commits"
_NO = ("", "false", "0", "f", "disabled=true", "disabled=1")
_ONE_CACHE = "the cache is $XDG_DATA_HOME/dock2sh (~/.local/share/dock2sh) of this machine"

_WITHOUT_EFFECT = {
    **dict.fromkeys(("--rm", "--force-rm", "--compress", "--load"), Foreign(False)),
    **dict.fromkeys(("-m", "--memory", "--memory-swap", "-c", "--cpu-shares", "--cpu-period"), Foreign(True, _LIMIT)),
    **dict.fromkeys(("--cpu-quota", "--cpuset-cpus", "--cpuset-mems", "--cgroup-parent"), Foreign(True, _LIMIT)),
    "--isolation": Foreign(True, _ISOLATED, ("default",)),
    "--security-opt": Foreign(True, f"{_ISOLATED}; RUN --security=insecure with --allow security.insecure lifts it"),
    "--squash": Foreign(False, "as with BuildKit. A last stage `FROM scratch` with `COPY --from=... / /` is one layer"),
    "--disable-content-trust": Foreign(False),
    "-D": Foreign(False, "--progress plain shows all that there is"),
    "--debug": Foreign(False, "--progress plain shows all that there is"),
    "--builder": Foreign(True, "it says who builds with docker; here --sandbox says where steps run", ("default",)),
    "--cache-from": Foreign(True, f"{_ONE_CACHE}, and nothing is fetched for it"),
}
_MISSING = {
    "--cache-to": Foreign(True, f"{_ONE_CACHE}: keep that directory from one run to the next", ("type=inline*",), True),
    "--annotation": Foreign(True, "manifests have no annotations here. --label is kept in the image's config", (), True),
    "--attest": Foreign(True, _NO_ATTESTATION, ("*disabled=true*", "*disabled=1*"), True),
    "--sbom": Foreign(True, _NO_ATTESTATION, _NO, True),
    "--provenance": Foreign(True, _NO_ATTESTATION, _NO, True),
    "--call": Foreign(True, "`dock2sh check DIR` is check, `dock2sh plan DIR` shows stages and arguments", ("build",), True),
    "--check": Foreign(False, "`dock2sh check DIR` checks, and builds nothing", (), True),
}
BUILD: Mapping[str, Foreign] = {**_WITHOUT_EFFECT, **_MISSING}


_NETWORK = "it has this machine's network, addresses and names, or none (--network none)"
_APART = "its processes, names and shared memory are its own, always"
_GROUP = "no control group is made. For a limit: systemd-run --scope -p MemoryMax=1g -p CPUQuota=50% dock2sh run ..."
_FRONT = "it runs in the foreground, once; put it behind `&`, or let the machine's service manager start it"
_NOBODY = "nobody asks for it: it runs in the foreground, what it prints is ours, and signals are passed on as they come"
_NOT_HERE = "not here; `dock2sh save` gives the image to docker, which has it"

_IGNORED_RUN = {
    name: Foreign(True, _NOBODY)
    for name in (
        "--log-driver --log-opt --expose --label-file --annotation --stop-signal --stop-timeout --detach-keys --health-cmd "
        "--health-interval --health-retries --health-start-interval --health-start-period --health-timeout"
    ).split()
}
_REFUSED_RUN = {
    name: Foreign(True, why, fine, True)
    for names, why, fine in (
        ("-p --publish", f"{_NETWORK}: the program's ports are open already; leave -p out", ()),
        ("--ip --ip6 --link --link-local-ip --mac-address --network-alias --domainname", _NETWORK, ()),
        ("--restart", _FRONT, ("no", "")),
        ("--pid --ipc --uts --userns --cgroupns", _APART, ("private", "")),
        ("-m --memory --memory-reservation --memory-swap --memory-swappiness --kernel-memory --pids-limit", _GROUP, ()),
        ("-c --cpu-shares --cpus --cpu-period --cpu-quota --cpu-rt-period --cpu-rt-runtime --cpuset-cpus", _GROUP, ()),
        ("--cpuset-mems --cgroup-parent --blkio-weight --blkio-weight-device --device-read-bps", _GROUP, ()),
        ("--device-read-iops --device-write-bps --device-write-iops --device-cgroup-rule --oom-score-adj", _GROUP, ()),
        ("-a --attach", "-i and -t say what it is joined to", ("stdout", "stderr")),
        ("--volumes-from --volume-driver --storage-opt --gpus --device --sysctl --cidfile --runtime", _NOT_HERE, ()),
        ("--isolation", _NOT_HERE, ("default",)),
    )
    for name in names.split()
}
RUN: Mapping[str, Foreign] = {
    **_IGNORED_RUN,
    **_REFUSED_RUN,
    "--no-healthcheck": Foreign(False),
    "--disable-content-trust": Foreign(False),
    "--sig-proxy": Foreign(False),
    "-d": Foreign(False, _FRONT, (), True),
    "--detach": Foreign(False, _FRONT, (), True),
    "-P": Foreign(False, f"{_NETWORK}: the program's ports are open already", (), True),
    "--publish-all": Foreign(False, f"{_NETWORK}: the program's ports are open already", (), True),
    "--oom-kill-disable": Foreign(False, _GROUP, (), True),
    "--use-api-socket": Foreign(False, _NOT_HERE, (), True),
}


_BOOLEANS = ("false", "0", "f", "true", "1", "t")


PUSH: Mapping[str, Foreign] = {
    "--disable-content-trust": Foreign(False),
    "--platform": Foreign(True, "a name has one image for each platform; that of this machine is meant: leave it out", (), True),
}
IMAGES: Mapping[str, Foreign] = {"--tree": Foreign(False, "a name is one image here, for one platform: leave it out", (), True)}
INSPECT: Mapping[str, Foreign] = dict.fromkeys(("-s", "--size"), Foreign(False, "as for docker: it is for containers"))


class AsBuild(Command):
    """A command that takes the words of `docker build`."""

    foreign = BUILD
    end = staticmethod(usage)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """What the words mean, those that are not ours told or refused."""
        return super().parse_args(ctx, list(self._own_words(args, ctx.allow_interspersed_args)))

    def _own_words(self, args: list[str], mixed: bool) -> Iterator[str]:
        own = {name: param for param in self.params for name in (*param.opts, *param.secondary_opts)}
        words = iter(args)
        for word in words:
            read = self._short if word[:1] == "-" and word[1:2] not in ("", "-") else self._long
            kept, waits = read(word, own, words)
            if kept is not None:
                yield kept
            if kept == "--" or (not mixed and word[:1] != "-"):
                yield from words
            elif waits:
                yield from islice(words, 1)  # its value, whatever it looks like

    def _long(self, word: str, own: Mapping[str, Any], words: Iterator[str]) -> tuple[str | None, bool]:
        """What is ours of `--flag`, `--flag=value` or a word that is no flag; and whether the next word is its value."""
        name, equals, value = word.partition("=")
        flag = None if name in own else self.foreign.get(name)
        if flag:
            if equals and not flag.takes and value.lower() not in _BOOLEANS:
                self.end(f"{word}: it is true or false")
            self._tell(name, flag, next(words, "") if flag.takes and not equals else value)
            return None, False
        return word, not equals and _takes(own.get(name))

    def _short(self, word: str, own: Mapping[str, Any], words: Iterator[str]) -> tuple[str | None, bool]:
        """What is ours of `-itd`, `-p8080:80` or `-p=8080:80`, where the last flag's value may be in the word, as _long."""
        kept = ""
        for at, letter in enumerate(word[1:], 2):
            name, rest = f"-{letter}", word[at:]
            flag = None if name in own else self.foreign.get(name)
            ends = rest[:1] == "=" or (flag.takes if flag else name not in own or _takes(own[name]))
            if flag:
                self._tell(name, flag, rest.removeprefix("=") or (next(words, "") if flag.takes else ""))
            else:
                kept += letter + (rest if ends else "")
            if ends:
                return f"-{kept}" if kept else None, not flag and not rest and _takes(own.get(name))
        return f"-{kept}" if kept else None, False

    def _tell(self, name: str, flag: Foreign, value: str) -> None:
        if any(fnmatch(value.lower(), pattern) for pattern in flag.fine) or (not flag.takes and value.lower() in _BOOLEANS[:3]):
            return
        about = f"{name} {value}" if flag.takes else name
        if flag.refused:
            self.end(f"{about}: {flag.says}")
        if flag.says:
            note(f"{about} is ignored: {flag.says}")


class Trusting(AsBuild):
    """`pull` and `push`."""

    foreign = PUSH


class Listing(AsBuild):
    """`images`."""

    foreign = IMAGES


class Inspecting(AsBuild):
    """`inspect`."""

    foreign = INSPECT


def _takes(param: Any) -> bool:
    """Whether an option of ours has a value."""
    return param is not None and not getattr(param, "is_flag", True)
