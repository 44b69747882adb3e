"""A real registry with TLS and an authority of its own, as one has in a company: whom we trust, and who we are."""

import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_registry import image_called

from dock2sh.images import ImageError, connections
from dock2sh.images.connections import Ways
from dock2sh.images.pulling import pull
from dock2sh.images.pushing import push
from dock2sh.images.store import Store, open_store

Start = Callable[..., Any]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Whose registries on this machine are as strange as any other: else they may do without."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr(connections, "_is_loopback", lambda host: False)
    return open_store(str(tmp_path / "images"))


def openssl(*words: object) -> None:
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two authorities; one has signed for 127.0.0.1, and for a client."""
    folder = tmp_path_factory.mktemp("certificates")
    for name in ("authority", "stranger"):
        files = ["-keyout", folder / f"{name}.key", "-out", folder / f"{name}.crt"]
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}", *files)
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    for name in ("server", "client"):
        request = ["-keyout", folder / f"{name}.key", "-out", folder / f"{name}.csr"]
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", *request)
        signer = ["-CA", folder / "authority.crt", "-CAkey", folder / "authority.key", "-CAcreateserial"]
        files = ["-in", folder / f"{name}.csr", "-extfile", folder / "names", "-out", folder / f"{name}.cert"]
        openssl("x509", "-req", "-days", "2", *signer, *files)
    return folder


def tls(made: Path, more: str = "") -> str:
    return f", tls: {{certificate: {made}/server.cert, key: {made}/server.key{more}}}"


def trusted(tmp_path: Path, host: str, *files: Path) -> Path:
    """docker's folder for that registry, of a user's own."""
    folder = tmp_path / "config/docker/certs.d" / host
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def test_whom_we_trust(start_registry: Start, store: Store, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = start_registry(http=tls(made)).host
    image = image_called(store, f"{host}/app:1")
    with pytest.raises(ImageError, match="certificate is not trusted"):
        push(store, f"{host}/app:1")
    trusted(tmp_path, host, made / "stranger.crt")
    with pytest.raises(ImageError, match="certificate is not trusted"):
        push(store, f"{host}/app:1")
    trusted(tmp_path, host, made / "authority.crt")  # each *.crt counts, whatever it is called
    push(store, f"{host}/app:1")
    subprocess.run(["rm", "-r", tmp_path / "config"], check=True)
    other = open_store(str(tmp_path / "other"))
    with pytest.raises(ImageError, match="certificate is not trusted"):
        pull(other, f"{host}/app:1")
    monkeypatch.setenv("SSL_CERT_FILE", str(made / "authority.crt"))  # OpenSSL's own way
    assert pull(other, f"{host}/app:1").id == image.id
    monkeypatch.delenv("SSL_CERT_FILE")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pull(open_store(str(tmp_path / "third")), f"{host}/app:1", ways=Ways(insecure=(host,))).id == image.id


def test_who_we_are(start_registry: Start, store: Store, made: Path, tmp_path: Path) -> None:
    """A registry that knows its clients by certificate: docker's NAME.cert and NAME.key."""
    host = start_registry(http=tls(made, f", clientcas: [{made}/authority.crt]")).host
    image_called(store, f"{host}/app:1")
    folder = trusted(tmp_path, host, made / "authority.crt")
    with pytest.raises(ImageError, match=r"cannot be reached|broke"):
        push(store, f"{host}/app:1")
    trusted(tmp_path, host, made / "client.cert")
    with pytest.raises(ImageError, match=r"client.cert has no .*client.key"):
        push(store, f"{host}/app:1")
    trusted(tmp_path, host, made / "client.key")
    assert push(store, f"{host}/app:1")
    (folder / "authority.crt").write_text("no certificate")
    with pytest.raises(ImageError, match=r"authority.crt cannot be used"):
        push(store, f"{host}/app:1")


def test_without_tls_only_by_name(start_registry: Start, store: Store) -> None:
    host = start_registry().host
    image_called(store, f"{host}/app:1")
    with pytest.raises(ImageError, match="speaks no TLS"):
        push(store, f"{host}/app:1")
    assert push(store, f"{host}/app:1", ways=Ways(insecure=(host,)))
