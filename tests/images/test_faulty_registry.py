"""Pulling from a registry that does all that can go wrong: it is asked again, it is said, and nothing stays."""

import base64
import contextlib
import gzip
import json
import os
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from faulty import INDEX, Faulty, blob, breaking_at, refuse, send
from test_store import add_layer, config, tar_of

from dock2sh.images import ImageError
from dock2sh.images.connections import Ways, may_be_insecure
from dock2sh.images.credentials import Login, challenges, login
from dock2sh.images.pulling import pull, pull_all
from dock2sh.images.store import Store, open_store
from dock2sh.images.transfer import Watch


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


def test_tags_come_in_pages(faulty: Faulty, store: Store) -> None:
    """One more each time, the last one empty, with a link to itself."""

    def page(handler: BaseHTTPRequestHandler, data: bytes) -> bool:
        number = handler.path.rpartition("last=")[2] if "last=" in handler.path else "0"
        tags = [number] if int(number) < 3 else []
        return send(handler, 200, json.dumps({"tags": tags}).encode(), Link=f'<?last={int(number) + 1}>; rel="next"')

    faulty.deeds["tags/list"] = page
    assert [tag for tag, _ in pull_all(store, faulty.name.removesuffix(":1"))] == ["0", "1", "2"]


@pytest.mark.parametrize("tags", [b"{", b'{"tags":[1]}', b'{"tags":"x"}', b"[]", b'{"tags":["a\\u001b"]}'])
def test_tags_that_are_none(faulty: Faulty, store: Store, tags: bytes) -> None:
    faulty.deeds["tags/list"] = lambda handler, data: send(handler, 200, tags)
    with pytest.raises(ImageError, match=r"without a list of tags|invalid"):
        list(pull_all(store, faulty.name.removesuffix(":1")))


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
