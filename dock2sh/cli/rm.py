"""`dock2sh rm`: the same as `dock2sh rmi` (there are no containers to remove)."""

from dock2sh.cli.rmi import rmi as rm

__all__ = ["rm"]
