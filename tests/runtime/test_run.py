"""RUN: what a command finds, and what is left when it has ended. In `full` mode as root on a machine; `plain` is what an
ordinary container allows, and comes about here by giving up the right to mount."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from workshop import Workshop

pytestmark = pytest.mark.root
PATH = "/bin:/usr/bin"
PLAIN = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-all"]


@pytest.fixture(params=["full", "plain"])
def mode(request: pytest.FixtureRequest, workshop: Workshop) -> str:
    if request.param == "plain":
        workshop.command = [*PLAIN, *workshop.command]
    workshop.busybox()
    return request.param


def steps(*lines: str, before: str = "", total: int = 1) -> str:
    """A top half with one step whose words are these lines."""
    body = "\n".join(lines)
    head = f"id=test\ntotal={total}\nbuild() {{\n    from busybox\n    base_env PATH={PATH}\n{before}\n"
    return f"{head}    step 1 'Dockerfile:2  RUN it'\n{body}\n}}\n"


def output(workshop: Workshop, *lines: str, options: tuple[str, ...] = (), before: str = "", **settings: object) -> str:
    result = workshop.run(steps(*lines, before=before), *options, **settings)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_environment_is_exact(workshop: Workshop, mode: str) -> None:
    told = {"FOO": "caller", "LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]}
    words = "    env A='x y' B=\"it's\n\\$two\" C=1 A=z a.b=dots 1x=digit Z=$(printf '\\377')"
    got = output(workshop, words, "    run_exec cat /proc/self/environ" if mode == "full" else "    run_exec env -0", env=told)
    listed = got.rstrip("\0").split("\0")
    assert listed == ["PATH=" + PATH, "B=it's\n$two", "C=1", "A=z", "a.b=dots", "1x=digit", "Z=\udcff", "HOME=/root"]


def test_a_machine_of_another_name(workshop: Workshop) -> None:
    workshop.busybox()
    before = "    host_name 'a b;c'\n    host_known 10.0.0.2 db\n    host_known ::1 'x y'"
    got = output(workshop, "    run <<'RUN'\ncat /etc/hosts; hostname; cat /proc/sys/kernel/hostname\nRUN", before=before)
    hosts = "127.0.0.1\tlocalhost a b;c\n::1\tlocalhost ip6-localhost ip6-loopback\n10.0.0.2\tdb\n::1\tx y\n"
    assert got == hosts + "a b;c\n" * 2
    workshop.command = [*PLAIN, *workshop.command]
    told = workshop.run(steps("    run_exec true", before=before)).stderr
    assert "nothing of --add-host" in told


def test_the_machine_that_builds(workshop: Workshop) -> None:
    """Its network is a RUN's; in a container the way out leads to it (proc_net_route: the bytes backwards)."""
    workshop.busybox()
    known = "    host_known host-gateway gw"
    assert "127.0.0.1\tgw\n" in output(workshop, "    run <<'RUN'\ncat /etc/hosts\nRUN", before=known)
    assert output(workshop, "    run_exec true\n    host_bytes 0100A8C0", before=known) == "192.168.0.1\n"


def test_limits_and_shared_memory(workshop: Workshop) -> None:
    workshop.busybox()
    before = "    limits nofile=100:200 core=-1:-1\n    shm_size 1048576"
    asked = "ulimit -n; ulimit -Hn; ulimit -c; grep -w /dev/shm /proc/mounts"
    got = output(workshop, f"    run <<'RUN'\n{asked}\nRUN", before=before).splitlines()
    assert got[:3] == ["100", "200", "unlimited"]
    assert [line.split()[3].partition(",inode")[0] for line in got[3:]] == ["rw,nosuid,relatime,size=1024k"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("env PATH=/x:/bin", "PATH=/x:/bin HOME=/root"),
        ("env HOME=/else", "PATH=/bin:/usr/bin HOME=/else"),
        ("env HOME=", "PATH=/bin:/usr/bin HOME=/root"),
        ("user www-data", "PATH=/bin:/usr/bin HOME=/var/www"),
        ("user 4242", "PATH=/bin:/usr/bin HOME=/"),
        ("arg V=1", "PATH=/bin:/usr/bin V=1 HOME=/root"),
    ],
)
def test_home_and_path(workshop: Workshop, words: str, expected: str) -> None:
    workshop.busybox()
    assert output(workshop, "    " + words, "    run_exec /bin/env").split() == expected.split()


def test_path_has_a_default(workshop: Workshop) -> None:
    workshop.busybox()
    top = "id=t\ntotal=1\nbuild() {\n    from scratch\n    step 1 x\n    run_exec env\n}\n"
    assert workshop.run(top).stdout.split()[0] == "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@pytest.mark.parametrize(
    ("spec", "uid", "gid", "groups"),
    [
        ("", 0, 0, "0"),
        ("www-data", 33, 33, "33 50"),
        ("33", 33, 33, "33 50"),
        ("www-data:staff", 33, 50, "50"),
        ("www-data:7", 33, 7, "7"),
        ("4242", 4242, 0, "0"),
        ("4242:4243", 4242, 4243, "4243"),
    ],
)
def test_user(workshop: Workshop, mode: str, spec: str, uid: int, gid: int, groups: str) -> None:
    del mode
    got = output(workshop, f"    user '{spec}'", "    run_exec sh -c 'id -u; id -g; id -G'").split("\n")
    assert got[:2] == [str(uid), str(gid)]
    assert sorted(got[2].split(), key=int) == groups.split()


def test_what_a_directory_names_on_its_way_is_made_by_root(workshop: Workshop) -> None:
    """`WORKDIR /sg/w/../x`: the /sg/w that a RUN makes has the group that its setgid directory hands on."""
    workshop.busybox()
    (workshop.root / "sg").mkdir()
    os.chown(workshop.root / "sg", 0, 44)
    (workshop.root / "sg").chmod(0o2775)
    lines = ("    user 5:6", "    workdir /sg/w/../x", "    user 7", "    run_exec stat -c '%u:%g %a' /sg/w /sg/x")
    assert output(workshop, *lines) == "0:44 2755\n5:6 2755\n"


def test_comments_are_for_groups_only(workshop: Workshop) -> None:
    """A line that begins with # is none in /etc/group, also behind blanks; in /etc/passwd it is one."""
    workshop.busybox()
    with (workshop.root / "etc/group").open("a") as file:
        file.write("#a:x:61:www-data\n \t#b:x:62:www-data\nc#:x:63:www-data\n#d:x:64:")
    with (workshop.root / "etc/passwd").open("a") as file:
        file.write("#e:x:65:66::/e:/bin/sh\n")
    (workshop.context / "f").touch()
    look = "id -u; id -g; id -G; echo $HOME"
    lines = ("    copy --chown='#e' f /f", "    copy --chown='#e:#d' f /g", "    user www-data", f"    run_exec sh -c '{look}'")
    got = output(workshop, *lines, "    user '#e'", f"    run_exec sh -c '{look}; stat -c %u:%g /f /g'").split("\n")
    assert [got[:2], sorted(got[2].split())] == [["33", "33"], ["33", "50", "63"]]
    assert got[4:] == ["65", "66", "66", "/e", "65:66", "65:66", ""]
    result = workshop.run(steps("    user 'www-data:#d'", "    run_exec true"))
    assert "unable to find group #d" in result.stderr


@pytest.mark.parametrize("spec", ["nosuch", "nosuch:0"])
def test_unknown_user_is_an_error_when_something_runs(workshop: Workshop, spec: str) -> None:
    workshop.busybox()
    result = workshop.run(steps(f"    user {spec}", "    run_exec true"))
    assert (result.returncode, "unable to find user nosuch: no matching entries in passwd file" in result.stderr) == (1, True)


def test_accounts_are_the_roots_not_the_machines(workshop: Workshop) -> None:
    workshop.busybox()
    (workshop.root / "etc/passwd").write_text("root:x:77:78::/seventy:/bin/sh\n")
    assert output(workshop, "    user root", "    run_exec sh -c 'id -u; id -g; echo $HOME'") == "77\n78\n/seventy\n"


def test_rights(workshop: Workshop) -> None:
    workshop.busybox()
    show = "    run_exec grep -E 'Cap(Inh|Eff|Bnd|Amb)|NoNew|SigIgn|SigBlk' /proc/self/status"
    status = dict(line.split(":\t") for line in output(workshop, show).splitlines())
    assert status["CapEff"] == status["CapBnd"] == "00000000a80425fb"
    assert status["SigIgn"] == status["SigBlk"] == status["CapInh"] == status["CapAmb"] == "0000000000000000"
    ordinary = dict(line.split(":\t") for line in output(workshop, "    user 33", show).splitlines())
    assert (ordinary["CapEff"], ordinary["CapBnd"]) == ("0000000000000000", "00000000a80425fb")
    insecure = dict(line.split(":\t") for line in output(workshop, "    security insecure", show).splitlines())
    assert insecure["CapEff"] != "00000000a80425fb"


def test_streams_directory_and_umask(workshop: Workshop, mode: str) -> None:
    said = (
        "    run_exec sh -c 'test -p /dev/stdin && test -p /dev/stdout && test -p /dev/stderr && cat; pwd; umask; "
        "echo out >/dev/stdout; echo err >/dev/stderr; stat -c %u:%g:%a .'"
    )
    if mode == "plain":
        said = "    run_exec sh -c 'cat; pwd; umask; echo out; echo err >&2; stat -c %u:%g:%a .'"
    result = workshop.run(steps("    user www-data", "    directory /w/x", said), input="not for the step")
    assert result.stdout == "/w/x\n0022\nout\n33:33:755\n"
    assert "err\n" in result.stderr
    made = (workshop.root / "w").stat()
    assert (made.st_uid, made.st_gid, made.st_mode & 0o7777) == (33, 33, 0o755)


def test_text_is_joined_as_in_a_dockerfile(workshop: Workshop) -> None:
    workshop.busybox()
    text = ["echo 'a \\", "   # gone", "b'; echo \"$0\" $HOME '\\'; \\", "  printf '%s\\n' '  # not this' end  "]
    assert output(workshop, "    run <<'RUN'", *text, "RUN") == "a b\n/bin/sh /root \\\n  # not this\nend\n"


def test_text_as_it_is(workshop: Workshop) -> None:
    workshop.busybox()
    text = ["    shell /bin/sh -xc", "    run_text <<'RUN'", "cat <<EOF", "# a", "x \\\\", "EOF", "", "RUN"]
    assert output(workshop, *text) == "# a\nx \\\n"


def test_script_of_a_here_document(workshop: Workshop, mode: str) -> None:
    del mode
    text = ["    script_run EOF <<'EOF'", "#!/bin/cat", "echo $0 $HOME", "EOF"]
    assert output(workshop, *text) == "#!/bin/cat\necho $0 $HOME\n"
    assert not (workshop.root / "dev/pipes").exists()


def test_nothing_is_needed_in_the_root(workshop: Workshop) -> None:
    workshop.root.mkdir()
    (workshop.root / "busybox").write_bytes(Path("/bin/busybox").read_bytes())
    (workshop.root / "busybox").chmod(0o755)
    top = "id=t\ntotal=1\nbuild() {\n    from scratch\n    user 12:13\n    step 1 x\n    run_exec /busybox id\n}\n"
    result = workshop.run(top)
    assert result.stdout == "uid=12 gid=13 groups=13\n", result.stderr
    assert sorted(entry.name for entry in workshop.root.iterdir()) == ["busybox", "dev", "proc", "sys"]


def test_places_as_in_docker(workshop: Workshop) -> None:
    workshop.busybox()
    show = """    run_exec sh -c 'hostname; cat /etc/hosts; echo $$; ls /dev
        touch /proc/sys/x /sys/x /etc/hosts 2>&1 | grep -c Read-only;
        rm /etc/resolv.conf 2>&1 | grep -c busy; ls -A /proc/acpi /sys/firmware; wc -c </proc/keys'"""
    got = output(workshop, show)
    assert got.startswith(
        "buildkitsandbox\n127.0.0.1\tlocalhost buildkitsandbox\n::1\tlocalhost ip6-localhost ip6-loopback\n1\nfd\nfull\nmqueue\n"
        "null\nptmx\npts\nrandom\nshm\nstderr\nstdin\nstdout\ntty\nurandom\nzero\n2\n1\n"
    )
    assert not (workshop.root / "etc/hosts").exists()
    assert not (workshop.root / "etc/resolv.conf").exists()


def test_network_none(workshop: Workshop) -> None:
    workshop.busybox()
    got = output(workshop, "    network none", "    run_exec sh -c 'ifconfig; ping -c 1 127.0.0.1 | grep -c ttl'")
    assert got.count("Link encap") == 1
    assert "UP LOOPBACK" in got
    assert got.endswith("1\n")


def test_network_none_cannot_be_had_everywhere(workshop: Workshop) -> None:
    workshop.busybox()
    workshop.command = [*PLAIN, *workshop.command]
    result = workshop.run(steps("    network none", "    run_exec true"))
    assert (result.returncode, "network namespace" in result.stderr) == (3, True)


def test_what_a_step_left_running_is_ended(workshop: Workshop, mode: str) -> None:
    del mode
    begun = time.monotonic()
    assert output(workshop, "    run_exec sh -c 'sleep 47.25 & echo done'") == "done\n"
    assert time.monotonic() - begun < 20
    assert not subprocess.run(["pgrep", "-f", "sleep 47.25"], capture_output=True, check=False).stdout


@pytest.mark.parametrize("words", ["run_exec sh -c 'exit 7'", "run_exec false", "run_exec nosuch", "run_exec /etc/passwd"])
def test_failure_says_how_to_go_on(workshop: Workshop, mode: str, words: str) -> None:
    del mode
    result = workshop.run(steps("    " + words), "--context", str(workshop.context))
    assert result.returncode == 1
    assert "failed: step 1 of 1: Dockerfile:2  RUN it" in result.stderr
    assert "exit status" in result.stderr
    assert f"setup.sh --from 1 --root {workshop.root} --state {workshop.state} --context {workshop.context}\n" in result.stderr


def test_only_the_last_command_decides(workshop: Workshop) -> None:
    workshop.busybox()
    assert output(workshop, "    run <<'RUN'", "false; echo on", "RUN") == "on\n"


def test_ctrl_c_ends_all(workshop: Workshop, mode: str) -> None:
    del mode
    sleep = f"sleep 53.{os.getpid()}"  # of this run of the tests alone
    script = workshop.write(steps(f"    run_exec sh -c 'echo up; {sleep}; echo never'"))
    words = [*workshop.command, str(script), "--root", str(workshop.root), "--state", str(workshop.state)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True) as child:
        assert child.stdout
        assert child.stdout.readline() == "up\n"
        os.killpg(child.pid, signal.SIGINT)
        _, said = child.communicate(timeout=20)
    assert child.returncode == 130, said
    assert "stopped in step 1 of 1" in said
    assert not subprocess.run(["pgrep", "-f", sleep], capture_output=True, check=False).stdout
    assert str(workshop.root) not in Path("/proc/mounts").read_text()


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda kind: kind.name)
def test_a_signal_to_the_script_alone_is_heeded_at_once(workshop: Workshop, mode: str, kind: signal.Signals) -> None:
    """As docker build ends at once: a service manager or `kill` tells the script's own shell, and nobody else."""
    del mode
    sleep = f"sleep 55.{os.getpid()}"
    script = workshop.write(steps(f"    run_exec sh -c 'trap : INT; echo up; {sleep}; echo never'"))
    words = [*workshop.command, str(script), "--root", str(workshop.root), "--state", str(workshop.state)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout
        assert child.stdout.readline() == "up\n"
        child.send_signal(kind)
        out, said = child.communicate(timeout=20)
    assert (child.returncode, out) == (128 + kind, ""), said
    assert "stopped in step 1 of 1" in said
    assert not subprocess.run(["pgrep", "-f", sleep], capture_output=True, check=False).stdout
    assert str(workshop.root) not in Path("/proc/mounts").read_text()


def test_a_step_of_a_killed_script_does_not_go_on_beside_the_next(workshop: Workshop, mode: str) -> None:
    """Nobody is told when the script alone is killed."""
    sleep = f"sleep 54.{os.getpid()}{len(mode)}{len(workshop.shell)}"
    look = ["pgrep", "-f", f"^{sleep}"]
    top = steps(f"    run_exec sh -c 'echo up; test -e /tmp/second || {sleep}; echo end'")
    words = [*workshop.command, str(workshop.write(top)), "--root", str(workshop.root), "--state", str(workshop.state)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout
        assert child.stdout.readline() == "up\n"
        while not subprocess.run(look, capture_output=True, check=False).stdout:
            time.sleep(0.1)
        child.kill()
        child.wait()
        (workshop.root / "tmp/second").touch()
        second = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (second.returncode, second.stdout) == (0, "up\nend\n"), second.stderr
    assert not subprocess.run(look, capture_output=True, check=False).stdout


_REFUSES = {
    "nsenter": "#!/bin/sh\necho 'nsenter: no namespace specified' >&2\nexit 1\n",
    "unshare": '#!/bin/sh\ncase $1 in --root*) echo "unshare failed" >&2; exit 1 ;; esac\nexec {} "$@"\n',
}


def _newer(folder: Path, *names: str) -> dict[str, str]:
    """An environment in which these tools refuse what util-linux 2.41 does, and docker's filter of system calls."""
    for name in names:
        (folder / name).write_text(_REFUSES[name].format(shutil.which(name)))
        (folder / name).chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


@pytest.mark.parametrize("names", [("nsenter",), ("nsenter", "unshare")], ids=" and ".join)
def test_other_ways_into_the_root(workshop: Workshop, mode: str, names: tuple[str, ...], tmp_path: Path) -> None:
    """On Debian 13 nsenter only enters namespaces, and in a container of docker's unshare is not allowed either."""
    del mode
    words = ["env A='x  y' a.b=dots PERL5OPT=-Mnone LC_ALL=tr_TR", "user 33:0", "workdir /w/d", "run <<'RUN'"]
    look = "".join(f"    {word}\n" for word in words) + "id; pwd; umask; env -0\nRUN"
    told = [output(workshop, look, **settings) for settings in ({}, {"env": _newer(tmp_path, *names)})]
    assert "\n/w/d\n" in told[0]
    assert told[0] == told[1]


@pytest.mark.parametrize(("command", "status"), [("nope", 127), ("/etc", 126), ("sh -c 'exit 7'", 7)])
def test_how_a_command_ends_that_was_brought_there(
    workshop: Workshop, mode: str, command: str, status: int, tmp_path: Path
) -> None:
    del mode
    (tmp_path / "tools").mkdir()
    top = steps(f"    run_exec {command}")
    ends = [workshop.run(top, **settings) for settings in ({}, {"env": _newer(tmp_path / "tools", "nsenter", "unshare")})]
    assert {f"exit status {status}\n" in end.stderr for end in ends} == {True}, ends
