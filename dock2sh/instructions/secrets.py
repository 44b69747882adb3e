"""Names that tell of a secret: BuildKit's rule (semantics.md section 4)."""

import re
from collections.abc import Iterable

from dock2sh.model import Run

_SECRET = re.compile(r"(?i)(?:_|^)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|\Z)")
_NOT_SECRET = re.compile(r"(?i)(?:_|^)(?:public|file|version)(?:_|\Z)")


def looks_secret(name: str) -> bool:
    """Whether an ARG or ENV of this name is likely to hold a secret."""
    return bool(_SECRET.search(name) and not _NOT_SECRET.search(name))


_FILE = re.compile(
    r"(?:^|/)(?:\.env(?:\.\w+)?|\.npmrc|\.pypirc|\.netrc|\.git-credentials|\.htpasswd|id_(?:rsa|dsa|ecdsa|ed25519)"
    r"|[^/]*\.(?:pem|key|p12|pfx|jks)|\.ssh|\.aws|\.kube|\.docker/config\.json|credentials(?:\.\w+)?|secrets?(?:\.\w+)?)\Z"
)


_PUBLIC = re.compile(r"(?:^|/)(?![^/]*(?:key|priv))[^/]*(?:cert|chain|dhparam|ffdhe|public|(?<![a-z])ca(?![a-z]))[^/]*\.pem\Z")
"""Certificates and parameters of Diffie and Hellman, which everybody may know."""


def looks_secret_file(path: str) -> bool:
    """Whether a file of this name is likely to hold a secret."""
    ends = (".pub", ".gpg.key", ".example", ".sample", ".template")
    return bool(_FILE.search(path)) and not path.endswith(ends) and not _PUBLIC.search(path)


def lent(step: Run, names: Iterable[str]) -> tuple[list[str], list[str], list[str]]:
    """What a RUN is lent: variables that hold secrets (`names` and those of mounts), files that do, and what is in no layer."""
    secrets = [mount for mount in step.mounts if mount.type == "secret"]
    variables = [*names, *(mount.env for mount in secrets if mount.env)]
    return variables, [mount.target for mount in secrets if not mount.env], [mount.target for mount in step.mounts]
