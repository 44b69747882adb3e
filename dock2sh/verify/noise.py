"""What two builds by docker itself do not have in common: rows of data, each with its reason and its witness.

A row masks what is known to vary and compares the rest: no path is ignored. Measured by building the same Dockerfiles twice with
docker, minutes apart; tests/verify/noise/ keeps for each row what such two builds made, and what must not be excused.
"""

from typing import NamedTuple

from . import archives, mariadb, masks, postgres, slapd, tex
from .masks import Mask


class Noise(NamedTuple):
    """Files whose path matches `pattern` (whole) are equal if they are equal after `mask`."""

    code: str
    pattern: str
    mask: Mask
    reason: str
    witness: str


class Name(NamedTuple):
    """Files whose path matches `pattern` (whole) have names that are new each time: the groups of the pattern are masked.

    As many on either side, of the same kind, mode and owner, are the same.
    """

    code: str
    pattern: str
    reason: str
    witness: str


ROWS = (
    Noise("pyc-mtime", r".*\.pyc", masks.pyc, "Python writes its source's mtime into compiled files", "apt-get install python3"),
    Noise(
        "install-log",
        r"/var/log/(dpkg|alternatives|bootstrap)\.log|/var/log/apt/(history|term)\.log",
        masks.log,
        "the installers' logs say when, and show the fingerprints of random keys",
        "apt-get install openssh-server",
    ),
    Noise(
        "ldconfig-aux",
        r"/var/cache/ldconfig/aux-cache",
        masks.ldconfig,
        "ldconfig remembers devices, inodes and ctimes of the libraries",
        "apt-get install of a library",
    ),
    Noise(
        "apt-cache",
        r"/var/cache/apt/(src)?pkgcache\.bin",
        masks.everything,
        "apt's binary cache holds times",
        "apt-get update in an image that keeps it",
    ),
    Noise(
        "machine-id",
        r"/etc/machine-id|/var/lib/dbus/machine-id",
        masks.hexadecimal,
        "a random number",
        "apt-get install systemd",
    ),
    Noise("ssh-host-keys", r"/etc/ssh/ssh_host_\w+_key(\.pub)?", masks.key, "random keys", "apt-get install openssh-server"),
    Noise(
        "snakeoil",
        r"/etc/ssl/(certs|private)/ssl-cert-snakeoil\.(pem|key)",
        masks.key,
        "a random key and its certificate",
        "apt-get install ssl-cert",
    ),
    Noise(
        "slapd-config",
        r"/etc/(open)?ldap/slapd\.d/.+\.ldif",
        slapd.ldif,
        "slapd numbers its entries, notes when they were made, and salts the administrator's password",
        "apt-get install slapd",
    ),
    Noise(
        "slapd-database",
        r"/var/lib/(open)?ldap/data\.mdb",
        slapd.database,
        "slapd numbers its entries and notes when they were made",
        "apt-get install slapd",
    ),
    Noise("shadow", r"/etc/shadow-?", masks.shadow, "the day of the last password change, and random salts", "useradd, chpasswd"),
    Noise(
        "berkeley-db",
        r"/etc/(aliases|(postfix|mail)/[^/]+)\.db",
        masks.berkeley,
        "Berkeley DB gives each file a number of its own, and postalias notes when it was",
        "apt-get install postfix",
    ),
    Noise("crontab", r"/var/spool/cron/crontabs/[^/]+", masks.crontab, "crontab says when a table was installed", "crontab -"),
    Noise(
        "java-keystore",
        r"/etc/ssl/certs/java/cacerts",
        masks.keystore,
        "Java notes when a certificate was added",
        "apt-get install default-jre-headless",
    ),
    Noise(
        "fontconfig",
        r"(/.*)?/(fontconfig/[0-9a-f-]+[^/]*\.cache-\d+)",
        masks.fontconfig,
        "fontconfig remembers the mtimes of directories",
        "apt-get install fontconfig",
    ),
    Noise(
        "git-index",
        r".*/(\.git|\.git/modules/.+)/index|.*\.git/index",
        masks.git_index,
        "git remembers inodes and times of the files that it has checked out",
        "git clone, git add",
    ),
    Noise("git-reflog", r".*\.git/(modules/.+/)?logs/.+", masks.git_log, "git's logs say when", "git clone, git commit"),
    Noise("npm-index", r".*/_cacache/index-v5/.+", masks.npm_index, "npm's cache says when it asked", "npm install"),
    Noise(
        "archive-times",
        r".*\.(a|bz2|deb|ear|egg|gz|jar|tar|tbz2?|tgz|txz|udeb|war|whl|xz|zip|zst)",
        archives.archive,
        "archives hold the times of their members",
        "tar, zip, ar, dpkg-deb of files that the build has made",
    ),
    Noise("gem-archive", r".*\.gem", masks.gem, "the times of an archive's members, and sums over them", "gem build"),
    Noise(
        "gem-build",
        r".*/gems/.+/Makefile|.*/extensions/.+/gem_make\.out|.*/doc/.+\.ri",
        masks.gem_build,
        "RubyGems compiles in a directory with a random name",
        "gem install of a gem with an extension",
    ),
    Noise(
        "go-cache",
        r".*/([0-9a-f]{2}/[0-9a-f]{64}-a|trim\.txt|testexpire\.txt)",
        masks.go_cache,
        "go's build cache says when it was used",
        "go build",
    ),
    Noise(
        "mariadb-control",
        r"/var/lib/mysql/aria_log_control",
        mariadb.control,
        "the number of a server, and a sum over it",
        "apt-get install mariadb-server",
    ),
    Noise(
        "mariadb-definition",
        r"/var/lib/mysql/.+\.frm",
        mariadb.definition,
        "MariaDB numbers a table's definition by the time, and writes into a view when it was made",
        "apt-get install mariadb-server",
    ),
    Noise(
        "mariadb-tables",
        r"/var/lib/mysql/((mysql|sys)/.+\.(MAD|MAI|ibd)|ib_logfile\d+|aria_log\.\d{8})",
        masks.texts,
        "the server's own tables, and the logs of changes, hold times, sums and positions; their texts are compared",
        "apt-get install mariadb-server",
    ),
    Noise(
        "pid-file",
        r"(/var)?/run/.+\.pid",
        masks.process,
        "the number of a process: threads of the engine's runtime have numbers, too, and are not always as many",
        "a server that a RUN starts",
    ),
    Noise(
        "postgres-control",
        r".*/global/pg_control",
        postgres.control,
        "a cluster's random number, and when it was written last",
        "apt-get install postgresql",
    ),
    Noise(
        "postgres-lock",
        r".*/postmaster\.pid|(/var)?/run/postgresql/\.s\.PGSQL\.\d+\.lock",
        postgres.lock,
        "which process holds it, since when",
        "pg_ctlcluster start in a RUN",
    ),
    Noise(
        "postgres-log",
        r"/var/log/postgresql/.+\.log",
        postgres.log,
        "times, and the numbers of processes",
        "pg_ctlcluster start in a RUN",
    ),
    Noise(
        "postgres-relations",
        r".*/pg_internal\.init",
        postgres.relations,
        "memory of the server, with addresses in it",
        "psql in a RUN",
    ),
    Noise(
        "postgres-statistics",
        r".*/pg_stat/pgstat\.stat",
        postgres.statistics,
        "what the server has counted, and when",
        "pg_ctlcluster stop in a RUN",
    ),
    Noise("pdf-dates", r".*\.pdf", tex.pdf, "a PDF says when it was made", "pdflatex"),
    Noise("tex-dvi", r".*\.dvi", tex.dvi, "a DVI file says when it was made", "latex"),
    Noise(
        "tex-format",
        r"/var/lib/texmf/web2c/(pdftex|tex|metafont)/.+\.(fmt|base)",
        tex.format,
        "TeX's formats hold the minute in which they were made",
        "apt-get install texlive-base",
    ),
    Noise("tex-log", r".*\.log", tex.log, "TeX's logs say when", "apt-get install texlive-base, latex"),
    Noise(
        "tex-ls-R",
        r".*/ls-R",
        tex.listing,
        "TeX lists its directories as the file system does, in no order",
        "apt-get install texlive-base",
    ),
    Noise(
        "postgres-wal",
        r".*/pg_wal/[0-9A-F]{24}",
        postgres.write_ahead,
        "its records hold times, random salts, and the cluster's number",
        "apt-get install postgresql",
    ),
)

NAMES = (
    Name("npm-log", r"(?:/.*)?/_logs/([0-9TZ_-]+)-debug-\d+\.log", "npm names its logs by the time", "npm install"),
)  # fmt: skip
