"""podman and buildah as the judge's engines: two command lines with one store.

Both are asked for docker's image format, or they would drop HEALTHCHECK, ONBUILD and SHELL. Where podman is not installed the
store cannot be looked into, and an image is read from an archive (see reference.py).
"""

import json
import os
import shutil
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

from .docker import directories, without_syntax
from .engines import Made, NoReference, NotBuilt, Request, Told, command, said
from .workplace import workplace

# a container's limits; root without CAP_SYS_RESOURCE (in a container, say) cannot raise its own to what they are by default
_LIMITS = ("--ulimit=nofile=1024:1024", "--ulimit=nproc=4096:4096")


# of the container that an image was made in, in docker's image format
_CONTAINERS = {"Hostname", "Domainname", "AttachStdin", "AttachStdout", "AttachStderr", "Tty", "OpenStdin", "StdinOnce", "Image"}


class Podman:
    """`name` is `podman` or `buildah`: who builds."""

    def __init__(self, name: str = "podman") -> None:
        self.name = name
        self._cure = f"Install {name}"

    def version(self) -> str:
        done = command([self.name, "--version"], self._cure)
        return f"{self.name} {done.stdout.decode().split()[2]}"

    def build(self, request: Request) -> Made:
        if not shutil.which(self.name):
            raise NoReference(f"{self.name} is not installed: the result was compared with nothing. {self._cure}")
        with workplace() as folder, without_syntax(request.file, folder) as file:
            answer = os.path.join(folder, "id")
            words = [*self._builder(), "--format=docker", "--layers", "--pull=false", f"--iidfile={answer}", "-f", file]
            words += [*request.options, *([] if request.cached else ["--no-cache"])]
            before = self._nameless()
            try:
                done = command([*words, request.context], self._cure)
            finally:
                self._tidy(before, answer)
            if done.returncode:
                talk = said(done)
                raise NotBuilt(_complaint(talk), output=talk + done.stdout.decode(errors="replace"))
            with open(answer) as text:
                return Made(text.read().strip())

    def _nameless(self) -> set[str]:
        done = command([self.name, "images", "-a", "-q", "--no-trunc", "--filter", "dangling=true"], self._cure)
        return set(done.stdout.decode().split())

    def _tidy(self, before: set[str], answer: str) -> None:
        """Forget the images of the stages before the target, which a build leaves without a name."""
        made = Path(answer).read_text().strip() if os.path.exists(answer) else ""
        for image in self._nameless() - before:
            if not made or made.removeprefix("sha256:") not in image:
                self.remove(image)

    def _builder(self) -> list[str]:
        """With runc where it is: crun, the other choice, refuses the cgroups of some machines on which runc works."""
        runtime = ["--runtime=runc"] if shutil.which("runc") else []
        return ["podman", *runtime, "build", *_LIMITS] if self.name == "podman" else ["buildah", "build", *runtime, *_LIMITS]

    def tell(self, image: str) -> Told:
        if not shutil.which("podman"):
            return self._told_by_buildah(image)
        done = command(["podman", "image", "inspect", image], self._cure)
        if done.returncode:
            raise NoReference(f"{self.name} has no image {image}: {said(done)}")
        told: dict[str, Any] = json.loads(done.stdout)[0]
        layers = tuple(told["RootFS"].get("Layers") or ())
        history = tuple(entry.get("created_by", "") for entry in told.get("History") or ())
        # podman tells the OCI config, which has no HEALTHCHECK, ONBUILD and SHELL; buildah docker's, from the same store
        config = self._told_by_buildah(image).config if shutil.which("buildah") else told["Config"]
        return Told(told["Id"], config, layers, directories(told, len(layers)), history, _seconds(told["Created"]))

    def _told_by_buildah(self, image: str) -> Told:
        done = command(["buildah", "inspect", "--type", "image", image], self._cure)
        if done.returncode:
            raise NoReference(f"{self.name} has no image {image}: {said(done)}")
        whole: dict[str, Any] = json.loads(done.stdout)
        told = whole["Docker"]
        layers = tuple(told["rootfs"].get("diff_ids") or ())
        history = tuple(entry.get("created_by", "") for entry in told.get("history") or ())
        config = {name: value for name, value in told["config"].items() if name not in _CONTAINERS}
        return Told(whole["FromImageID"], config, layers, (), history, _seconds(told["created"]))

    def save(self, image: str, archive: str) -> None:
        done = command(["buildah", "push", "-q", image, f"docker-archive:{archive}"], self._cure)
        if done.returncode:
            raise NoReference(f"{self.name} cannot save {image}: {said(done)}")

    def load(self, archive: str) -> None:
        if shutil.which("podman"):
            done = command(["podman", "load", "-q", "-i", archive], self._cure)
        else:
            done = command(["buildah", "pull", "-q", f"docker-archive:{archive}"], self._cure)
        if done.returncode:
            raise NoReference(f"{self.name} cannot load an image: {said(done)}")

    def remove(self, image: str) -> None:
        command([self.name, "rmi", image], self._cure)

    def drops_link(self) -> bool:
        return True

    def run(self, *words: str, seconds: float | None = None) -> "subprocess.CompletedProcess[bytes]":
        if words[0] in ("run", "create"):  # a health check would want systemd's timers
            words = (words[0], *_LIMITS, "--no-healthcheck", *words[1:])
        return command(["podman", *words], "Install podman: buildah builds, it does not run", timeout=seconds)


def _complaint(talk: str) -> str:
    """The error, without the output of the steps before it."""
    lines = [line for line in talk.splitlines() if line.startswith(("Error:", "error "))]
    return "\n".join(lines) or talk


def _seconds(created: str) -> int:
    return int(datetime.fromisoformat(created[:19] + "+00:00").timestamp())
