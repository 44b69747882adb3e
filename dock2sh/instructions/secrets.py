"""Names that tell of a secret: BuildKit's rule (semantics.md section 4)."""

import re

_SECRET = re.compile(r"(?i)(?:_|^)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|\Z)")
_NOT_SECRET = re.compile(r"(?i)(?:_|^)(?:public|file|version)(?:_|\Z)")


def looks_secret(name: str) -> bool:
    """Whether an ARG or ENV of this name is likely to hold a secret."""
    return bool(_SECRET.search(name) and not _NOT_SECRET.search(name))


_FILE = re.compile(
    r"(?:^|/)(?:\.env(?:\.\w+)?|\.npmrc|\.pypirc|\.netrc|\.git-credentials|\.htpasswd|id_(?:rsa|dsa|ecdsa|ed25519)"
    r"|[^/]*\.(?:pem|key|p12|pfx|jks)|\.ssh|\.aws|\.kube|\.docker/config\.json|credentials(?:\.\w+)?|secrets?(?:\.\w+)?)\Z"
)


def looks_secret_file(path: str) -> bool:
    """Whether a file of this name is likely to hold a secret."""
    return bool(_FILE.search(path)) and not path.endswith((".pub", ".example", ".sample", ".template"))
