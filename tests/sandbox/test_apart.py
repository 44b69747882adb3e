"""The supervisor's own Python, before it is at work."""

import signal
import subprocess
import sys
from pathlib import Path

from dock2sh.sandbox import apart


def test_ctrl_c_while_it_reads_its_modules_has_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "sandbox").mkdir()
    (tmp_path / "sandbox/supervisor.py").write_text("import time\nprint('reading', flush=True)\ntime.sleep(30)\n")
    command = [sys.executable, "-I", "-S", "-c", apart._PROGRAM, str(tmp_path), "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout
        assert child.stdout.readline() == "reading\n"
        child.send_signal(signal.SIGINT)
        assert child.communicate(timeout=20) == ("", "")
    assert child.returncode == -signal.SIGINT
