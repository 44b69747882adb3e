"""What a service is called, and where its things are on a host."""

import re
from typing import NamedTuple


class Service(NamedTuple):
    """What it is called, and where its things are on a host."""

    name: str

    @property
    def runner(self) -> str:
        return f"/usr/local/bin/run-{self.name}"

    @property
    def health(self) -> str:
        return f"/usr/local/bin/health-{self.name}"

    @property
    def env(self) -> str:
        return f"/etc/dock2sh/{self.name}/env.sh"

    @property
    def place(self) -> str:
        return f"/var/lib/dock2sh/{self.name}"

    @property
    def unit(self) -> str:
        return f"/etc/systemd/system/{self.name}.service"


def service_name(text: str) -> str:
    """A name for a service, out of a directory's or a person's words; `app` where nothing is left of them."""
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    name = name if re.match(r"[a-z]", name) else f"app-{name}".strip("-")
    return name[:40].rstrip("-")
