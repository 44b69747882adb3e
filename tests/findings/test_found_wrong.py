"""Findings in public Dockerfiles that were none, and one that was named wrongly."""

import shutil

import pytest
from finding import codes

import dock2sh
from dock2sh.bases import assumed
from dock2sh.findings import find

NONE = {
    # software-properties asks only where standard input is a terminal (add-apt-repository, isatty)
    "RUN apt-get update && add-apt-repository ppa:a/b": "D2S111",
    # bash runs the text
    "RUN /bin/bash -c 'source activate x && [[ -n $y ]]'": "D2S132",
    # the last command is in the directory, though in a shell of its own
    "RUN cd /x && (for i in *.patch; do git apply < $i; done)": "D2S115",
    "RUN cd /x && bash -c 'make'": "D2S115",
    # -U fetches the catalogue
    "RUN apt-get install -U -y curl": "D2S121",
    # another tool of apt's installs in the same RUN
    "RUN apt-get update && xx-apt-get install -y gcc": "D2S120",
    "RUN apt-get update && rosdep install -y --from-paths src": "D2S120",
    "RUN apt-get update && mk-build-deps -i -t 'apt-get -y' a.control": "D2S120",
    # echo does not fail, in a group neither
    "RUN set -eu; { echo a; echo b; } | tee /etc/x": "D2S131",
    'RUN bash -o pipefail -c "curl -s x | tar x"': "D2S131",
    # something else answers: a file, two -q in one, the configuration, a quoted option, a program that is no shell
    # conda takes the end of its input for the answer that it proposes, yes
    "RUN conda install numpy": "D2S11",
    "RUN apt-get install x < /answers": "D2S111",
    "RUN apt-get install -q=2 x": "D2S111",
    "RUN echo 'APT::Get::Assume-Yes true;' > /etc/apt/apt.conf.d/90 && apt-get install x": "D2S111",
    "COPY 90 /etc/apt/apt.conf.d/\nRUN apt-get install x": "D2S111",
    'RUN apt-get install "-y" x': "D2S111",
    'SHELL ["/usr/bin/python3", "-c"]\nRUN apt-get install x': "D2S111",
    "RUN curl -f localhost:8080/x || true": "D2S104",
    'RUN mysql -uroot -p"$PASSWORD" -e x': "D2S163",
    "RUN mysql -uroot -p db": "D2S163",
    "RUN zypper refresh": "D2S11",
    "RUN zypper -n in x": "D2S117",
    "RUN dnf -y install x": "D2S117",
    # an environment whose name says nothing
    "RUN python3 -m venv /v\nENV PATH=/v/bin:$PATH\nRUN pip install x": "D2S110",
    "RUN gem install x -v 1.2": "D2S102",
    "RUN apt-get update && apt-get source x": "D2S120",
    "RUN apt-get update && ./install.sh": "D2S120",
    "RUN apt-get install -y ./x.deb": "D2S121",
    "RUN apt-get update && rm -rf /var/lib/*": "D2S122",
    "RUN apt-get update && apt-get install -y gcc\nFROM debian:12\nCOPY --from=0 /bin/x /bin/": "D2S122",
    "RUN PIP_NO_CACHE_DIR=1 pip install x": "D2S124",
    # a file, and names whose versions stand in a file
    "RUN npm install package-v1.2.3.tgz": "D2S102",
    "RUN pip3 install mypkg.whl": "D2S102",
    "RUN apk add mypackage-1.1.1.apk": "D2S102",
    "RUN pip install x -c constraints.txt": "D2S102",
    "ENV PIP_CONSTRAINT=/c.txt\nRUN pip install x": "D2S102",
    "RUN gem install bundler:2.0.1 -- --use-system-libraries true": "D2S102",
    "RUN apt-get install --quiet --quiet x": "D2S111",
    "USER 1000\nRUN --mount=type=cache,target=/home/me/.cache/pip pip install x": "D2S124",
    "RUN --mount=type=cache,target=/etc/apk/cache apk add x": "D2S124",
    "RUN dnf install -y x && rm -rf /var/cache/*": "D2S124",
    # it makes JSON pretty
    "RUN curl x | python3 -m json.tool": "D2S170",
    "RUN curl http://127.0.0.1:80/": "D2S172",
    "RUN sed s/a/b/ /etc/hosts > /x": "D2S113",
    "RUN cp /etc/hosts /x": "D2S113",
    "ADD --unpack=false a /app/": "D2S150",
    # curl asks for it
    "RUN curl -u me https://x": "D2S163",
    "RUN curl -u me:$P https://x": "D2S163",
    'RUN echo "me:$P" | chpasswd': "D2S163",
    "ADD https://me:$P@x/y /y": "D2S163",
    # nothing of it is a variable
    "ENV A=1 B='$A'": "D2S135",
    "ENV A=1 B=\\$A": "D2S135",
    "ENV A=1\nENV A=/a:$A B=$A": "D2S135",
    # in /tmp only its owner may delete a file
    "RUN chmod 1777 /tmp": "D2S173",
    "RUN chmod u=rwx,g=w /x": "D2S173",
    "RUN set -o pipefail || true": "D2S132",
    # the pip is that of an environment, and the build goes on (seen with debian:12)
    "RUN python3 -m venv /opt/v && /opt/v/bin/python -m pip install x": "D2S110",
    # it is compared: docker-library's and nginx's own way
    'RUN curl -fO https://x/a.tgz && [ "$(openssl sha512 -r a.tgz)" = "$SUM *a.tgz" ]': "D2S104",
    'RUN curl -fO https://x/a.tgz && if [[ $(sha256sum a.tgz) != "$SUM  a.tgz" ]]; then exit 1; fi': "D2S104",
    # the lists go in the same RUN, or are used by another verb
    "RUN apt-get update && dpkg -i x.deb && rm -rf /var/lib/apt/lists/*": "D2S120",
    "RUN apt-get update && apt-get reinstall -y tzdata": "D2S120",
    # a script of somebody's own may have fetched the catalogue
    "COPY prepare.sh /\nRUN /prepare.sh\nRUN apt-get install -y clang": "D2S121",
    "COPY prepare.sh /\nRUN sh /prepare.sh\nRUN apt-get install -y clang": "D2S121",
    "COPY a b C:\\\\app\\\\": "D2S154",
    "RUN wget -nv /usr/src/x.deb": "D2S104",
    # no other end
    "RUN apk add --allow-untrusted /tmp/x.apk ./y.apk": "D2S171",
    "RUN apt-get purge -y --force-yes x": "D2S171",
    # everybody may know these
    "COPY x/ffdhe4096.pem y/server-cert.pem fullchain.pem my_ca.pem nodesource.gpg.key /etc/ssl/": "D2S162",
    # nobody is there any more who could
    'RUN d="$(mktemp -d)" && chmod 777 "$d" && make && rm -rf "$d"': "D2S173",
}


@pytest.mark.parametrize("line", NONE)
def test_it_is_none(line: str) -> None:
    assert not [code for code in codes(f"FROM debian:12\nWORKDIR /\n{line}\n") if code.startswith(NONE[line])]


ONE = {
    "ENV PATH=/a:$PATH PATH=/b:$PATH": "D2S135",
    "ENV A=1\nENV A=/a:${A} A=/b:${A}": "D2S135",
    "RUN aptitude install x": "D2S111",
    "RUN aptitude update && aptitude install -y x": "D2S122",
    "RUN npm install @myorg/x": "D2S102",
    "RUN gem i x": "D2S102",
    "RUN top": "D2S114",
    # docker does not unpack it
    "ADD a.zip /app/": "D2S150",
    "RUN mysql -uroot -psecret -e x": "D2S163",
    "RUN apt-get upgrade": "D2S111",
    "RUN apt-get remove x": "D2S117",
    "RUN dnf install x": "D2S117",
    "RUN yum update x": "D2S111",
    "RUN zypper in x": "D2S117",
    "RUN pip uninstall x": "D2S117",
    "RUN echo x | xargs apt-get install": "D2S111",
    "ADD https://x/latest/y /y": "D2S105",
    "ADD http://x/y /y": "D2S172",
    "RUN yum update -y": "D2S106",
    "RUN useradd -u1000000 x": "D2S126",
    "RUN git -c http.sslVerify=false clone -b v1 https://x": "D2S171",
    "RUN git config --global http.sslVerify false": "D2S171",
    "RUN npm config set strict-ssl false": "D2S171",
    "RUN GIT_SSL_NO_VERIFY=1 git clone -b v1 https://x": "D2S171",
    "ENV NODE_TLS_REJECT_UNAUTHORIZED=0": "D2S171",
    "RUN chmod a+w /x": "D2S173",
    "RUN chmod 666 /x": "D2S173",
    "RUN chmod -R u=rw,o=rwx /x": "D2S173",
    "COPY --chmod=777 a /x": "D2S173",
    'RUN echo a >> "/etc/hosts"': "D2S113",
    "RUN echo a >| /etc/hosts": "D2S113",
    "RUN --mount=from=biuld,target=/x ls": "D2S152",
    "RUN echo root:secret | chpasswd": "D2S163",
    "ADD https://me:secret@x/y /y": "D2S163",
    "RUN apt list": "D2S112",
    "FROM debian:12 AS b\nRUN apt-get update && apt-get install -y gcc\nFROM b\nRUN make": "D2S122",
    "RUN echo aGk= | xxd -r -p | sh": "D2S175",
    # dash: Illegal option -o pipefail
    "RUN set -o pipefail && make": "D2S132",
    "RUN /usr/bin/python3 -m pip install x": "D2S110",
    "COPY cert-key.pem /etc/ssl/": "D2S162",
    "RUN apk add --allow-untrusted x": "D2S171",
    "RUN apt-get install -y --force-yes x": "D2S171",
    "COPY server.key /etc/ssl/": "D2S162",
    'RUN d=/x && chmod 777 "$d" && rm -rf /y': "D2S173",
    "RUN curl -fO https://x/a.tgz && sha256sum a.tgz": "D2S104",
    "RUN make\nRUN apt-get install -y clang": "D2S121",
    "RUN a=(1 2) && make": "D2S132",
    "RUN cat <<< x": "D2S132",
    "RUN [ a == b ] && make": "D2S132",
}


@pytest.mark.parametrize("line", ONE)
def test_it_is_one(line: str) -> None:
    assert [code for code in codes(f"FROM debian:12\nWORKDIR /\n{line}\n") if code.startswith(ONE[line])]


@pytest.mark.parametrize(
    ("line", "pipe"),
    [
        ("find / | xargs rm", "find | xargs"),
        ("set -e; { a; b; } | tee x", "b | tee"),
        ("x=$(a | b); c", "a | b"),
        ("curl x | bash -c 'true'; d | e", "curl | bash"),
    ],
)
def test_which_pipe(line: str, pipe: str) -> None:
    dockerfile = dock2sh.parse(f"FROM debian:12\nRUN {line}\n")
    found = find(dock2sh.evaluate(dockerfile, None, assumed), dockerfile)
    assert [dict(each.fields)["pipe"] for each in found if each.code == "D2S131"] == [pipe]


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="needs shellcheck")
@pytest.mark.parametrize(
    ("run", "directory"),
    [
        ("RUN cd ~ && ls", "/root"),
        ("RUN cd ~/a && ls", "/root/a"),
        ("RUN cd $HOME/a && ls", "/root/a"),
        ("USER b\nRUN cd ~/a && ls", "DIRECTORY"),
        ("ENV HOME=/h\nRUN cd $HOME/a && ls", "$HOME/a"),
        ("RUN cd /a && ls", "/a"),
    ],
)
def test_workdir_names_a_directory_without_the_help_of_a_shell(run: str, directory: str) -> None:
    """`WORKDIR ~` was the cure for `cd ~`: docker makes a directory of that name."""
    dockerfile = dock2sh.parse(f"FROM debian:12\n{run}\n")
    found = find(dock2sh.evaluate(dockerfile, None, assumed), dockerfile)
    cure = next(each.diagnostic().hint for each in found if each.name == "D2S130")
    assert cure.startswith(f"write `WORKDIR {directory}`")


def test_shellcheck_is_not_asked_of_what_it_would_never_end_with() -> None:
    dockerfile = dock2sh.parse("FROM debian:12\nRUN " + "(" * 3000 + ":" + ")" * 3000 + "\nRUN echo $x\n")
    found = find(dock2sh.evaluate(dockerfile, None, assumed), dockerfile, shellcheck=True)
    said = {each.name: dict(each.fields)["text"] for each in found if each.code == "SHELLCHECK"}
    assert set(said) >= {"SC2086"}
