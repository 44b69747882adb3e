"""SHA-256 of a text, without OpenSSL: hashlib loads it, which costs as much as all the rest of a script's making."""


def sha256(text: str) -> str:
    """The digest of the text's bytes, in hexadecimal."""
    data = text.encode("utf-8", "surrogateescape")
    try:
        from _sha2 import sha256 as algorithm  # CPython 3.12 and newer
    except ImportError:
        try:
            from _sha256 import sha256 as algorithm  # CPython 3.11
        except ImportError:
            from hashlib import sha256 as algorithm
    digest: str = algorithm(data).hexdigest()
    return digest
