"""The program: `dock2sh`, or `python -m dock2sh`."""

import signal  # and no more: what is imported here is imported while Ctrl-C still has a traceback


def main() -> None:
    """The entry point; it does not return. A Ctrl-C while modules are still read ends it as any other program: no traceback."""
    heard = signal.getsignal(signal.SIGINT)
    if heard is signal.default_int_handler:  # not so where nobody shall hear it (a job in the background)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from dock2sh.cli import main as run

    signal.signal(signal.SIGINT, heard)
    run()


if __name__ == "__main__":
    main()
