"""The command line of a script: what it takes, what it says, and what it leaves."""

import os
import pty
import shutil
import subprocess
import time

import pytest
from workshop import Workshop

TOP = """id=main total=3 stages='one
two one'
build() {
    stage one scratch
    step 1 'Dockerfile:2  RUN one'
    workdir /one
    from scratch
    step 2 'Dockerfile:4  RUN two'
    run <<'RUN'
echo two
RUN
    step 3 'Dockerfile:5  RUN three'
    run_exec echo three
}
"""
START = """id=start total=1
build() {
    from busybox
    base_env PATH=/bin
    env FROM_IMAGE=1 OTHER='a b'
    step 1 x
    run_exec sh -c 'echo step >>/steps'
    user www-data
    directory /tmp
}
image() {
    entrypoint sh -c 'echo "$FROM_IMAGE $OTHER ${CALLER-}:$(id -un):$PWD:$HOME:" "$@"' name
    cmd default words
}
"""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--from", "4"], "there are steps 1 to 3"),
        (["--from", "x"], "needs the number of a step"),
        (["--from", "3", "--to", "2"], "leaves no step"),
        (["--build-context", "two=/"], "a stage has that name"),
        (["--only", "3", "--to", "2"], "leaves no step"),
        (["--only"], "--only needs a value"),
        (["--stage", "three"], "There is no stage three. Stages: one, two"),
        (["--nosuch"], "Unknown option --nosuch"),
        (["--nosuch", "x"], "Unknown option --nosuch"),
        (["--root", ""], "--root needs a directory"),
        (["--root", "/etc/passwd"], "is no directory"),
        (["--context", "/nosuch"], "no such directory"),
        (["--base", "debian"], "--base needs NAME=VALUE"),
        (["--secret", "src=x"], "--secret needs id="),
        (["stop"], "What is stop?"),
    ],
)
def test_bad_usage(workshop: Workshop, arguments: list[str], said: str) -> None:
    result = workshop.call([str(workshop.write(TOP)), *arguments])
    assert (result.returncode, said in result.stderr, "--help" in result.stderr) == (2, True, True), result.stderr
    assert result.stdout == ""


def test_help_and_list(workshop: Workshop) -> None:
    script = str(workshop.write(TOP))
    assert "--dry-run" in workshop.call([script, "--help"]).stdout
    listed = workshop.call([script, "--list"])
    assert listed.stdout.splitlines() == [
        "[1/3] Dockerfile:2  RUN one",
        "[2/3] Dockerfile:4  RUN two",
        "[3/3] Dockerfile:5  RUN three",
    ], listed.stderr
    assert workshop.call([script, "--stage", "one", "--list"]).stdout == "[1/3] Dockerfile:2  RUN one\n"


def test_dry_run_says_and_does_nothing(workshop: Workshop) -> None:
    script = workshop.write(TOP)
    result = workshop.call([str(script), "--dry-run", "--root", str(workshop.root), "--from", "2"])
    assert result.returncode == 0
    assert "[2/3] Dockerfile:4  RUN two\n/bin/sh -c 'echo two'\n" in result.stderr
    assert "[1/3]" not in result.stderr
    assert not workshop.root.exists()


@pytest.mark.root
def test_it_says_that_it_needs_root(workshop: Workshop) -> None:
    script = workshop.write(TOP)
    for folder in [*workshop.home.parents, workshop.home]:
        if folder.stat().st_mode & 0o5 != 0o5 and "pytest" in str(folder):
            folder.chmod(0o755)
    workshop.command = ["setpriv", "--reuid=65534", "--clear-groups", *workshop.command]
    result = workshop.call([str(script)])
    assert (result.returncode, "needs root" in result.stderr) == (3, True)
    assert workshop.call([str(script), "--dry-run"]).returncode == 0


@pytest.mark.root
def test_from_a_pipe(workshop: Workshop) -> None:
    workshop.busybox()
    top = TOP.replace("echo three", "false")
    words = ["-s", "--", "--root", str(workshop.root), "--state", str(workshop.state)]
    result = workshop.call(words, input=workshop.write(top).read_text())
    assert (result.returncode, result.stdout) == (1, "two\n")
    assert "save this script as setup.sh, then  sh setup.sh --from 3 --root" in result.stderr


@pytest.mark.root
@pytest.mark.parametrize("option", ["--from", "--only"])
def test_nothing_goes_on_from_steps_that_nobody_has_done(workshop: Workshop, option: str) -> None:
    workshop.busybox(workshop.home / "base")
    workshop.root.mkdir()
    top = TOP.replace("from scratch", "from busybox")
    result = workshop.run(top, "--base", f"busybox={workshop.home}/base", option, "3")
    assert (result.returncode, "was empty" in result.stderr) == (3, True), result.stderr


@pytest.mark.root
def test_the_hint_is_quoted(workshop: Workshop) -> None:
    workshop.busybox()
    top = TOP.replace("echo three", "false")
    odd = workshop.home / "a 'b"
    odd.mkdir()
    result = workshop.run(top, "--context", str(odd))
    assert "--context '" + str(odd).replace("'", "'\\''") + "'\n" in result.stderr


@pytest.mark.root
def test_the_state_directory_goes_with_its_parents(workshop: Workshop) -> None:
    workshop.busybox()
    workshop.state = workshop.home / "deep/er/state"
    assert workshop.run(TOP).returncode == 0
    assert not (workshop.home / "deep").exists()
    failed = workshop.run(TOP.replace("echo three", "false"))
    assert (failed.returncode, workshop.state.stat().st_mode & 0o777) == (1, 0o700)
    assert workshop.run(TOP, "--from", "3").stdout == "three\n"
    assert not (workshop.home / "deep").exists()


@pytest.mark.root
def test_a_state_directory_must_be_its_own(workshop: Workshop) -> None:
    workshop.busybox()
    (workshop.home / "real").mkdir()
    workshop.state.symlink_to("real")
    assert workshop.run(TOP).returncode == 3
    workshop.state.unlink()
    workshop.state.mkdir()
    (workshop.state / "thesis").touch()
    result = workshop.run(TOP)
    assert (result.returncode, "has other things in it" in result.stderr) == (3, True)
    (workshop.state / "thesis").unlink()
    os.chown(workshop.state, 65534, 65534)
    assert workshop.run(TOP).returncode == 3


@pytest.mark.root
def test_a_script_that_is_killed_while_it_clears_up(workshop: Workshop) -> None:
    """What is left of its directory is known as its own by the next run."""
    if workshop.shell == "busybox ash":
        pytest.skip("it has an rm of its own")
    workshop.busybox()
    tools = workshop.home / "tools"
    tools.mkdir()
    killing = f'case "$*" in "-rf {workshop.state}") /bin/rm -f "$2/dock2sh"; kill -KILL $PPID; exit ;; esac\nexec /bin/rm "$@"\n'
    (tools / "rm").write_text(f"#!/bin/sh\n{killing}")
    (tools / "rm").chmod(0o755)
    top = TOP.replace("id=main", f"PATH={tools}:$PATH id=main")
    assert workshop.run(top).returncode == -9
    assert (workshop.run(TOP).returncode, workshop.state.exists()) == (0, False)


@pytest.mark.root
def test_one_at_a_time(workshop: Workshop) -> None:
    workshop.busybox()
    lock = workshop.home / "root.dock2sh"
    lock.mkdir()
    (lock / "pid").write_text(f"{os.getpid()}\n")
    result = workshop.run(TOP)
    assert (result.returncode, str(os.getpid()) in result.stderr, lock.exists()) == (3, True, True)
    (lock / "pid").write_text("4194305\n")
    assert workshop.run(TOP).returncode == 0
    assert not lock.exists()


@pytest.mark.root
def test_the_lock_of_a_dead_process_goes_to_one(workshop: Workshop) -> None:
    """Of several that find it at once: it is taken over in its place."""
    lock = workshop.home / "lock"
    take = f"while [ ! -e {workshop.home}/go ]; do :; done; ! lock_take {lock} || {{ echo won; sleep 3; }}"
    script = str(workshop.write(f"id=t total=0\nbuild() {{\n    {take}\n}}\n"))
    for _ in range(3):
        lock.mkdir()
        (lock / "pid").write_text("4194305\n")
        words = [["--root", str(workshop.home / f"r{n}"), "--state", str(workshop.home / f"s{n}")] for n in range(4)]
        children = [subprocess.Popen([*workshop.command, script, *more], stdout=subprocess.PIPE, text=True) for more in words]
        time.sleep(1)
        (workshop.home / "go").touch()
        assert "".join(child.communicate()[0] for child in children) == "won\n"
        assert os.listdir(lock) == ["pid"]
        (workshop.home / "go").unlink()
        shutil.rmtree(lock)


@pytest.mark.root
def test_one_refused_leaves_the_other_alone(workshop: Workshop) -> None:
    """Neither what is undone after a step nor the state of the script at work is touched by one that has to stay out."""
    workshop.busybox()
    top = TOP.replace("echo three", "sh -c 'echo up; sleep 2; cat /t/x'").replace(
        "    step 3", "    with tmpfs target=/t\n    step 3"
    )
    top = top.replace("echo up; sleep 2; cat /t/x", "echo x >/t/x; echo up; sleep 2; cat /t/x")
    script = workshop.write(top)
    other = workshop.busybox(workshop.home / "other")
    words = [*workshop.command, str(script), "--state", str(workshop.state), "--root"]
    with subprocess.Popen([*words, str(workshop.root)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout
        assert [child.stdout.readline(), child.stdout.readline()] == ["two\n", "up\n"]
        for root in (workshop.root, other):
            refused = subprocess.run([*words, str(root)], capture_output=True, text=True, check=False)
            assert (refused.returncode, "is at work" in refused.stderr) == (3, True)
        assert child.communicate()[0] == "x\n"
    assert child.returncode == 0
    assert not workshop.state.exists()
    assert not list(workshop.home.glob("*.dock2sh"))


@pytest.mark.root
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "1 a b :www-data:/tmp:/var/www: default words\n"),
        (["x y", "-z"], "1 a b :www-data:/tmp:/var/www: x y -z\n"),
        (["-e", "OTHER=c", "-e", "CALLER", "-u", "root", "-w", "/etc"], "1 c told:root:/etc:/root: default words\n"),
        (["--entrypoint", "echo"], "\n"),
        (["--entrypoint=echo", "--", "-n", "x"], "x"),
        (["--", "--", "x"], "1 a b :www-data:/tmp:/var/www: -- x\n"),
        (["x", "--", "-u"], "1 a b :www-data:/tmp:/var/www: x -- -u\n"),
        (["--entrypoint", "id", "--", "-u"], "33\n"),
        (["-eOTHER=c", "-uroot", "-w=/etc"], "1 c :root:/etc:/root: default words\n"),
        (["-w", "/new/made", "-u0"], "1 a b :root:/new/made:/root: default words\n"),
        (["-e", "OTHER"], "1  :www-data:/tmp:/var/www: default words\n"),
        (["-e", "HOME=/h"], "1 a b :www-data:/tmp:/h: default words\n"),
    ],
)
def test_start(workshop: Workshop, arguments: list[str], said: str) -> None:
    workshop.busybox()
    result = workshop.call(
        [str(workshop.write(START)), "--root", str(workshop.root), "start", *arguments], env={**os.environ, "CALLER": "told"}
    )
    assert (result.stdout, result.returncode) == (said, 0), result.stderr
    assert not (workshop.root / "steps").exists()


@pytest.mark.root
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-x"], "unknown option '-x'"),
        (["-x", "y"], "start ... -- '-x'"),
        (["--long"], "unknown option '--long'"),
        (["--entrypoint", "id", "-u"], "-u needs a value. If it is meant for the image: start ... -- -u"),
    ],
)
def test_start_says_where_the_words_of_the_image_stand(workshop: Workshop, arguments: list[str], said: str) -> None:
    workshop.busybox()
    result = workshop.call([str(workshop.write(START)), "--root", str(workshop.root), "start", *arguments])
    assert (result.returncode, result.stdout) == (2, "")
    assert said.replace("'", "") in result.stderr.replace("'", "")


@pytest.mark.root
def test_start_orders_the_environment_as_docker_run(workshop: Workshop) -> None:
    """Seen with Docker 28: `-e Z=1 -e B=4` of an image with A, B, PATH and C."""
    workshop.busybox()
    top = "id=t total=0\nbuild() {\n    from x\n    base_env PATH=/bin\n    env A=1 B=2 PATH=/opt:/bin C=3\n}\n"
    result = workshop.run(top + "image() {\n    cmd /bin/env\n}\n", "start", "-e", "Z=1", "-e", "B=4")
    names = [line.partition("=")[0] for line in result.stdout.splitlines()]
    assert names == ["PATH", "HOSTNAME", "Z", "B", "A", "C", "HOME"], result.stderr
    assert "B=4\n" in result.stdout


@pytest.mark.root
def test_start_knows_no_build_arguments(workshop: Workshop) -> None:
    workshop.busybox()
    top = "id=t total=0\nbuild() {\n    from x\n    base_env PATH=/bin\n    env A=1\n    arg A=2 B=3\n}\n"
    result = workshop.run(top + "image() {\n    cmd /bin/env\n}\n", "start")
    assert "A=1\n" in result.stdout, result.stderr
    assert "B=3" not in result.stdout


@pytest.mark.root
def test_start_is_the_command(workshop: Workshop) -> None:
    workshop.busybox()
    script = str(workshop.write(START))
    words = [*workshop.command, script, "--root", str(workshop.root), "start", "--entrypoint", "sh", "--", "-c"]
    assert subprocess.run([*words, "exit 7"], check=False).returncode == 7
    with subprocess.Popen([*words, "echo up; exec sleep 30"], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout
        assert child.stdout.readline() == "up\n"
        child.terminate()
        assert child.wait(timeout=10) == -15
    assert subprocess.run([*words, "cat"], input="typed", capture_output=True, text=True, check=False).stdout == "typed"


@pytest.mark.root
def test_start_of_an_image_without_a_run(workshop: Workshop) -> None:
    workshop.busybox()
    top = "id=t total=0\nbuild() {\n    from busybox\n    base_env PATH=/bin\n}\nimage() {\n    cmd echo hello\n}\n"
    assert workshop.run(top, "start").stdout == "hello\n"


@pytest.mark.root
def test_nothing_to_start(workshop: Workshop) -> None:
    workshop.busybox()
    result = workshop.run(TOP, "start")
    assert (result.returncode, "neither ENTRYPOINT nor CMD" in result.stderr) == (2, True)


@pytest.mark.root
def test_an_image_without_a_command_starts_what_one_names(workshop: Workshop) -> None:
    workshop.busybox()
    assert workshop.run(TOP, "start", "echo", "a").stdout == "a\n"
    assert workshop.run(TOP, "start", "--entrypoint", "echo", "b").stdout == "b\n"


def on_a_terminal(words: list[str], **more: str) -> str:
    shown, theirs = pty.openpty()
    subprocess.run(words, stderr=theirs, stdout=subprocess.DEVNULL, check=False, env={**os.environ, "TERM": "xterm", **more})
    os.close(theirs)
    text = os.read(shown, 100000).decode()
    os.close(shown)
    return text


def test_colour_is_for_a_terminal_that_wants_it(workshop: Workshop) -> None:
    words = [*workshop.command, str(workshop.write(TOP)), "--dry-run"]
    assert "\033[1;36m[1/3]\033[0m" in on_a_terminal(words)
    assert "\033" not in on_a_terminal(words, NO_COLOR="1")
    assert "\033" not in on_a_terminal(words, TERM="dumb")
    assert "\033" not in workshop.call(words[len(workshop.command) :]).stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "more", ["", "    copy . /\n    add . /\n", "    with bind target=/x\n    run_exec x\n", "    find_base_env\n    keep two\n"]
)
def test_shellcheck_has_nothing_to_say(workshop: Workshop, more: str) -> None:
    if workshop.shell != "dash":
        pytest.skip("once is enough")
    script = workshop.write(TOP.removesuffix("}\n") + more + "}\nimage() {\n    cmd x\n}\n")
    for tool in {f"{folder}/shellcheck" for folder in os.get_exec_path()}:
        if os.access(tool, os.X_OK):
            done = subprocess.run([tool, script], capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout


def test_a_lock_that_cannot_be_written_is_waited_for_by_nobody(workshop: Workshop) -> None:
    """As a locked cache's, on a disk that is full."""
    result = workshop.run("id=t total=0\nbuild() {\n    lock_take /proc/lock\n}\n")
    assert (result.returncode, "a place for /proc/lock: the disk is full, or read-only" in result.stderr) == (3, True), (
        result.stderr
    )
