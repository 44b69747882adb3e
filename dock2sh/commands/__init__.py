"""What is known about commands: a file for each tool in tools/, and the reading of a command against it."""

from dock2sh.commands.knowledge import Tool, tool
from dock2sh.commands.known import Known, Part
from dock2sh.commands.matching import understand

__all__ = ["Known", "Part", "Tool", "tool", "understand"]
