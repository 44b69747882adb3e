"""`python -m dock2sh`."""

from dock2sh.cli import main

main()
