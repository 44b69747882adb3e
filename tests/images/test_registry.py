"""Pulling and pushing: a real registry, docker and skopeo at its other end."""

import base64
import contextlib
import hashlib
import json
import os
import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from faulty import INDEX, INDEX_TYPE
from test_store import add_layer, config, tar_of

from dock2sh.images import ImageError, import_image
from dock2sh.images.bring import Wish
from dock2sh.images.exchange import chosen, save
from dock2sh.images.pulling import pull
from dock2sh.images.pushing import push, push_all
from dock2sh.images.store import Store, Stored, open_store
from dock2sh.images.transfer import Watch

Start = Callable[..., Any]


def image_called(store: Store, name: str, text: str = "1") -> Stored:
    layers = [add_layer(store, tar_of(a=text)), add_layer(store, tar_of(b=text * 3_000_000))]
    return store.add_image(config(), layers, [name])


def test_there_and_back(start_registry: Start, store: Store, tmp_path: Path) -> None:
    host = start_registry().host
    image = image_called(store, f"{host}/team/app:1")
    told: list[tuple[str, str]] = []
    watch = Watch(moved=lambda layer, what, done, total: told.append((layer, what)))
    pushed = push(store, f"{host}/team/app:1", watch=watch)
    assert {what for _, what in told} == {"Pushing", "Pushed"}
    told.clear()
    assert push(store, f"{host}/team/app:1", watch=watch) == pushed
    assert [what for _, what in told] == ["Layer already exists"] * 2
    other = open_store(str(tmp_path / "other"))
    back = pull(other, f"{host}/team/app:1", watch=watch)
    assert (back.id, back.names, back.manifest) == (image.id, image.names, pushed.digest)
    assert back.digests == (f"{host}/team/app@{pushed.digest}",)
    for layer in back.layers:
        with other.open_layer(layer) as stream:
            assert f"sha256:{hashlib.sha256(stream.read()).hexdigest()}" == layer.diff_id
    assert pull(other, f"{host}/team/app@{pushed.digest}").id == image.id
    assert other.find(f"{host}/team/app@{pushed.digest}") == back
    told.clear()
    assert pull(store, f"{host}/team/app:1", watch=watch).layers == image.layers, "what is here is not fetched again"
    assert os.listdir(other.folder.place("partial")) == []
    # pushed on as it was pulled: the same manifest, so the same digest
    other.tag(back.id, f"{host}/team/again:2")
    assert push(other, f"{host}/team/again:2") == pushed


def test_what_an_engine_has_too_is_pushed_on_as_it_came(start_registry: Start, store: Store, tmp_path: Path) -> None:
    """The store has it from an engine, with layers that are not compressed; the registry's manifest counts there all the same."""
    host, there = start_registry().host, start_registry().host
    name = f"{host}/team/app:1"
    image = image_called(store, name)
    pushed = skopeo_pushes(store, name, tmp_path / "archive")
    assert pull(store, name).manifest == image.manifest
    for called in ("team/app:2", "elsewhere:1"):
        store.tag(image.id, f"{host}/{called}")
        assert push(store, f"{host}/{called}").digest == pushed
    # another registry has not these layers, and gets ours
    store.tag(image.id, f"{there}/app:1")
    assert push(store, f"{there}/app:1").digest != pushed
    assert pull(open_store(str(tmp_path / "other")), f"{there}/app:1").id == image.id


def skopeo_pushes(store: Store, name: str, archive: Path) -> str:
    """The image packed by somebody else: its digest there."""
    with archive.open("wb") as file:
        save(store, chosen(store, [name]), file)
    told = ["--digestfile", f"{archive}.digest", "--dest-tls-verify=false", f"docker-archive:{archive}", f"docker://{name}"]
    subprocess.run(["skopeo", "copy", "-q", *told], check=True)
    return Path(f"{archive}.digest").read_text().strip()


class Cutting:
    """Stands before a registry and breaks a connection, once for each of `cuts`, after so many bytes have gone in, or `out`."""

    def __init__(self, host: str, cuts: list[int], out: bool = False) -> None:
        self.target, self.cuts, self.broken, self.out = int(host.rpartition(":")[2]), cuts, 0, out
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.target))
            for pair in ((client, server, not self.out), (server, client, self.out)):
                threading.Thread(target=self._pass_on, args=pair, daemon=True).start()

    def close(self) -> None:
        """Wake the thread first: asleep in accept it would take a connection of whoever gets the number of the socket next."""
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def _pass_on(self, source: socket.socket, target: socket.socket, counted: bool) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 14):
                passed += len(data)
                if counted and self.cuts and passed > self.cuts[0]:
                    self.cuts.pop(0)
                    self.broken += 1
                    break
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def test_a_broken_upload_goes_on_where_the_registry_has_got_to(
    start_registry: Start, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dock2sh.images.uploads._CHUNK", 1 << 17)
    cutting = Cutting(start_registry().host, [300_000, 500_000, 100_000])
    layer = store.add_layer(lambda out: out.write(tar_of(f="x") + os.urandom(2_000_000)))
    image = store.add_image(config(), [layer], [f"{cutting.host}/app:1"])
    push(store, f"{cutting.host}/app:1")
    assert cutting.broken == 3
    assert pull(open_store(str(tmp_path / "other")), f"{cutting.host}/app:1").id == image.id
    cutting.close()


def test_a_broken_download_from_a_real_registry_goes_on(start_registry: Start, store: Store, tmp_path: Path) -> None:
    host = start_registry().host
    cutting = Cutting(host, [300_000, 500_000, 100_000], out=True)
    layer = store.add_layer(lambda out: out.write(tar_of(f="x") + os.urandom(2_000_000)))
    image = store.add_image(config(), [layer], [f"{host}/app:1"])
    push(store, f"{host}/app:1")
    assert pull(open_store(str(tmp_path / "other")), f"{cutting.host}/app:1").id == image.id
    assert cutting.broken == 3
    cutting.close()


def test_every_tag_of_a_repository(start_registry: Start, store: Store) -> None:
    host = start_registry().host
    image = image_called(store, f"{host}/app:1")
    for name in (f"{host}/app:2", f"{host}/app-other:1", f"{host}/app/below:1"):
        store.tag(image.id, name)
    assert [tag for tag, _ in push_all(store, f"{host}/app")] == ["1", "2"]
    with pytest.raises(ImageError, match="manifest unknown"):
        pull(store, f"{host}/app-other:1")
    for name, words in {f"{host}/app:1": "can't be used", f"{host}/nothing": "no image has a name of the repository"}.items():
        with pytest.raises(ImageError, match=words):
            list(push_all(store, name))


def put(host: str, repository: str, what: str, data: bytes, kind: str) -> None:
    """A manifest by hand, as other tools write them."""
    request = Request(f"http://{host}/v2/{repository}/manifests/{what}", data, {"Content-Type": kind}, method="PUT")
    urlopen(request).close()


@pytest.mark.docker
@pytest.mark.root
def test_what_others_have_pushed(start_registry: Start, store: Store, tmp_path: Path) -> None:
    """zstd layers, and an index with an attestation beside the image: pulled, pushed on, and run by docker."""
    host = start_registry().host
    base = import_image("busybox", {}, wish=Wish(store=store))
    layers = [*base.layers, add_layer(store, tar_of(greeting="hello"))]
    told = {**base.config, "rootfs": {"type": "layers", "diff_ids": []}, "history": []}
    store.add_image({**told, "config": {**base.config["config"], "Cmd": ["cat", "/greeting"]}}, layers, [f"{host}/plain:1"])
    push(store, f"{host}/plain:1")
    other = open_store(str(tmp_path / "other"))
    zstd = repacked(store, other, f"{host}/zstd:1")
    manifest = Path(other.folder.blob(zstd.manifest)).read_bytes()
    push(other, f"{host}/zstd:1")
    about = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": zstd.manifest}
    attestation = {"platform": {"os": "unknown", "architecture": "unknown"}, "annotations": about}
    kind = "application/vnd.oci.image.manifest.v1+json"
    entry = {"mediaType": kind, "digest": zstd.manifest, "size": len(manifest)}
    index = [{**entry, "platform": {"os": "linux", "architecture": "amd64"}}, {**entry, **attestation}]
    put(host, "zstd", "index", INDEX + json.dumps(index).encode() + b',"schemaVersion":2}', INDEX_TYPE)
    third = open_store(str(tmp_path / "third"))
    back = pull(third, f"{host}/zstd:index", "linux/amd64")
    assert back.id == zstd.id
    assert {layer.media_type.rpartition("+")[2] for layer in back.layers} == {"zstd"}
    assert Path(third.directory(back.layers[-1]), "greeting").read_text() == "hello"
    try:
        subprocess.run(["docker", "pull", "-q", f"{host}/zstd:index"], check=True, capture_output=True)
        assert subprocess.run(["docker", "run", "--rm", f"{host}/zstd:index"], check=True, capture_output=True).stdout == b"hello"
    finally:
        subprocess.run(["docker", "rmi", f"{host}/zstd:index"], check=False, capture_output=True)


def repacked(store: Store, other: Store, name: str) -> Stored:
    """The image of one store, in another, its layers compressed by the program zstd."""
    image = next(one for one in store.all() if any("/plain:1" in known for known in one.names))
    layers = []
    for layer in image.layers:
        with store.open_layer(layer) as stream:
            packed = subprocess.run(["zstd", "-qc"], input=stream.read(), check=True, capture_output=True).stdout
        digest, size = other.add_blob(lambda out, packed=packed: out.write(packed))
        layers.append(layer._replace(digest=digest, size=size, media_type="application/vnd.oci.image.layer.v1.tar+zstd"))
    with store.open_blob(image.id) as file:
        return other.add_image(file.read(), layers, [name])


@pytest.mark.docker
@pytest.mark.root
def test_docker_and_skopeo_at_the_other_end(start_registry: Start, store: Store, tmp_path: Path) -> None:
    host = start_registry().host
    name = f"{host}/dock2sh-there:1"
    base = import_image("busybox", {}, wish=Wish(store=store))
    layer = add_layer(store, tar_of(greeting="hello"))
    config = {**base.config, "rootfs": {"type": "layers", "diff_ids": []}, "history": []}
    config["config"] = {**base.config["config"], "Cmd": ["cat", "/greeting"]}
    image = store.add_image(config, [*base.layers, layer], [name])
    pushed = push(store, name)
    subprocess.run(["docker", "pull", "-q", name], check=True, capture_output=True)
    try:
        told = json.loads(subprocess.run(["docker", "inspect", name], check=True, capture_output=True).stdout)[0]
        assert (told["Id"], told["RepoDigests"]) == (image.id, [f"{host}/dock2sh-there@{pushed.digest}"])
        assert subprocess.run(["docker", "run", "--rm", name], check=True, capture_output=True).stdout == b"hello"
        skopeo = ["skopeo", "copy", "-q", "--src-tls-verify=false", f"docker://{name}"]
        subprocess.run([*skopeo, f"oci:{tmp_path}/layout:1"], check=True)
        assert json.loads((tmp_path / "layout/index.json").read_text())["manifests"][0]["digest"] == pushed.digest
        # and what docker pushes (its own manifest format) comes here as it is
        subprocess.run(["docker", "tag", name, f"{name}-docker"], check=True)
        subprocess.run(["docker", "push", "-q", f"{name}-docker"], check=True, capture_output=True)
        other = open_store(str(tmp_path / "other"))
        back = pull(other, f"{name}-docker")
        assert back.id == image.id
        assert "docker.distribution.manifest" in other.media_type(back)
        assert Path(other.directory(back.layers[0]), "bin/busybox").exists()
        subprocess.run(["skopeo", "copy", "-q", f"oci:{store.path}:{name}", f"oci:{tmp_path}/from-store"], check=True)
    finally:
        subprocess.run(["docker", "rmi", name, f"{name}-docker"], check=False, capture_output=True)


def test_a_registry_with_passwords(start_registry: Start, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The password is "secret"."""
    (tmp_path / "htpasswd").write_text("me:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n")
    host = start_registry(f"auth: {{htpasswd: {{realm: r, path: {tmp_path}/htpasswd}}}}\n").host
    image_called(store, f"{host}/app:1")
    with pytest.raises(ImageError, match=f"{host} wants a login: docker login {host}"):
        push(store, f"{host}/app:1")
    (tmp_path / "docker").mkdir()
    wrong, right = (base64.b64encode(f"me:{word}".encode()).decode() for word in ("wrong", "secret"))
    (tmp_path / "docker/config.json").write_text(json.dumps({"auths": {host: {"auth": wrong}}}))
    with pytest.raises(ImageError, match=r"access denied .*docker login"):
        push(store, f"{host}/app:1")
    (tmp_path / "docker/config.json").write_text(json.dumps({"auths": {f"https://{host}/v2/": {"auth": right}}}))
    assert push(store, f"{host}/app:1")
    helper = tmp_path / "docker-credential-test"
    helper.write_text(
        f"#!/bin/sh\n[ $1 = get ] && [ $(cat) = {host} ] || exit 1\n"
        """echo '{"Username":"me","Secret":"secret"}'\n"""
    )
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    (tmp_path / "docker/config.json").write_text(json.dumps({"credHelpers": {host: "test"}}))
    assert pull(open_store(str(tmp_path / "other")), f"{host}/app:1")
