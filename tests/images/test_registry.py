"""Pulling and pushing: a real registry, docker and skopeo at its other end, and a registry that does all that can go wrong."""

import base64
import contextlib
import gzip
import hashlib
import json
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import Request, urlopen

import pytest
from test_store import add_layer, config, tar_of

from dock2sh.images import ImageError, import_image
from dock2sh.images.bring import Wish
from dock2sh.images.connections import Ways, may_be_insecure
from dock2sh.images.credentials import Login, challenges, login
from dock2sh.images.store import Store, Stored, open_store
from dock2sh.images.transfer import Watch, pull, push, push_all

Start = Callable[..., Any]
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    return open_store(str(tmp_path / "images"))


def image_called(store: Store, name: str, text: str = "1") -> Stored:
    layers = [add_layer(store, tar_of(a=text)), add_layer(store, tar_of(b=text * 3_000_000))]
    return store.add_image(config(), layers, [name])


# ---- a real registry


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
    monkeypatch.setattr("dock2sh.images.registry._CHUNK", 1 << 17)
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


# ---- a registry that does what can go wrong


class Blob(NamedTuple):
    digest: str
    data: bytes


def blob(data: bytes) -> Blob:
    return Blob(f"sha256:{hashlib.sha256(data).hexdigest()}", data)


class Faulty:
    """An image in a registry of the test's own. `deeds` are done to answers: a function for the start of a path."""

    def __init__(self) -> None:
        self.layer = tar_of(f="content " * 200_000)
        self.packed = blob(gzip.compress(self.layer, mtime=0) + b"")
        self.config = blob(json.dumps({**config(), "rootfs": {"type": "layers", "diff_ids": [blob(self.layer).digest]}}).encode())
        self.manifest = self.manifest_of(self.packed)
        self.blobs = {one.digest: one.data for one in (self.packed, self.config)}
        self.deeds: dict[str, Callable[[BaseHTTPRequestHandler, bytes], bool]] = {}
        self.asked: list[tuple[str, str]] = []
        self.port = 0

    def manifest_of(self, layer: Blob, size: int = -1) -> bytes:
        size = len(layer.data) if size < 0 else size
        kind = "application/vnd.oci.image"
        return json.dumps({
            "schemaVersion": 2, "mediaType": f"{kind}.manifest.v1+json",
            "config": {"mediaType": f"{kind}.config.v1+json", "digest": self.config.digest, "size": len(self.config.data)},
            "layers": [{"mediaType": f"{kind}.layer.v1.tar+gzip", "digest": layer.digest, "size": size}],
        }).encode()  # fmt: skip

    @property
    def name(self) -> str:
        return f"127.0.0.1:{self.port}/x/app:1"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.asked.append((handler.path, handler.headers.get("Range", "")))
        path = handler.path.removeprefix("/v2/x/app/")
        data = self.manifest if path.startswith("manifests/") else self.blobs.get(path.removeprefix("blobs/"), b"")
        for start, deed in self.deeds.items():
            if path.startswith(start) and deed(handler, data):
                return
        send(handler, 200 if data or path == "/v2/" else 404, data)


def send(handler: BaseHTTPRequestHandler, status: int, data: bytes, **headers: str) -> bool:
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(data)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(data)
    return True


@pytest.fixture
def faulty() -> Iterator[Faulty]:
    registry = Faulty()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            registry.answer(self)

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        registry.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield registry
        server.shutdown()


def refuse(faulty: Faulty, status: int, **headers: str) -> None:
    """What is answered to who asks for the manifest."""
    data = b'{"errors":[{"message":"go away"}]}'
    faulty.deeds["manifests/"] = lambda handler, manifest: send(handler, status, data, **headers)


def breaking_at(*bytes_: int, ranges: bool = True) -> Callable[[BaseHTTPRequestHandler, bytes], bool]:
    """Breaks the connection after so many bytes, once each."""
    left = list(bytes_)

    def deed(handler: BaseHTTPRequestHandler, data: bytes) -> bool:
        asked = handler.headers.get("Range", "")
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and ranges else 0
        if not left:
            return send(handler, 206 if start else 200, data[start:])
        handler.send_response(206 if start else 200)
        handler.send_header("Content-Length", str(len(data) - start))
        handler.end_headers()
        handler.wfile.write(data[start : left.pop(0)])
        handler.wfile.flush()
        handler.connection.close()
        handler.close_connection = True
        return True

    return deed


def test_a_broken_download_goes_on_where_it_was(faulty: Faulty, store: Store) -> None:
    half = len(faulty.packed.data) // 2
    faulty.deeds[f"blobs/{faulty.packed.digest}"] = breaking_at(half, half + 100)
    assert pull(store, faulty.name).layers[0].digest == faulty.packed.digest
    ranges = [asked for path, asked in faulty.asked if faulty.packed.digest in path]
    assert ranges == ["", f"bytes={half}-", f"bytes={half + 100}-"]


def test_it_begins_anew_where_the_registry_knows_no_ranges(faulty: Faulty, store: Store) -> None:
    faulty.deeds[f"blobs/{faulty.packed.digest}"] = breaking_at(len(faulty.packed.data) // 2, ranges=False)
    assert pull(store, faulty.name).layers[0].digest == faulty.packed.digest


def test_the_next_run_goes_on_too(faulty: Faulty, store: Store) -> None:
    half = len(faulty.packed.data) // 2

    def break_always(handler: BaseHTTPRequestHandler, data: bytes) -> bool:
        return breaking_at(half)(handler, data) if not handler.headers.get("Range") else send(handler, 403, b"")

    faulty.deeds[f"blobs/{faulty.packed.digest}"] = break_always
    with pytest.raises(ImageError, match="denied"):
        pull(store, faulty.name)
    assert store.all() == []
    faulty.deeds.clear()
    faulty.deeds[f"blobs/{faulty.packed.digest}"] = breaking_at()
    faulty.asked.clear()
    assert pull(store, faulty.name)
    assert faulty.asked[-1][1] == f"bytes={half}-"
    assert os.listdir(store.folder.place("partial")) == []


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda f: f.blobs.update({f.packed.digest: b"x" * len(f.packed.data)}), "damaged data"),
        (lambda f: f.blobs.update({f.packed.digest: f.packed.data + b"more"}), "sends more of"),
        (lambda f: f.blobs.update({f.packed.digest: f.packed.data[:-9]}), "damaged data"),
        (lambda f: f.blobs.pop(f.packed.digest), "404|HTTP"),
        (lambda f: setattr(f, "manifest", b"{}"), "sent: config is not an object"),
        (lambda f: setattr(f, "manifest", b"<html>"), "sent is no JSON"),
        (lambda f: setattr(f, "manifest", f.manifest.replace(b'"size": ', b'"size": -')), "a size that is none"),
        (lambda f: setattr(f, "manifest", b'{"schemaVersion": 1}'), "schema 1"),
        (lambda f: setattr(f, "manifest", f.manifest.replace(b"layer.v1.tar+gzip", b"cat.picture")), "unknown here"),
        (lambda f: setattr(f, "manifest", f.manifest.replace(b"sha256:", b"../../", 1)), "no digest"),
        (lambda f: setattr(f, "manifest", f.manifest_of(f.packed, 1 << 62)), "damaged data|sends"),
        (lambda f: refuse(f, 200, Docker_Content_Digest="sha256:0"), "damaged manifest"),
        (lambda f: refuse(f, 403), "go away"),
        (lambda f: refuse(f, 401, WWW_Authenticate="Dance x"), "unknown here: dance"),
        (lambda f: refuse(f, 401, WWW_Authenticate='Bearer realm="http://elsewhere.invalid/"'), "without TLS: allow it with"),
    ],
)  # fmt: skip
def test_what_a_registry_does_wrong_is_said_and_leaves_nothing(
    faulty: Faulty, store: Store, spoil: Callable[[Faulty], object], words: str
) -> None:
    spoil(faulty)
    with pytest.raises(ImageError, match=words):
        pull(store, faulty.name)
    assert store.all() == []
    assert os.listdir(store.folder.place("temporary")) == [] if os.path.exists(store.path) else True


def test_a_layer_that_is_not_what_the_config_says_stays_out_of_other_images(faulty: Faulty, store: Store) -> None:
    """Its digest is right and its diff id a lie: it must not become the layer of an image that really has that diff id."""
    good = add_layer(store, faulty.layer)
    store.remove(store.add_image(config(), [good], ["x"]).id)
    lie = blob(gzip.compress(tar_of(evil="1"), mtime=0))
    faulty.blobs[lie.digest], faulty.manifest = lie.data, faulty.manifest_of(lie)
    assert pull(store, faulty.name).layers[0].diff_id == good.diff_id
    assert store.verified(good.diff_id) is None
    again = store.add_image(config("2027"), [add_layer(store, faulty.layer)], ["y"])
    assert store.verified(good.diff_id) == again.layers[0]


def test_a_busy_registry_is_asked_again(faulty: Faulty, store: Store) -> None:
    answers = [503, 429, 200]
    faulty.deeds["manifests/"] = lambda handler, data: send(
        handler, status := answers.pop(0), data if status == 200 else b"", Retry_After="0"
    )
    assert pull(store, faulty.name)


def test_tokens(faulty: Faulty, store: Store, tmp_path: Path) -> None:
    """As nobody, as somebody, and with an identity token: what the realm is told, and that the token comes along."""
    realm = f'Bearer realm="http://127.0.0.1:{faulty.port}/token",service="s",scope="repository:x/app:pull"'

    def guarded(handler: BaseHTTPRequestHandler, data: bytes) -> bool:
        return handler.headers.get("Authorization") != "Bearer t0k" and send(handler, 401, b"", WWW_Authenticate=realm)

    told: list[tuple[str, str]] = []

    def token(handler: BaseHTTPRequestHandler, data: bytes) -> bool:
        told.append((handler.path, handler.headers.get("Authorization", "")))
        return send(handler, 200, b'{"token":"t0k"}')

    faulty.deeds |= {"manifests/": guarded, "blobs/": guarded, "/token": token}
    assert pull(store, faulty.name)
    (tmp_path / "docker").mkdir()
    login = {"auths": {f"127.0.0.1:{faulty.port}": {"username": "me", "password": "p:w"}}}
    (tmp_path / "docker/config.json").write_text(json.dumps(login))
    assert pull(open_store(str(tmp_path / "other")), faulty.name)
    path = "/token?service=s&scope=repository%3Ax%2Fapp%3Apull"
    assert told == [(path, ""), (path, "Basic " + base64.b64encode(b"me:p:w").decode())]


def elsewhere(answer: Callable[[BaseHTTPRequestHandler], bool], told: list[str]) -> ThreadingHTTPServer:
    """Another server, which notes who asks it with what."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            told.append(self.headers.get("Authorization", "nobody"))
            answer(self)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return server


@pytest.mark.parametrize("asks", [False, True])
def test_a_place_that_a_registry_sends_us_on_to_gets_no_login(faulty: Faulty, store: Store, tmp_path: Path, asks: bool) -> None:
    """Neither the token or the password that the registry has, nor one that it asks for itself, with a realm of its own."""
    told: list[str] = []

    def answer(handler: BaseHTTPRequestHandler) -> bool:
        if not asks:
            return send(handler, 200, faulty.packed.data)
        realm = f"http://127.0.0.1:{server.server_address[1]}/token"
        return send(handler, 401, b"", WWW_Authenticate=f'Bearer realm="{realm}", Basic realm="mine"')

    server = elsewhere(answer, told)
    (tmp_path / "docker").mkdir()
    known = {"auths": {f"127.0.0.1:{faulty.port}": {"username": "me", "password": "secret"}}}
    (tmp_path / "docker/config.json").write_text(json.dumps(known))

    def guarded(handler: BaseHTTPRequestHandler, data: bytes) -> bool:
        return not handler.headers.get("Authorization") and send(handler, 401, b"", WWW_Authenticate='Basic realm="r"')

    def moved(handler: BaseHTTPRequestHandler, data: bytes) -> bool:
        place = f"http://127.0.0.1:{server.server_address[1]}/there"
        return guarded(handler, data) or send(handler, 307, b"", Location=place)

    faulty.deeds |= {f"blobs/{faulty.packed.digest}": moved, "manifests/": guarded, "blobs/": guarded}
    with contextlib.ExitStack() as end:
        end.callback(server.shutdown)
        if asks:
            end.enter_context(pytest.raises(ImageError, match="access denied"))
        pull(store, faulty.name)
    assert told == ["nobody"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"<html>", "without a token"),
        (b"[]", "without a token"),
        (b'{"token": "a\\nb"}', "without a token"),
        (b"{}", "without a"),
    ],
)
def test_a_login_server_that_talks_nonsense(faulty: Faulty, store: Store, answer: bytes, words: str) -> None:
    realm = f'Bearer realm="http://127.0.0.1:{faulty.port}/token"'
    faulty.deeds |= {
        "manifests/": lambda handler, data: send(handler, 401, b"", WWW_Authenticate=realm),
        "/token": lambda handler, data: send(handler, 200, answer),
    }
    with pytest.raises(ImageError, match="without a token"):
        pull(store, faulty.name)


def test_an_answer_without_end_is_not_read_to_its_end(faulty: Faulty, store: Store) -> None:
    """Neither a manifest, nor an error, nor a token; nor one that is small only as long as it is compressed."""

    def endless(status: int, block: bytes) -> Callable[[BaseHTTPRequestHandler, bytes], bool]:
        def deed(handler: BaseHTTPRequestHandler, data: bytes) -> bool:
            handler.send_response(status)
            handler.send_header("Content-Length", str(1 << 40))
            handler.end_headers()
            with contextlib.suppress(OSError):
                while True:
                    handler.wfile.write(block)
            handler.close_connection = True
            return True

        return deed

    block = b" " * (1 << 20)
    faulty.deeds["manifests/"] = endless(200, block)
    with pytest.raises(ImageError, match="larger than any"):
        pull(store, faulty.name)
    faulty.deeds["manifests/"] = endless(403, block)
    with pytest.raises(ImageError, match="HTTP 403"):
        pull(store, faulty.name)
    faulty.deeds["manifests/"] = lambda handler, data: send(handler, 200, gzip.compress(bytes(1 << 28)), Content_Encoding="gzip")
    with pytest.raises(ImageError, match="sent is no JSON"):
        pull(store, faulty.name)


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        (['Bearer realm="https://a/t",service="s, Basic x",scope="r:x:pull,push"'],
         {"bearer": {"realm": "https://a/t", "service": "s, Basic x", "scope": "r:x:pull,push"}}),
        (['Basic realm="r", Bearer realm="u",service=s'], {"basic": {"realm": "r"}, "bearer": {"realm": "u", "service": "s"}}),
        (["Negotiate", 'BASIC realm="x"'], {"negotiate": {}, "basic": {"realm": "x"}}),
        ([""], {}),
    ],
)  # fmt: skip
def test_challenges(headers: list[str], found: dict[str, dict[str, str]]) -> None:
    assert challenges(headers) == found


def test_only_digests_that_can_be_checked(faulty: Faulty, store: Store) -> None:
    with pytest.raises(ImageError, match="only sha256"):
        pull(store, faulty.name.removesuffix(":1") + "@sha512:" + "0" * 128)
    assert faulty.asked == []


INDEX = f'{{"mediaType":"{INDEX_TYPE}","manifests":'.encode()


@pytest.mark.parametrize("rest", [b"7}", b"[7]}", b"[null]}", b'[{"digest":7}]}', b'[{"platform":7}]}', b'[{"digest":"../x"}]}'])
def test_an_index_that_is_none(faulty: Faulty, store: Store, rest: bytes) -> None:
    faulty.manifest = INDEX + rest
    with pytest.raises(ImageError, match=r"index that .* sent: manifests.* is not (text|an object|a list)|no digest"):
        pull(store, faulty.name)


def test_an_index_in_an_index(faulty: Faulty, store: Store) -> None:
    """Of one that is its own member there is no end (by a lie: nothing can hold its own digest)."""
    inner = INDEX + json.dumps([{"digest": blob(faulty.manifest).digest, "platform": None}]).encode() + b"}"
    outer = INDEX + json.dumps([{"digest": blob(inner).digest}]).encode() + b"}"
    faulty.deeds["manifests/1"] = lambda handler, data: send(handler, 200, outer)
    faulty.deeds[f"manifests/{blob(inner).digest}"] = lambda handler, data: send(handler, 200, inner)
    assert pull(store, faulty.name).digests == (f"127.0.0.1:{faulty.port}/x/app@{blob(outer).digest}",)


def test_the_image_for_a_platform(faulty: Faulty, store: Store) -> None:
    manifest = faulty.manifest
    index = {
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [
            {"digest": "sha256:" + "0" * 64, "size": 1, "platform": {"os": "unknown", "architecture": "unknown"}},
            {"digest": "sha256:" + "1" * 64, "size": 1, "platform": {"os": "linux", "architecture": "arm", "variant": "v6"}},
            {"digest": blob(manifest).digest, "platform": {"os": "linux", "architecture": "amd64"}},
        ],
    }  # fmt: skip
    top = json.dumps(index).encode()
    faulty.deeds["manifests/1"] = lambda handler, data: send(handler, 200, top)
    image = pull(store, faulty.name, "linux/amd64")
    assert image.digests == (f"127.0.0.1:{faulty.port}/x/app@{blob(top).digest}",), "as docker: the index's"
    with pytest.raises(ImageError, match=r"no matching manifest for linux/arm64 .*: linux/amd64, linux/arm/v6"):
        pull(store, faulty.name, "linux/arm64")


def test_mirrors_come_first_and_the_hub_last(faulty: Faulty, store: Store) -> None:
    said: list[str] = []
    faulty.deeds["/v2/library/thing/"] = lambda handler, data: send(
        handler,
        200,
        faulty.manifest if "manifests" in handler.path else faulty.blobs[handler.path.rpartition("/")[2]],
    )
    ways = Ways(mirrors=("127.0.0.1:1", f"http://127.0.0.1:{faulty.port}"))
    image = pull(store, "thing", ways=ways, watch=Watch(said.append))
    assert image.names == ("docker.io/library/thing:latest",)
    assert said == ["the mirror 127.0.0.1:1 cannot be reached: Connection refused; asking the next"]


@pytest.mark.parametrize(
    ("host", "insecure", "may"),
    [
        ("localhost:5000", (), True),
        ("127.0.0.2", (), True),
        ("[::1]:5000", (), True),
        ("localhost.example", (), False),
        ("127.0.0.1.example:80", (), False),
        ("10.0.0.1:5000", (), False),
        ("registry.example:5000", ("registry.example:5000",), True),
        ("registry.example:5000", ("registry.example",), True),
        ("registry.example:5000", ("registry.example:5001",), False),
    ],
)
def test_without_tls_only_this_machine_or_by_name(host: str, insecure: tuple[str, ...], may: bool) -> None:
    assert may_be_insecure(host, Ways(insecure)) is may


@pytest.mark.parametrize(
    ("settings", "known"),
    [
        ({"auths": {"registry.example": {"auth": base64.b64encode(b"u:p").decode()}}}, Login("u", "p")),
        ({"auths": {"https://registry.example/v1/": {"username": "u", "password": "p"}}}, Login("u", "p")),
        ({"auths": {"registry.example": {"identitytoken": "t"}}}, Login(token="t")),
        ({"auths": {"registry.example.org": {"username": "u"}}}, Login()),
        ({"credsStore": "nosuch-helper"}, "docker-credential-nosuch-helper, which is not installed"),
        ({"credsStore": "../../bin/sh"}, "no name of a program"),
        ({"auths": {"registry.example": {"auth": "%%%"}}}, "cannot be read"),
    ],
)
def test_logins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], known: Login | str) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    (tmp_path / "config.json").write_text(json.dumps(settings))
    if isinstance(known, str):
        with pytest.raises(ImageError, match=known):
            login("registry.example")
    else:
        assert login("registry.example") == known
