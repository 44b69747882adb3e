"""What was said wrongly of packages, repositories and downloads: which have a version, and who checks them."""

import pytest
from explaining import explained, meanings

from dock2sh.explain.language import plain


@pytest.mark.parametrize(
    ("package", "version"),
    [
        ("apk add 'a>=1.2'", "a version that fits that"),
        ("apk add a=1.2-r0", "this version only"),
        ("npm install a@8", "a version that fits that"),
        ("npm install a@latest", ""),
        ("npm install a@1.2.3", "this version only"),
        ("conda install a=20.*", "a version that fits that"),
        ("pecl install APCu-5.1.28", "this version only"),
        ("dnf install java-17-openjdk", ""),
        ("dnf install gcc-toolset-12", ""),
        ("dnf install mysql-shell-9.7.1-1.el9", "this version only"),
        ('dnf install "mysql-shell-$V"', "this version only"),
        ("pip install 'a==1.*'", "a version that fits that"),
        ("apk add a $(test -e /b && echo c=1)", ""),
        ('apk add a "${B/=/@c=}"', ""),
        ("pip install git+ssh://git@a.b/c", ""),
        ("pip install git+https://a.b/c@v1", "a version that fits that"),
        (f"pip install git+https://a.b/c@{'0' * 40}", "this version only"),
        ("pip install 'a @ git+https://a.b/c'", ""),
        ("pip install 'a[b] @ https://a.b/c.whl'", "this version only"),
        ("composer require a/b:1.2.3", "this version only"),
    ],
)
def test_versions(package: str, version: str) -> None:
    says = list(meanings(f"FROM debian:12\nENV V=9.7.1-1.el9\nRUN {package}\n", 3).values())[-1]
    assert says.partition(": ")[2] == version


@pytest.mark.parametrize(
    ("install", "says"),
    [
        ("npm install -g @a/b", "npm packages: @a/b (1 without a version)"),
        ("npm install -g @a/b@1 c@2", "npm packages: @a/b@1 and c@2 (all with a version)"),
        ("go install a.b/c@latest", "Go packages: a.b/c@latest (1 without a version)"),
        ("apt-get install a/sid", "Debian packages: a/sid (1 without a version)"),
        ("apt-get install ./a.deb $DEPS", "Debian packages: ./a.deb and $DEPS"),
        ("apk add $DEPS a=1", "Alpine packages: $DEPS and a=1"),
        ("gem install a -v 1.2", "Ruby gems: a (all with a version)"),
        ("composer require a/b", "PHP packages: a/b (1 without a version)"),
        ("dnf install -x a b", "RPM packages: b (1 without a version)"),
        ("conda install 'a>=1'", "Conda packages: a>=1"),
    ],
)
def test_the_list_of_packages_knows_what_has_a_version(install: str, says: str) -> None:
    """Each name with a slash counted as one that has a version, and each variable as one that has none."""
    sections = explained(f"FROM debian:12\nRUN {install}\n").sections
    assert says in [plain(item.text) for section in sections for item in section.items]


def test_a_clone_that_is_not_left_at_its_newest() -> None:
    """Many clone, and then check out a commit."""
    text = "FROM debian:12\nRUN git clone https://a.b/c && cd c && git checkout -q 1a2b && git clone https://a.b/d && git reset\n"
    said = [plain(item.text) for section in explained(text).sections for item in section.items]
    assert "https://a.b/c: of it the version 1a2b, which the same RUN takes" in said
    assert "https://a.b/d: whatever is newest on the day of the build" in said


def test_what_goes_through_a_pipe_nothing_checks_afterwards() -> None:
    run = "curl https://a.b/c.tgz | tar xz && curl -O https://a.b/d && curl https://a.b/d.sha256 | sha256sum -c"
    said = [plain(item.text) for section in explained(f"FROM debian:12\nRUN {run}\n").sections for item in section.items]
    assert "https://a.b/c.tgz: nothing checks it" in said
    assert "https://a.b/d: checked by sha256sum in the same RUN" in said


def test_what_a_variable_holds_the_project_does_not_list() -> None:
    assert "installs what $A holds" in plain(explained('FROM debian:12\nRUN A="a b" && yum install -y $A\n').summary)
    only = plain(explained("FROM debian:12\nRUN pip install --only-binary :all: -r r.txt\n").summary)
    assert "installs what is listed in r.txt" in only


def test_a_prefix_is_no_list_of_packages() -> None:
    summary = plain(explained("FROM debian:12\nRUN micromamba install --prefix=/opt a && pip install -r b.txt\n").summary)
    assert "what is listed in b.txt" in summary
    assert "/opt" not in summary


def test_a_directory_is_no_package_in_the_summary() -> None:
    assert "installs flask" in plain(explained("FROM debian:12\nRUN pip install . flask\n").summary)


def test_what_is_there_already_is_not_advised() -> None:
    for entrypoint in ('["sh", "-c", "exec java $X Main"]', "exec java $X Main", "mkdir -p /x && exec java Main"):
        assert not explained(f"FROM debian:12\nENTRYPOINT {entrypoint}\n").start.advice
    assert "Put exec before" in plain(explained("FROM debian:12\nENTRYPOINT java $X Main\n").start.advice[0])


def test_a_download_is_told_once_and_from_elsewhere() -> None:
    text = "FROM debian:12\nRUN curl $U; curl $U; curl localhost:80/x; curl -sf localhost; curl 127.0.0.1\n"
    items = [plain(item.text) for section in explained(text).sections for item in section.items]
    assert [item for item in items if "nothing checks it" in item] == ["$U: nothing checks it"]


def test_several_packages_are_packages() -> None:
    said = meanings("FROM debian:12\nRUN apt-get install -y a b && apt-get install -y c\n", 2)
    assert said["a b"] == "packages to install"
    assert said["c"] == "a package to install"
