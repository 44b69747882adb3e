"""The knowledge base: every file is whole, and commands that Dockerfiles use are read as their manuals say."""

import tomllib

import pytest

from dock2sh.commands import Known, tool, understand
from dock2sh.commands.knowledge import HOME, names
from dock2sh.shell import read

KEYS = set("source same summary operands options instead operators commands manager effects style".split())
KEYS |= {"stops", "first", "settings", "free", "alone", "begins"}


def table(name: str) -> dict[str, object]:
    return tomllib.loads((HOME / f"{name}.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", sorted(names()))
def test_a_file_is_whole(name: str) -> None:
    assert set(table(name)) <= KEYS
    found = tool({"dot": ".", "colon": ":", "conditional": "[[", "arithmetic": "(("}.get(name, name))
    assert found is not None
    pending = [found]
    while pending:
        each = pending.pop()
        pending += each.commands.values()
        assert each.summary
        assert each.source
        assert all(option.text for option in each.options.values())
        assert all(operand.text for operand in each.operands)
        assert sum(operand.many for operand in each.operands) <= 1
        assert set(each.instead) <= set(each.options)
        assert each.style in ("", "long", "compiler")
        assert each.effects <= {"network", "installs", "removes"}
        if "installs" in each.effects:
            assert each.manager or each.name.split()[0].removeprefix("xx-") in ("dotnet", "go", "cargo"), each.name


def known(text: str) -> Known:
    return understand(read(text).commands[0].words)


def rows(text: str) -> list[str]:
    """`kind text = value (role): says`, short."""
    return [f"{part.kind[:3]} {part.text}: {part.says[:28]}" for part in known(text).all_parts()]


def test_options_and_their_values() -> None:
    assert rows("tar -xzf a.tgz -C /opt --strip-components=1 b") == [
        "com tar: packs and unpacks archives",
        "opt -x: unpacks",
        "opt -z: compressed with gzip",
        "opt -f: the archive; `-` is the pipe",
        "val a.tgz: the archive; `-` is the pipe",
        "opt -C: in that directory",
        "val /opt: in that directory",
        "opt --strip-components=1: leaves out so many directori",
        "ope b: only this",
    ]


MEANINGS = {
    "lsb_release -cs": ["-c", "-s"],
    "dos2unix -k a.sh": ["-k"],
    "apt-add-repository -y ppa:x": ["-y"],
    "./rustup-init -y --profile minimal --default-toolchain 1.80": ["-y", "--profile", "--default-toolchain"],
    "tar xzf a.tgz": ["x", "z", "f"],
    "wget -qO- http://x": ["-q", "-O-"],
    "curl -fsSLo /x http://y": ["-f", "-s", "-S", "-L", "-o"],
    "sed -i.bak s/a/b/ f": ["-i.bak"],
    "sed -ri 's/a/b/' f": ["-r", "-i"],
    "gcc -O2 -Wall -I/usr/include -o x y.c -lm": ["-O2", "-Wall", "-I/usr/include", "-o", "-lm"],
    "find / -name '*.pyc' -type f -delete": ["-name", "-type", "-delete"],
    "make -j$(nproc) V=1 install": ["-j$(nproc)"],
    "head -20 x": ["-20"],
    "mvn -B -DskipTests package": ["-B", "-DskipTests"],
    "go build -ldflags='-s -w' -o /x ./y": ["-ldflags=-s -w", "-o"],
    "pip install --no-cache-dir -r requirements.txt": ["--no-cache-dir", "-r"],
    "set -o pipefail -e": ["-o", "-e"],
    "java -jar app.jar -x": ["-jar"],
    "useradd -m -u 1000 -- app": ["-m", "-u", "--"],
    "zip -j0 a.zip b": ["-j", "-0"],
    "cmake --build . -- -j4 all": ["--build", "--"],
    "php -- --filename=x composer": ["--"],
    "./configure --with-ssl --enable-x --prefix=/usr": ["--with-ssl", "--enable-x", "--prefix=/usr"],
}


@pytest.mark.parametrize("text", MEANINGS)
def test_options(text: str) -> None:
    parts = known(text).all_parts()
    assert [part.text for part in parts if part.kind == "option"] == [
        option.replace("-s -w", "'-s -w'") for option in MEANINGS[text]
    ]
    assert not [part for part in parts if part.kind == "unknown"]


ROLES = {
    "cp -r a b /c": [("a", "what is copied"), ("b", "what is copied"), ("/c", "where it goes")],
    "cp -t /c a b": [("a", "what is copied"), ("b", "what is copied")],
    "ln -s /a": [("/a", "what the link leads to")],
    "chmod 755 a b": [("755", "the permissions"), ("a", "what gets them"), ("b", "what gets them")],
    "grep foo f": [("foo", "the pattern"), ("f", "the file")],
    "grep -e foo f": [("f", "the file")],
    "install --directory /a /b": [("/a", "the directory"), ("/b", "the directory")],
    "git clone https://x y": [("https://x", "where it is"), ("y", "where it goes")],
    "[ -f a ]": [],
    "php -- --filename=x y": [("--filename=x", "what it is told"), ("y", "what it is told")],
    "make clean": [("clean", "what the Makefile is to do")],
    "apt-get install -y a b": [("a", "a package to install"), ("b", "a package to install")],
}


@pytest.mark.parametrize("text", ROLES)
def test_operands(text: str) -> None:
    assert [(part.value, part.says) for part in known(text).parts if part.kind == "operand"] == ROLES[text]


WITHIN = {
    "sudo -u www env A=1 nice make": ["sudo", "env", "nice", "make"],
    "xargs -r rm -rf": ["xargs", "rm"],
    "find . -exec chmod 644 {} ; -print": ["find", "chmod"],
    "python3 -m pip install x": ["python3", "pip install"],
    "python3 -m mytool x": ["python3"],
    "exec gosu app nginx -g 'daemon off;'": ["exec", "gosu", "nginx"],
    "conda run -n e pip install x": ["conda run", "pip install"],
}


@pytest.mark.parametrize("text", WITHIN)
def test_commands_within(text: str) -> None:
    assert [each.title for each in known(text.replace(" ; ", " \\; ")).chain()] == WITHIN[text]


def test_what_is_not_known_is_not_guessed() -> None:
    assert not known("frobnicate --now x").known
    assert [part.kind for part in known("frobnicate --now x").parts] == ["command", "unknown", "unknown"]
    kinds = [part.kind for part in known("apt-get install --frob x y").parts]
    assert kinds == ["command", "subcommand", "unknown", "unknown", "operand"]  # x may be the value of --frob
    assert not known("$TOOL install x").known
    assert not known("../../../etc/shadow x").known
    assert known("/usr/bin/apt-get update").title == "apt-get update"
    assert known("python3.12 x.py").title == "python3.12"


@pytest.mark.parametrize("count", ["4", "$(nproc)", '"$(nproc)"', "`nproc`", "$JOBS"])
def test_a_number_of_jobs_is_no_target(count: str) -> None:
    parts = {part.text: part.says for part in known(f"make -j {count} install").parts}
    assert parts[count] == "so many jobs at once"
    assert parts["install"] == "what the Makefile is to do"


def test_jobs_without_a_number() -> None:
    assert [part.kind for part in known("make -j install").parts] == ["command", "option", "operand"]
