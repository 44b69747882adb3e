"""What an installer leaves of its downloads: which `rm` takes it away, and when."""

import pytest
from finding import codes

KEPT = [
    "pip install x && rm -rf ${NVM_DIR}/.cache",
    "pip install x && rm -rf /usr/local/share/.cache",
    "pip install x && rm -rf ~/.cache/yarn",
    "pip install x; echo rm -rf ~/.cache",
    "rm -rf ~/.cache && pip install x",
    "pip2 install x",
    "pip3.11 install x",
    "yum clean all && yum install -y x",
    "zypper clean && zypper -n install x",
    "yarn cache clean && yarn install",
    "dnf install -y x && rm -rf /var/cache/apt",
    "apk add --no-cache a && apk add b",
    "apk add a && rm -rf /var/cache/misc",
]
GONE = [
    "pip install x && rm -rf ~/.cache",
    "pip install x && rm -rf /root/.cache/pip/*",
    'pip install x && rm -rf "$HOME/.cache"',
    "pip install x && rm -rf /home/app/.cache/*",
    "pip install x && rm -rf /root/.[acpw]*",
    "pip install x && find /root/.cache -type f -delete",
    "pip3 install x && pip3 cache purge",
    "export PIP_NO_CACHE_DIR=1 && pip install x",
    "pip config set global.no-cache-dir true && pip install x",
    "PIP_NO_CACHE_DIR=0 pip install x",
    "yum install -y x && yum clean all",
    "yum install -y x && yum -y clean all",
    "dnf install -y x && microdnf clean all",
    "microdnf install -y x; rm -rf /var/cache/*",
    "apk add a && rm -rf /var/cache/{apk,misc}",
    "apk add a && rm -f /var/cache/apk/*",
    "apk add a && rm -rf /var/cache",
    "zypper -n install x && zypper clean -a",
    "yarn install && yarn cache clean",
    "yarn install && rm -rf /usr/local/share/.cache",
]


def told(run: str) -> bool:
    return any(code.startswith("D2S124") for code in codes(f"FROM debian:12\nRUN {run}\n"))


@pytest.mark.parametrize("run", KEPT)
def test_it_stays(run: str) -> None:
    assert told(run)


@pytest.mark.parametrize("run", GONE)
def test_it_is_deleted(run: str) -> None:
    assert not told(run)
