"""Words that were explained wrongly once: found by reading explanations of public Dockerfiles beside the tools' manuals."""

import pytest

from dock2sh.commands import Known, understand
from dock2sh.shell import read

CASES = {
    "npm install --production express": {"express": "a package to install"},  # --production takes no value
    "npm install --progress express": {"express": "a package to install"},
    "npm install --audit false express": {"false": "whether it asks for known weaknesses", "express": "a package to install"},
    "npm install --production=false": {"--production=false": ""},
    "cp --preserve a b": {"a": "what is copied", "b": "where it goes"},  # GNU: --preserve[=WHAT]
    "cp --preserve=mode a b": {"--preserve=mode": "keeps these"},
    "grep --color x file": {"x": "the pattern", "file": "the file"},
    "ls --color /": {"/": "what is listed"},
    "tar --checkpoint -xf a.tar": {"-f": "the archive; `-` is the pipe"},
    "xargs --replace rm {}": {"rm": "deletes files"},
    "git describe --abbrev HEAD": {"HEAD": "which"},
    "make -l all": {"all": "what the Makefile is to do"},
    "find / -lname /dev/null": {"/dev/null": "links whose target matches"},
    "find / -nonesuch /dev/null": {"/dev/null": ""},  # perhaps the value of what nobody knows
    "useradd --nonesuch a b": {"a": "", "b": "its name"},
    "apt-get --nonesuch install a": {"install": "installs packages and what they need", "a": "a package to install"},
    "gem list -i bundler": {"-i": "asks whether it is installed"},
    "gem sources -a https://x/": {"-a": "adds one"},
    "gem update --system 3.5.11": {"3.5.11": "that version"},
    "gpg --batch --verify a.asc a": {"a.asc": "the signature", "a": "what was signed"},
    "gpg --recv-keys 28806A87": {"28806A87": "a key, by its number or fingerprint"},
    "dotnet publish -c Release /p:PublishAot=true": {"/p:PublishAot=true": "sets one of its settings"},
    "dotnet publish --self-contained false x.csproj": {
        "false": "with .NET in it, unless `false` follows",
        "x.csproj": "the project",
    },
    "apk --no-cache --virtual=.d add g++": {"--virtual=.d": "puts them together under that name, to be removed in one go"},
    "rpm --import https://x/k.asc": {"https://x/k.asc": "a key"},
    "cargo chef prepare --recipe-path r.json": {
        "prepare": "writes down what the dependencies are",
        "--recipe-path": "into that file",
    },
    "bundle config set --local without test": {"set": "sets it", "without": "which, and its value"},
    "python3 - --version 3": {"--version": "what it is told"},
    "runuser -l app -c pwd": {"pwd": "runs this text"},
    "runuser -u app -- make -j4": {"make": "builds what the Makefile describes", "-j4": "so many jobs at once"},
    "dnf group install Tools": {"Tools": "the group"},
    "go vet -v ./...": {"-v": "says more"},
    "zypper -n up": {"up": "brings installed packages up to date"},
    "command -v sudo": {"sudo": "the command"},  # it is not run
    "systemctl mask ssh.service": {"ssh.service": "the service"},
    # read in three hundred RUN lines that were drawn by lot
    "docker-php-ext-configure ldap --with-libdir=lib/x": {"--with-libdir=lib/x": "with that library or setting"},
    "ln -sf /opt/a.pm /usr/lib/plugins": {"/usr/lib/plugins": "the link, or the directory that it goes into"},
    "sha256sum -c a.sha256": {"a.sha256": "the list of checksums; `-` is the pipe"},
    "cd -": {"-": "where it was before"},
    "git remote add origin https://x/y": {"origin": "its name", "https://x/y": "where it is"},
    "su app -c -p 'id'": {"-p": "with the variables as they are", "'id'": "runs this text"},  # -c takes no value to a shell
    "sh -c -e 'id'": {"-e": "stops at the first command that fails", "'id'": "runs this text"},
    'cmake -DA="x y" ..': {'-DA="x y"': "a setting"},  # with its quotes
    "apt-get $APT_FLAGS_COMMON install a": {"install": "installs packages and what they need", "a": "a package to install"},
    'wget $LOGIN "$URL"': {"$LOGIN": "", '"$URL"': "the URL"},  # it may hold options
    "wget $URL": {"$URL": "the URL"},
    "jq --version": {"--version": "only prints its version"},
    "echo --version": {"--version": "the text"},
    "pangolin --version": {"--version": "by custom only prints its version"},
    "pangolin --version x": {"--version": ""},
    # read by two who knew the manuals, tool by tool
    "curl -1sLf https://x/": {"-1": "with TLS 1.0 or newer", "-L": "follows where the server leads"},
    "dotnet publish /project/a.csproj": {"/project/a.csproj": "the project"},
    "dotnet App.dll -v 3": {"App.dll": "the program", "-v": "what it is told"},
    "cargo +nightly build": {"+nightly": "with that version of Rust", "build": "compiles"},
    "git gc --prune --aggressive": {"--aggressive": "as hard as it can"},
    "git ls-files -c -o": {"-c": "those that are part of it", "-o": "those that are not"},
    "git switch -C b": {"-C": "a new one, in place of one that is there"},
    "cmake -E copy a b": {"a": "what it is told"},
    "cmake --build . --target a b": {"b": "what is built"},
    "./configure --enable-shared=no": {"--enable-shared=no": "without that feature"},
    "dpkg -x a.deb /opt": {"a.deb": "the package file", "/opt": "into that directory"},
    "apt list -a": {"-a": "all versions of each"},
    "kill -9 1": {"-9": "that signal", "1": "to which"},
    "rosdep install --from-paths src -y": {"src": "the directory"},
    "mktemp --tmpdir x.XXX": {"x.XXX": "how it is named"},
    "perl -0777pe s/a/b/ file": {"file": "the file"},
    "timeout --preserve-status 5 make": {"5": "after so long", "make": "builds what the Makefile describes"},
    "opam init -a -n": {"-a": "and writes the shell's settings"},
    "pacman -Scc": {"-Scc": "deletes what was downloaded"},
    "rpm -qi bash": {"-qi": "asks what is known about packages"},
    "zypper install -n x": {"-n": "these are exact names"},
    "nc -l 8080": {"8080": "the address or port at which it waits"},
    "java -m a.b/C arg": {"arg": "what it is told"},
    "composer install --no-scripts": {"--no-scripts": "runs no scripts of the project"},
    "pnpm run build --prod": {"--prod": "what it is told"},
    # three hundred RUN lines of sixty repositories once more, and every option that 7,000 of them use
    "java -Xshare:dump": {"-Xshare:dump": "only writes down what classes look like, so that programs start sooner"},
    "java -XX:+UseG1GC -Xmx2g X": {"-XX:+UseG1GC": "how Java works", "-Xmx2g": "how much memory"},
    "bundle config set --global path x": {"--global": "for this user"},  # ~/.bundle/config
    "curl -o- https://x/": {"-o-": "into that file; `-` prints it"},
    "curl -s -q https://x/": {"-q": "reads no settings file, if it is the first word"},
    "./configure --without-debugger -prefix /x": {
        "--without-debugger": "without that library or setting",
        "/x": "it will be installed below that directory",
    },
    "dnf clean all --installroot /x": {"/x": "works on the system in that directory"},
    "locale-gen en_US": {"en_US": "this one, too (Ubuntu; Debian makes those in `/etc/locale.gen` alone)"},
    ". /x.sh a": {"a": "what it is told (dash does not hand it on)"},
    "ln -sT a b": {"b": "the link"},
    "apt-get remove --purge a": {
        "remove": "removes packages; without `--purge` their configuration files stay",
        "--purge": "removes configuration files as well",
    },
    "yarn set version 4.3.1": {
        "version": "chooses the version of Yarn for this project, and downloads it",
        "4.3.1": "which",
    },
    "hg up default": {"up": "takes the files of a version", "default": "which"},
    "unzip -x a.zip": {"a.zip": "the archive"},  # seen: it unpacks all
    "unzip a.zip -x b c": {"c": "only this; behind `-x`: not this"},
    "cmake -Wno-dev .": {"-Wno-dev": "without those warnings"},
    "go get a.b/c": {"get": "adds dependencies, or brings them up to date; before Go 1.18 it also compiles and installs them"},
    'git clone ${D:+--depth=${D} --x} "${B:+-b$B}" $U $P': {
        "${D:+--depth=${D} --x}": "these options, if the variable holds something",
        '"${B:+-b$B}"': "these options, if the variable holds something",
        "$U": "where it is",
        "$P": "where it goes",
    },
    "comm -23 a b": {"-2": "without what only the second has", "-3": "without what both have", "a": "the file"},
    "ionice -c 3 make -j2": {"3": "of that class; 3 waits for all others", "make": "builds what the Makefile describes"},
    "clang++ -std=c++23 -stdlib=libc++ a.cpp": {"-std=c++23": "of that standard", "-stdlib=libc++": "with that C++ library"},
    "meson wrap install expat": {"install": "what to do", "expat": "what to do"},
    "composer require a/b 6.2.0 c/d": {
        "a/b": "a package to install",
        "6.2.0": "which version",
        "c/d": "a package to install",
    },
    "find / -fprintf /x '%p' -name y": {
        "/x": "writes into that file, after the pattern behind it",
        "'%p'": "writes into that file, after the pattern behind it",
        "y": "whose name matches",
    },
    "echo -n a -e -- b": {"-n": "without a line end", "-e": "the text", "--": "the text"},  # seen: options come first
    "echo -- -n": {"--": "the text, too: echo knows no end of options", "-n": "the text"},  # seen in dash, bash and busybox
    "dot -Tsvg a.dot": {"dot": "", "-Tsvg": ""},  # Graphviz's; the file of that name is about `.`
    "[[ -a x && $y =~ ^(a|b) ]]": {
        "-a": "is there such a file?",
        "&&": "and",
        "=~": "does the text match the regular expression",
        "^(a|b)": "what is asked about",
    },
    "powershell Write-Host hi": {"Write-Host": "runs this text", "hi": "runs this text"},  # PowerShell 5: -Command is meant
    "pwsh a.ps1 hi": {"a.ps1": "the script that it runs", "hi": "what it is told"},
    "mapfile -t a": {"-t": "without their line ends", "a": "a variable"},
    "dotnet help build": {"help": "only prints its help", "build": "about which command"},
}


def known(text: str) -> Known:
    return understand(read(text).commands[0].words)


@pytest.mark.parametrize("text", CASES)
def test_it_is_as_the_manual_says(text: str) -> None:
    said = {part.text: part.says for part in known(text).all_parts()}
    assert {name: said.get(name) for name in CASES[text]} == CASES[text]
