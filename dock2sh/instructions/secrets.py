"""Names that tell of a secret: BuildKit's rule (semantics.md section 4)."""

import re

_SECRET = re.compile(r"(?i)(?:_|^)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|\Z)")
_NOT_SECRET = re.compile(r"(?i)(?:_|^)(?:public|file|version)(?:_|\Z)")


def looks_secret(name: str) -> bool:
    """Whether an ARG or ENV of this name is likely to hold a secret."""
    return bool(_SECRET.search(name) and not _NOT_SECRET.search(name))
