"""RUN --mount: what the command sees, and that nothing of it stays. Both with mounts and, where there are none, in place."""

import hashlib
import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from test_run import PLAIN, output, steps
from workshop import Workshop

pytestmark = pytest.mark.root


@pytest.fixture(params=["full", "plain"])
def mode(request: pytest.FixtureRequest, workshop: Workshop) -> str:
    if request.param == "plain":
        workshop.command = [*PLAIN, *workshop.command]
    workshop.busybox()
    return request.param


def listing(root: Path) -> list[str]:
    """Everything in the root but the directories that docker leaves, too."""
    made = {"dev", "proc", "sys"}
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if str(path.relative_to(root)) not in made)


def run_and_compare(workshop: Workshop, *lines: str, options: tuple[str, ...] = (), **settings: object) -> str:
    """The output of the step; the root must be as it was before."""
    before = listing(workshop.root)
    got = output(workshop, *lines, options=options, **settings)
    assert listing(workshop.root) == before
    return got


def test_tmpfs(workshop: Workshop, mode: str) -> None:
    del mode
    look = "    run_exec sh -c 'stat -c %a:%u /t /t/a; echo x >/t/a/x'"
    got = run_and_compare(workshop, "    with tmpfs target=/t/a size=1m", look)
    assert got == "755:0\n1777:0\n"


def test_what_was_there_comes_back(workshop: Workshop, mode: str) -> None:
    del mode
    (workshop.root / "data").mkdir()
    (workshop.root / "data/old").write_text("old")
    assert run_and_compare(workshop, "    with tmpfs target=/data", "    run_exec sh -c 'ls /data; echo new >/data/old'") == ""
    assert (workshop.root / "data/old").read_text() == "old"


def test_a_mount_in_another_one_touches_nothing_below(workshop: Workshop) -> None:
    """The mount point is made in what covers the directory, so that a step's layer has no /data (its ctime stays)."""
    workshop.busybox()
    (workshop.root / "data").mkdir()
    before = (workshop.root / "data").stat().st_ctime_ns
    output(workshop, "    with tmpfs target=/data", "    with tmpfs target=/data/in/it", "    run_exec touch /data/in/it/x")
    assert (workshop.root / "data").stat().st_ctime_ns == before
    assert listing(workshop.root / "data") == []


def test_what_a_step_puts_beside_a_mount_stays(workshop: Workshop, mode: str) -> None:
    del mode
    output(workshop, "    with tmpfs target=/a/b/c", "    run_exec touch /a/b/mine")
    assert listing(workshop.root / "a") == ["b", "b/mine"]


def test_cache_goes_on(workshop: Workshop, mode: str) -> None:
    del mode
    name = f"test-{os.getpid()}-{workshop.home.name}"
    made = [cache_of(name, more) for more in ("", " mode=0700 uid=33")]
    top = steps(
        f"    with cache target=/c id={name}\n    run_exec sh -c 'stat -c %a:%u /c; echo one >/c/one'",
        "    step 2 second",
        f"    with cache target=/d id={name}\n    run_exec sh -c 'cat /d/*; echo two >/d/two'",
        f"    with cache target=/d id={name} mode=0700 uid=33\n    run_exec sh -c 'ls /d; stat -c %a:%u /d'",
        total=2,
    )
    try:
        first = workshop.run(top)
        assert first.stdout == "755:0\none\n700:33\n", first.stderr
        assert not (workshop.root / "c").exists()
        second = workshop.run(top, "--from", "2")
        assert second.stdout == "one\ntwo\n700:33\n", second.stderr
    finally:
        forget(made)


def test_secrets(workshop: Workshop, mode: str) -> None:
    del mode
    secret = workshop.home / "a secret"
    secret.write_text("geheim'\n")
    lines = (
        "    with secret id=s target=/run/secrets/s required=true",
        "    with secret id=s target=/etc/t env=T mode=0444 uid=33 gid=50",
        "    with secret id=e env=E",
        "    with secret id=none target=/run/secrets/none env=NONE",
        """    run_exec sh -c 'stat -c %a:%u:%g /run/secrets/s /etc/t; cat /run/secrets/* /etc/t; echo "$T$E${NONE+set}"'""",
    )
    options = ("--secret", f"id=s,src={secret}", "--secret", "id=e,env=VALUE")
    got = run_and_compare(workshop, *lines, options=options, env={**os.environ, "VALUE": "a b"})
    assert got == "400:0:0\n444:33:50\ngeheim'\ngeheim'\ngeheim'\na bset\n"
    assert not workshop.state.exists()


def test_secrets_of_names_that_are_ours(workshop: Workshop, mode: str) -> None:
    """`--secret id=user` is the file of that name, whatever a script has in a variable `user`; and `env=state` the caller's."""
    del mode
    (workshop.context / "user").write_text("file\n")
    lines = (
        "    with secret id=user target=/run/secrets/user",
        "    with secret id=state target=/run/secrets/state env=S",
        "    with secret id=root env=R",
        "    run_exec sh -c 'cat /run/secrets/*; echo \":$S:$R:\"'",
    )
    options = ("--secret", "id=user", "--secret", "id=state", "--secret", "id=root,env=root")
    got = run_and_compare(workshop, *lines, options=options, env={**os.environ, "state": "a\n b", "root": ""})
    assert got == "a\n bfile\n:a\n b::\n"


def test_a_required_secret_is_missing(workshop: Workshop) -> None:
    workshop.busybox()
    result = workshop.run(steps("    with secret id=s target=/s required=true", "    run_exec true"))
    assert (result.returncode, "secret s: not found" in result.stderr) == (1, True)


def test_ssh(workshop: Workshop, mode: str) -> None:
    del mode
    agent = workshop.home / "agent"
    with socket.socket(socket.AF_UNIX) as served:
        os.chdir(workshop.home)
        served.bind("agent")
        show = "    run_exec sh -c 'test -S $SSH_AUTH_SOCK && echo $SSH_AUTH_SOCK'"
        lines = ("    with ssh", show)
        got = run_and_compare(workshop, *lines, options=("--ssh", "default"), env={**os.environ, "SSH_AUTH_SOCK": str(agent)})
        assert got == "/run/buildkit/ssh_agent.0\n"
        without = "    run_exec sh -c 'echo $SSH_AUTH_SOCK; ls /run 2>/dev/null || true'"
        assert run_and_compare(workshop, "    with ssh", without) == "/run/buildkit/ssh_agent.0\n"


def test_bind_of_the_context(workshop: Workshop, mode: str) -> None:
    (workshop.context / "src/sub").mkdir(parents=True)
    (workshop.context / "src/sub/file").write_text("text")
    (workshop.context / "src/left-out").write_text("no")
    os.chown(workshop.context / "src/sub/file", 1234, 1234)
    top = steps(
        "    with bind target=/s source=/src",
        "    with bind target=/one source=/src/sub/file",
        "    run_exec sh -c 'ls /s /s/sub; cat /one; stat -c %u /s/sub/file;"
        " touch /s/new 2>/dev/null && echo written || echo read-only'",
        "    with bind target=/s source=/src readonly=false",
        "    run_exec sh -c 'echo changed >/s/sub/file && cat /s/sub/file'",
        "    with bind target=/s",
        "    run_exec ls /s",
    )
    before = listing(workshop.root)
    result = workshop.run(top + "ignored() {\n    echo '+^src/left-out(/|$)'\n}\n")
    wanted = {"full": "read-only", "plain": "written"}[mode]
    assert result.stdout == f"/s:\nsub\n\n/s/sub:\nfile\ntext0\n{wanted}\nchanged\nsrc\n", result.stderr
    assert listing(workshop.root) == before
    assert listing(workshop.context) == ["src", "src/left-out", "src/sub", "src/sub/file"]
    assert (workshop.context / "src/sub/file").read_text() == "text"


def test_bind_of_a_stage(workshop: Workshop, mode: str) -> None:
    del mode
    other = workshop.busybox(workshop.home / "other")
    (other / "made").write_text("in a stage")
    (other / "link").symlink_to("/made")
    top = """id=t total=1 stages='one
-'
build() {
    stage one base
    from busybox
    base_env PATH=/bin
    step 1 x
    with bind target=/m from=one source=/link
    with bind target=/all from=one readonly=false
    run_exec sh -c 'cat /m; echo; rm /all/made; ls /all'
}
"""
    result = workshop.run(top, "--base", f"base={other}")
    assert result.stdout == "in a stage\nbin\netc\nlink\ntmp\n", result.stderr
    assert (other / "made").exists()


def test_the_last_of_two_on_one_target_counts(workshop: Workshop) -> None:
    workshop.busybox()
    lines = ("    with cache target=/x id=nobody", "    with tmpfs target=/x", "    run_exec grep -c ' /x tmpfs ' /proc/mounts")
    assert output(workshop, *lines) == "1\n"


def test_no_mount_leads_out_of_the_root(workshop: Workshop, mode: str) -> None:
    del mode
    outside = workshop.home / "outside"
    outside.mkdir()
    (workshop.root / "way").symlink_to(outside)
    inner = workshop.root / str(outside)[1:]
    inner.mkdir(parents=True)
    assert run_and_compare(workshop, "    with tmpfs target=/way/in", f"    run_exec ls -d {outside}/in") == f"{outside}/in\n"
    assert not any(outside.iterdir())


def test_a_step_cannot_make_the_undoing_leave_the_root(workshop: Workshop, mode: str) -> None:
    del mode
    outside = workshop.home / "outside"
    (outside / "deep").mkdir(parents=True)
    up = "../" * 12
    lines = ("    with tmpfs target=/a/deep", f"    run_exec sh -c 'mv /a /b 2>/dev/null; ln -s {up}{outside} /a; true'")
    workshop.run(steps(*lines))
    assert (outside / "deep").exists()


@pytest.mark.parametrize(
    "lines",
    [
        'undo_later back "$root/etc/passwd" "$state/hidden.1"',
        'undo_later back "$root/etc/passwd" "$state/hidden.1"; mv "$root/etc/passwd" "$state/hidden.1"',
        "swap_away /etc/passwd",
        "swap_away /etc/passwd; echo other >$root/etc/passwd",
        'swap_away /etc/passwd; undo_later store "$root/etc/passwd" "$target_root/tmp/cache"',
    ],
)
def test_a_script_that_is_killed_while_it_swaps(workshop: Workshop, lines: str) -> None:
    """After any line of places.sh the next run finds what was there, and a cache that was not there yet."""
    workshop.busybox()
    (workshop.root / "tmp/cache").mkdir()
    before = (workshop.root / "etc/passwd").read_text()
    top = steps("    wanted", f"    if [ -e $root/tmp/again ]; then return; fi; {lines}; kill -KILL $$")
    assert workshop.run(top).returncode == -9
    (workshop.root / "tmp/again").touch()
    second = workshop.run(top)
    assert second.returncode == 0, second.stderr
    assert (workshop.root / "etc/passwd").read_text() == before
    assert (workshop.root / "tmp/cache").is_dir()


def test_a_mount_below_a_link_in_a_mount_is_refused(workshop: Workshop) -> None:
    workshop.busybox()
    outside = workshop.home / "outside"
    outside.mkdir()
    (workshop.context / "way").symlink_to(outside)
    result = workshop.run(steps("    with bind target=/m", "    with tmpfs target=/m/way/in", "    run_exec true"))
    assert (result.returncode, "symbolic link" in result.stderr) == (1, True)
    assert not any(outside.iterdir())


def test_a_source_is_a_place_in_a_cache(workshop: Workshop, mode: str, tmp_path: Path) -> None:
    """As docker has it: one cache, whatever of it is mounted; an owner counts only for the whole of it."""
    del mode
    name = f"test-{os.getpid()}-{tmp_path.name}"
    made = [cache_of(name, more) for more in ("", " uid=33")]
    top = steps(
        f"    with cache target=/c id={name}\n    run_exec sh -c 'mkdir -m 700 /c/in && echo one >/c/in/f'",
        f"    step 2 two\n    with cache target=/d source=/in id={name} uid=33\n    run_exec sh -c 'stat -c %a:%u /d; cat /d/f'",
        f"    step 3 third\n    with cache target=/e source=/in/f id={name}\n    run_exec sh -c 'cat /e; echo two >/e'",
        f"    step 4 fourth\n    with cache target=/c id={name}\n    run_exec cat /c/in/f",
        f"    step 5 fifth\n    with cache target=/c id={name} uid=33\n    run_exec sh -c 'stat -c %a:%u /c; ls /c'",
        f"    step 6 sixth\n    with cache target=/c source=/nope id={name}\n    run_exec true",
        total=6,
    )
    try:
        result = workshop.run(top)
        assert result.stdout == "700:0\none\none\ntwo\n755:33\n", result.stderr
        assert (result.returncode, "open /nope: no such file or directory" in result.stderr) == (1, True)
    finally:
        forget(made)


def test_two_builds_that_make_one_cache(workshop: Workshop) -> None:
    """Both find none, both make one: both must go on in the same one. (`mv` and `ln` are slow here, so that they meet.)"""
    workshop.busybox()
    name = f"test-{os.getpid()}-{workshop.home.name}"
    digest = cache_of(name)
    tools = workshop.home / "tools"
    tools.mkdir()
    for tool in ("mv", "ln"):
        (tools / tool).write_text(f'#!/bin/sh\ncase "$*" in *{digest}*) sleep 1 ;; esac\nexec {shutil.which(tool)} "$@"\n')
        (tools / tool).chmod(0o755)
    script = workshop.write(steps(f"    with cache target=/c id={name}\n    run_exec sh -c 'echo >/c/made'"))
    subprocess.run(["cp", "-a", workshop.root, workshop.home / "other"], check=True)
    environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}
    try:
        running = [
            subprocess.Popen(
                [*workshop.command, script, "--root", workshop.home / root, "--state", workshop.home / f"state-{root}"],
                env=environment,
                cwd=workshop.context,
            )
            for root in ("root", "other")
        ]
        assert [child.wait(60) for child in running] == [0, 0]
        found = [path for path in Path("/var/cache/dock2sh").iterdir() if path.name.startswith(digest)]
        assert len([path for path in found if path.is_dir() and not path.is_symlink()]) == 1, found
        assert not [path for path in (Path("/var/cache/dock2sh") / digest).iterdir() if path.is_dir()]
    finally:
        forget([digest])


def test_two_builds_that_lock_the_same_caches_crosswise(workshop: Workshop, mode: str) -> None:
    """Each wants the one that the other has first: neither waits for ever. (`mkdir` of a lock is slow, so that they meet.)"""
    del mode
    names = [f"test-{os.getpid()}-{workshop.home.name}-{letter}" for letter in "ab"]
    digests = [cache_of(name) for name in names]
    tools = workshop.home / "tools"
    tools.mkdir()
    slow = f'#!/bin/sh\n{shutil.which("mkdir")} "$@" || exit\ncase $* in *.lock) sleep 1 ;; esac\n'
    (tools / "mkdir").write_text(slow)
    (tools / "mkdir").chmod(0o755)
    subprocess.run(["cp", "-a", workshop.root, workshop.home / "other"], check=True)
    environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}
    running = []
    try:
        for root, order in (("root", names), ("other", names[::-1])):
            mounts = [f"    with cache target=/{name[-1]} id={name} sharing=locked" for name in order]
            script = workshop.write(
                steps("\n".join([*mounts, "    run_exec sh -c 'echo >>/a/made; echo >>/b/made'"])), f"{root}.sh"
            )
            words = [script, "--root", workshop.home / root, "--state", workshop.home / f"state-{root}"]
            running.append(subprocess.Popen([*workshop.command, *words], env=environment, cwd=workshop.context))
        assert [child.wait(60) for child in running] == [0, 0]
        assert [(Path("/var/cache/dock2sh") / digest / "made").read_text() for digest in digests] == ["\n\n", "\n\n"]
    finally:
        for child in running:
            child.kill()
        forget(digests)


def cache_of(name: str, more: str = "") -> str:
    """What a cache of that id is called."""
    return "-".join(hashlib.sha256(text.encode()).hexdigest()[:16] for text in (name, more))


def forget(caches: list[str]) -> None:
    """Away with caches and what they are links to."""
    for cache in caches:
        for path in Path("/var/cache/dock2sh").glob(f"{cache}*"):
            subprocess.run(["rm", "-rf", path], check=True)


def test_a_source_is_a_name_but_what_is_transferred_a_wildcard(workshop: Workshop, mode: str) -> None:
    """As docker does both: of `d[x]` dx is brought in, and then d[x] is not found."""
    del mode
    for name in ("z*", "za"):
        (workshop.context / name).write_text(name + "\n")
    (workshop.context / "d[x]").mkdir()
    needed = "context_needed() {\n    cat <<'F'\n^z[^/]*(/|$)\n^d[x](/|$)\nF\n}\n"
    look = "    run_exec cat /m"
    assert output(workshop, "    with bind target=/m source='/z*'", look, before="") == "z*\n"
    result = workshop.run(steps("    with bind target=/m source='/d[x]'", look) + needed)
    assert (result.returncode, '"/d[x]": not found' in result.stderr) == (1, True), result.stderr
