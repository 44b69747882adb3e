"""Stages: where their files come from, when they are filled, and which steps are done."""

import subprocess

import pytest
from workshop import Workshop

pytestmark = pytest.mark.root

TWO = """id=two total=4
stages='build
side
final build'
build() {
    stage build base
    base_env PATH=/bin
    env WHERE=build
    step 1 'Dockerfile:2  RUN one'
    run_exec sh -c 'echo 1 $WHERE; echo made >/made'
    step 2 'Dockerfile:3  RUN two'
    run_exec sh -c 'echo 2; test ! -e /fail'
    stage side base
    base_env PATH=/bin
    step 3 'Dockerfile:5  RUN three'
    run_exec sh -c 'echo 3'
    from base
    base_env PATH=/bin
    step 4 'Dockerfile:8  COPY --from=build'
    copy --from=build /made /final
    run_exec sh -c 'echo 4 ${WHERE-none}; cat /final; ls /made 2>/dev/null; true'
}
"""


@pytest.fixture
def base(workshop: Workshop) -> str:
    return f"base={workshop.busybox(workshop.home / 'base')}"


def test_stages_have_roots_and_states_of_their_own(workshop: Workshop, base: str) -> None:
    result = workshop.run(TWO, "--base", base)
    assert result.stdout == "1 build\n2\n3\n4 none\nmade\n", result.stderr
    assert "[4/4] Dockerfile:8  COPY --from=build" in result.stderr
    assert sorted(path.name for path in workshop.root.iterdir()) == ["bin", "dev", "etc", "final", "proc", "sys", "tmp"]
    assert not workshop.state.exists()
    assert not (workshop.home / "root.dock2sh").exists()


ROOT = """id=root total=5
stages='made
final made'
build() {
    stage made base
    base_env PATH=/bin
    step 1 'Dockerfile:2  RUN chmod'
    run_exec sh -c 'chmod 2777 / && chown 33:33 /'
    step 2 'Dockerfile:3  RUN stat'
    run_exec sh -c "stat -c '%a %u:%g' /; chmod 700 /"
    from base
    base_env PATH=/bin
    step 3 'Dockerfile:5  RUN --mount=from=made'
    with bind target=/m source=/ from=made readonly=true
    run_exec sh -c "stat -c '%a %u:%g' /m; chown 5 /"
    step 4 'Dockerfile:6  COPY --from=made'
    copy --from=made --chmod=700 / /
    step 5 'Dockerfile:7  RUN stat'
    run_exec sh -c "stat -c '%a %u:%g' /; chmod 1777 /"
}
"""


def test_what_a_step_makes_of_the_root_directory_is_lost(workshop: Workshop, base: str) -> None:
    """As in docker 28.5 with overlay2, where only a mount of a finished stage shows what its last step has made of it."""
    result = workshop.run(ROOT, "--base", base)
    assert result.stdout == "755 0:0\n700 0:0\n755 0:0\n", result.stderr
    about = workshop.root.stat()
    assert (oct(about.st_mode & 0o7777), about.st_uid) == ("0o755", 0)


@pytest.mark.parametrize(
    ("options", "done"),
    [(["--stage", "build"], "1 build\n2\n"), (["--stage", "side"], "3\n"), (["--stage", "final"], "1 build\n2\n4 none\nmade\n")],
)
def test_one_stage_and_what_it_needs(workshop: Workshop, base: str, options: list[str], done: str) -> None:
    result = workshop.run(TWO, "--base", base, *options)
    assert result.stdout == done, result.stderr


def test_after_a_failure_it_goes_on(workshop: Workshop, base: str) -> None:
    (workshop.home / "base/fail").touch()
    failed = workshop.run(TWO, "--base", base)
    assert (failed.returncode, failed.stdout) == (1, "1 build\n2\n")
    assert "failed: step 2 of 4: Dockerfile:3  RUN two" in failed.stderr
    (workshop.state / "stages/build/root/fail").unlink()
    again = workshop.run(TWO, "--base", base, "--from", "2")
    assert again.stdout == "2\n3\n4 none\nmade\n", again.stderr


def test_from_needs_what_earlier_steps_made(workshop: Workshop, base: str) -> None:
    result = workshop.run(TWO, "--base", base, "--from", "2")
    assert (result.returncode, "the root of stage build as it was before this step" in result.stderr) == (3, True)


def test_only_one_step(workshop: Workshop, base: str) -> None:
    result = workshop.run(TWO, "--base", base, "--only", "3")
    assert result.stdout == "3\n", result.stderr


def test_a_plain_rerun_begins_afresh(workshop: Workshop, base: str) -> None:
    top = """id=t total=2
build() {
    from base
    base_env PATH=/bin
    step 1 x
    run_exec sh -c 'ls /left 2>/dev/null; echo x >/left'
    step 2 y
    run_exec false
}
"""
    for _ in range(2):
        result = workshop.run(top, "--base", base)
        assert (result.returncode, result.stdout) == (1, ""), result.stderr


def test_what_is_mounted_in_it_is_not_emptied(workshop: Workshop, base: str) -> None:
    workshop.root = workshop.home / "a \\ root"
    top = "id=t total=1\nbuild() {\n    from base\n    base_env PATH=/bin\n    step 1 x\n    run_exec false\n}\n"
    assert workshop.run(top, "--base", base).returncode == 1
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", workshop.root / "tmp"], check=True)
    try:
        (workshop.root / "tmp/thesis").touch()
        result = workshop.run(top, "--base", base)
        assert (result.returncode, "something is mounted in it" in result.stderr) == (3, True), result.stderr
        assert (workshop.root / "tmp/thesis").exists()
    finally:
        subprocess.run(["umount", workshop.root / "tmp"], check=True)


def test_what_it_did_not_make_is_never_emptied(workshop: Workshop) -> None:
    workshop.busybox()
    (workshop.root / "mine").touch()
    top = "id=t total=1\nbuild() {\n    from base\n    step 1 x\n    run_exec /bin/false\n}\n"
    for _ in range(2):
        workshop.run(top)
    assert (workshop.root / "mine").exists()


def test_keep_and_go_on(workshop: Workshop, base: str) -> None:
    top = """id=t total=4 stages='first
second first
last first second'
build() {
    from base first
    base_env PATH=/bin
    step 1 x
    run_exec sh -c 'echo first >/file'
    keep first
    stage_from second first
    base_env PATH=/bin
    step 2 y
    run_exec sh -c 'cat /file; echo second >/file'
    from_stage first
    base_env PATH=/bin
    step 3 z
    run_exec sh -c 'cat /file; echo last >/file'
    step 4 z
    copy --from=first /file /first
    copy --from=second /file /second
    run_exec sh -c 'cat /file /first /second'
}
"""
    result = workshop.run(top, "--base", base)
    assert result.stdout == "first\nfirst\nlast\nfirst\nsecond\n", result.stderr


def test_from_a_stage_that_has_its_own_root(workshop: Workshop, base: str) -> None:
    top = """id=t total=2 stages='first
last first'
build() {
    stage first base
    base_env PATH=/bin
    step 1 x
    run_exec sh -c 'echo first >/file'
    from_stage first
    base_env PATH=/bin
    step 2 z
    run_exec cat /file
}
"""
    assert workshop.run(top, "--base", base).stdout == "first\n"


def test_the_targets_own_files_are_a_base(workshop: Workshop) -> None:
    workshop.busybox()
    top = """id=t total=2 target_image=debian other_images='golang docker.io/library/debian:latest' stages='a
b a'
build() {
    stage a docker.io/library/debian:latest
    base_env PATH=/bin
    step 1 x
    run_exec sh -c 'echo a >/made'
    from debian
    base_env PATH=/bin
    step 2 y
    run_exec sh -c 'test ! -e /made && touch /dirty'
    copy --from=debian:latest / /pristine/
    run_exec sh -c 'ls /pristine/'
}
"""
    result = workshop.run(top)
    assert result.stdout.split() == ["bin", "etc", "tmp"], result.stderr


def test_a_root_that_no_other_stage_needs_is_not_copied(workshop: Workshop, base: str) -> None:
    workshop.busybox()
    top = """id=t total=1 target_image=debian other_images=base stages='a
b a'
build() {
    stage a base
    from debian
    base_env PATH=/bin
    step 1 x
    copy --from=a /etc/passwd /etc/passwd
    [ ! -e "$state/pristine" ] || exit 7
}
"""
    assert workshop.run(top, "--base", base).returncode == 0


def test_the_stage_that_the_target_goes_on_from_is_one_to_ask_for(workshop: Workshop, base: str) -> None:
    top = """id=t total=2 stages='first
last first'
build() {
    from base first
    base_env PATH=/bin
    step 1 x
    run_exec echo 1
    from_stage first
    base_env PATH=/bin
    step 2 y
    run_exec echo 2
}
"""
    assert workshop.run(top, "--base", base, "--stage", "first").stdout == "1\n"
    assert workshop.run(top, "--base", base, "--stage", "last").stdout == "1\n2\n"
