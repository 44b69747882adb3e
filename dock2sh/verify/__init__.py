"""The judge: the same Dockerfile built by docker and by our script, and every difference by name.

Knows neither the syntax of Dockerfiles nor where images come from: it is given a script, a config, and a way to unpack.

    judge.py      both sides are made, what either one changed is read, and compared
    case.py       the page that the judge is given
    side.py       our side, however made; ours.py: by the script on a root
    reference.py  their side: docker.py, podman.py, layers.py
    reading.py    what is read of both                    layering.py    step by step, who wrote what
    agreement.py  when neither side builds                table.py       a row for each step
    snapshot.py   a tree of files as data                 compare.py     what differs
    noise.py      what no two builds share                oddities.py    what engines do otherwise, by name
    steps.py      after every instruction                 behaviour.py   when both are run
    causes.py     a difference explained                  report.py      in words, as JSON; junit.py, page.py
    host.py       a machine in our side's place           machine.py     its files and setup.sh's record of it
    machines.py   what a machine brings about             changes.py     the same change of two files
"""

from .behaviour import Seen
from .case import Case, How, Image, Run, StageRow, Step
from .compare import Difference, Result, compare, verdict
from .engines import Engine, Failure, Told
from .judge import record, refused, verify
from .ours import SHELLS, Place, run_script
from .record import NotARecord, dump, load
from .reference import BUILDERS, Built, NoReference, NotBuilt, built, copy_image, engine
from .report import Verdict, as_json, text
from .side import Make, NotMade, Order, Ours, scripted
from .snapshot import snapshot

__all__ = [
    "BUILDERS", "SHELLS", "Built", "Case", "Difference", "Engine", "Failure", "How", "Image", "Make", "NoReference",
    "NotARecord", "NotBuilt", "NotMade", "Order", "Ours", "Place", "Result", "Run", "Seen", "StageRow", "Step", "Told", "Verdict",
    "as_json", "built", "compare", "copy_image", "dump", "engine", "load", "record", "refused", "run_script", "scripted",
    "snapshot", "text", "verdict", "verify",
]  # fmt: skip
