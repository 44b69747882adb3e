"""SHA-256: for little data without OpenSSL, which hashlib loads and which takes longer to load than a script takes to make."""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

_SMALL = 1 << 20
"""Bytes up to which CPython's own implementation is done before OpenSSL is loaded."""


def sha256_for(size: int) -> Callable[..., Any]:
    """The sha256 constructor for `size` bytes of data."""
    return _first("_sha2", "_sha256", "hashlib") if size <= _SMALL else _first("hashlib")  # CPython 3.12 and newer, 3.11, all


@cache
def _first(*names: str) -> Callable[..., Any]:
    """sha256 of the first of the modules that there is. (A search for one that is missing is not cheap.)"""
    for name in names:
        try:
            constructor: Callable[..., Any] = import_module(name).sha256
            return constructor
        except ImportError:
            continue
    raise AssertionError("hashlib is always there")


def sha256(text: str) -> str:
    """The digest of the text's bytes, in hexadecimal."""
    digest: str = sha256_for(len(text))(text.encode("utf-8", "surrogateescape")).hexdigest()
    return digest
