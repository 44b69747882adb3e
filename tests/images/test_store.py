"""The store: images by name and id, what goes when, and that neither a kill nor a second process can harm it."""

import hashlib
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from dock2sh.images import ImageError
from dock2sh.images.exchange import save
from dock2sh.images.store import Layer, Store, open_store

ID = "sha256:{}".format


def tar_of(**files: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()


def add_layer(store: Store, data: bytes) -> Layer:
    return store.add_layer(lambda out: out.write(data))


def config(created: str = "2026-01-01T00:00:00Z", **more: Any) -> dict[str, Any]:
    return {"architecture": "amd64", "os": "linux", "created": created, "config": {"Cmd": ["sh"]}, **more}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path / "images"))


def test_a_layer_is_its_tar(store: Store) -> None:
    data = tar_of(a="1") + bytes(3 << 20)  # more than a block, and not a whole number of them
    pieces = [data[at : at + 700_001] for at in range(0, len(data), 700_001)]
    layer = store.add_layer(lambda out: [out.write(piece) for piece in pieces])
    assert layer == Layer(ID(hashlib.sha256(data).hexdigest()), layer.diff_id, len(data))
    with store.open_layer(layer) as stream:
        assert stream.read() == data


def test_an_image_by_its_name_its_id_and_the_beginning_of_that(store: Store) -> None:
    layer = add_layer(store, tar_of(a="1"))
    image = store.add_image(config(), [layer], ["thing:1"])
    assert image.layers == (layer,)
    assert image.names == ("docker.io/library/thing:1",)
    assert image.config["rootfs"]["diff_ids"] == [layer.diff_id]
    for reference in ("thing:1", "docker.io/library/thing:1", image.id, image.id[7:], image.id[7:19], image.id[:12]):
        assert store.find(reference) == image, reference
    for reference in ("thing", "thing:2", "0" * 64, "No Name", "", "sha256:"):
        assert store.find(reference) is None, reference


def test_the_config_keeps_its_bytes_where_it_has_some(store: Store) -> None:
    layer = add_layer(store, tar_of(a="1"))
    data = json.dumps(config(rootfs={"type": "layers", "diff_ids": [layer.diff_id]}), indent=3).encode()
    assert store.add_image(data, [layer]).id == ID(hashlib.sha256(data).hexdigest())


def test_a_name_moves_and_the_image_that_had_it_stays_nameless(store: Store) -> None:
    layer = add_layer(store, tar_of(a="1"))
    old = store.add_image(config(), [layer], ["x:1"])
    new = store.add_image(config("2027"), [layer], ["x:1", "y"])
    assert store.find(old.id).names == ()  # type: ignore[union-attr]
    assert store.find("x:1").id == new.id  # type: ignore[union-attr]
    assert [image.id for image in store.all()] == [new.id, old.id]


def test_a_name_has_an_image_for_each_platform(store: Store) -> None:
    layer = add_layer(store, tar_of(a="1"))
    intel = store.add_image(config(), [layer], ["x"])
    arm = store.add_image({**config(), "architecture": "arm64", "variant": "v8"}, [layer], ["x"])
    assert store.find("x", "linux/arm64").id == arm.id  # type: ignore[union-attr]
    assert store.find("x", "linux/amd64").id == intel.id  # type: ignore[union-attr]
    assert store.find("x", "linux/s390x") is None


def test_tag_untag_and_removing_as_docker_does(store: Store) -> None:
    layer = add_layer(store, tar_of(a="1"))
    image = store.add_image(config(), [layer], ["x:1"])
    assert store.tag("x:1", "y:2").names == ("docker.io/library/x:1", "docker.io/library/y:2")
    with pytest.raises(ImageError, match="multiple repositories"):
        store.remove(image.id)
    removed = store.remove("x:1")
    assert (removed.untagged, removed.deleted) == (("docker.io/library/x:1",), ())
    assert store.untag("y:2").id == image.id
    assert store.find(image.id).names == ()  # type: ignore[union-attr]
    assert store.remove(image.id[:20]).deleted == (image.id,)
    assert os.listdir(store.folder.place("blobs/sha256")) == []
    with pytest.raises(ImageError, match="no such image: x"):
        store.remove("x")


def test_layers_stay_as_long_as_anything_needs_them(store: Store) -> None:
    shared, own, cached, nobody = (add_layer(store, tar_of(a=text)) for text in ("1", "2", "3", "4"))
    store.add_image(config(), [shared], ["x"])
    store.add_image(config(), [shared, own], ["y"])
    store.remember("a1", {"step": 1}, [cached])
    assert store.remove("y").freed > own.size + nobody.size
    here = [layer for layer in (shared, own, cached, nobody) if store.has_blob(layer.digest, layer.size)]
    assert here == [shared, cached]
    assert store.recall("a1").value == {"step": 1}  # type: ignore[union-attr]
    assert store.layer(cached.diff_id) == cached
    assert store.prune(cache=True).deleted == ()
    assert store.recall("a1") is None
    assert store.layer(shared.diff_id) == shared


def test_nothing_is_collected_under_a_build(store: Store) -> None:
    with store.busy():
        layer = add_layer(store, tar_of(a="1"))
        store.add_image(config(), [add_layer(store, tar_of(a="2"))], ["x"])
        store.remove("x")
        with pytest.raises(ImageError, match="in use"):
            store.prune()
        assert store.collect() is None
        assert store.has_blob(layer.digest)
    assert store.collect()
    assert not store.has_blob(layer.digest)


def test_a_prune_forgets_downloads_that_broke(store: Store) -> None:
    with store.folder.partial("sha256:1") as file:
        file.write(b"half")
    assert os.listdir(store.folder.place("partial")) == ["sha256-1"]
    assert store.prune().freed == 4
    assert not os.path.exists(store.folder.place("partial"))


def test_copies_of_an_engines_images_have_no_name_and_go_with_a_prune(store: Store) -> None:
    image = store.add_image(config(), [add_layer(store, tar_of(a="1"))])
    manifest = Path(store.folder.blob(image.manifest)).read_bytes()
    store.add_manifest(manifest, copy_of="debian:12")
    assert store.find("debian:12") is None
    assert store.find_copy("debian:12").id == image.id  # type: ignore[union-attr]
    store.prune()
    assert store.find_copy("debian:12") is None


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda store, layer: store.add_image(config(), [layer._replace(digest=ID("0" * 64))]), "not in the store"),
        (lambda store, layer: store.add_image(config(), [layer._replace(size=7)]), "not in the store"),
        (lambda store, layer: store.add_image({**config(), "rootfs": {"diff_ids": ["x", "y"]}}, [layer]), "names 2 layers"),
        (lambda store, layer: store.add_blob(lambda out: out.write(b"x"), ID("0" * 64)), "was promised"),
        (lambda store, layer: store.find("../x") or store.open_blob("sha256:../../x").__enter__(), "no digest"),
        (lambda store, layer: store.tag("nobody", "x"), "dock2sh images"),
        (lambda store, layer: Path(store.path, "index.json").write_text("{") and store.all(), "to begin anew"),
    ],
)
def test_what_is_wrong_is_said(store: Store, spoil: Any, words: str) -> None:
    layer = add_layer(store, tar_of(a="1"))
    with pytest.raises(ImageError, match=words):
        spoil(store, layer)
    assert os.listdir(store.folder.place("temporary")) == []


def test_a_short_layer_is_noticed(store: Store) -> None:
    """A power cut: the rename is there, the data is not."""
    layer = add_layer(store, tar_of(a="1"))
    os.truncate(store.folder.blob(layer.digest), 5)
    with pytest.raises(ImageError, match="not whole"), store.open_layer(layer):
        pass


def test_a_writer_that_fails_leaves_nothing(store: Store) -> None:
    def fail(out: BinaryIO) -> None:
        out.write(b"x" * (2 << 20))
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError):
        store.add_layer(fail)
    assert os.listdir(store.folder.place("temporary")) == os.listdir(store.folder.place("blobs/sha256")) == []


@pytest.mark.root
def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(tmp_path)], check=True)
    try:
        store = open_store(str(tmp_path / "images"))
        with pytest.raises(ImageError, match=r"no space left in .*dock2sh rmi"):
            store.add_layer(lambda out: [out.write(os.urandom(1 << 20)) for _ in range(4)])
        small = add_layer(store, tar_of(a="x" * 900_000))
        with pytest.raises(ImageError, match="no space left"):
            store.directory(add_layer(store, tar_of(b="y" * 900_000)))
        assert os.listdir(store.folder.place("temporary")) == os.listdir(store.folder.place("layers")) == []
        assert store.add_image(config(), [small], ["x"]).names
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


@pytest.mark.root
def test_an_unpacked_layer_is_made_once_and_can_be_given(store: Store, tmp_path: Path) -> None:
    layer = add_layer(store, tar_of(a="1"))
    place = store.directory(layer)
    assert Path(place, "a").read_text() == "1"
    before = os.stat(place).st_ino
    assert (store.directory(layer), os.stat(place).st_ino) == (place, before)
    store.add_image(config(), [layer], ["x"])
    upper = tmp_path / "upper"
    upper.mkdir()
    (upper / "b").write_text("2")
    given = store.adopt(str(upper))
    assert store.directory(given) == str(upper)
    assert store.collect() == 0  # bytes of blobs: there was none of it
    assert os.listdir(store.folder.place("layers")) == [layer.diff_id[7:]]
    assert (upper / "b").read_text() == "2"


@pytest.mark.root
def test_the_tar_of_an_adopted_layer_is_written_when_it_is_read(store: Store, tmp_path: Path) -> None:
    upper = tmp_path / "upper"
    upper.mkdir()
    (upper / "big").write_bytes(os.urandom(3_000_000))
    os.link(upper / "big", upper / "same")
    layer = store.adopt(str(upper))
    image = store.add_image(config(), [layer], ["x"])
    assert not os.path.exists(store.folder.blob(layer.digest))
    assert store.verified(layer.diff_id) == layer
    assert store.adopted() == {str(upper)}
    with store.open_layer(layer) as stream:
        data = stream.read()
    assert (f"sha256:{hashlib.sha256(data).hexdigest()}", len(data)) == (layer.digest, layer.size)
    assert store.content_size(layer) == 3_000_000
    with store.open_blob(layer.digest) as stream:  # and again from the beginning, as who looks at the first bytes does
        assert (stream.read(6), stream.seek(0), stream.read(600)) == (data[:6], 0, data[:600])
    (upper / "big").unlink()  # somebody has done what nobody may
    (upper / "same").unlink()
    with pytest.raises(ImageError, match="not what it was"):
        save(store, [(image, ["x"])], io.BytesIO())
    shutil.rmtree(upper)
    with pytest.raises(ImageError, match="not whole"), store.open_layer(layer):
        pass


_WORKER = """
import sys, os
sys.path.insert(0, {here!r})
import test_store as t
store = t.open_store({path!r})
print("begun", flush=True)
for n in range(int(sys.argv[2]), 10**9):
    with store.busy():
        layer = t.add_layer(store, t.tar_of(a=sys.argv[1], b=str(n % 50) * 200_000))
        if os.geteuid() == 0:
            store.directory(layer)
        store.remember(sys.argv[1] + str(n % 7), n, [layer])
        store.add_image(t.config(str(n)), [layer], [sys.argv[1] + ":" + str(n % 5), sys.argv[1]])
    if n % 3 == 0:
        store.remove(sys.argv[1] + ":" + str(n % 5))
"""


def _work(store: Store, *arguments: str) -> subprocess.Popen[str]:
    text = _WORKER.format(here=str(Path(__file__).parent), path=store.path)
    return subprocess.Popen([sys.executable, "-c", text, *arguments], stdout=subprocess.PIPE, text=True)


def _check_whole(store: Store) -> None:
    """Every image has all it names, every layer is its digest, every unpacked one is whole; nobody left anything."""
    for image in store.all():
        for layer in image.layers:
            with store.open_layer(layer) as stream:
                assert ID(hashlib.sha256(stream.read()).hexdigest()) == layer.diff_id
    for name in os.listdir(store.folder.place("layers")):
        assert sorted(os.listdir(store.folder.place("layers", name))) == ["a", "b"]
        assert Path(store.folder.place("layers", name), "b").stat().st_size in (200_000, 400_000)
    with store.busy():
        assert os.listdir(store.folder.place("temporary")) == []


@pytest.mark.slow
def test_killed_at_any_moment(store: Store) -> None:
    """Two at work, one of them killed at random moments, thirty times; the store is whole after each, and nothing piles up."""
    chance = random.Random(7)
    for turn in range(30):
        workers = [_work(store, "one", str(turn * 1000)), _work(store, "two", str(turn * 1000))]
        for worker in workers:
            assert worker.stdout
            worker.stdout.readline()
        time.sleep(chance.random() * 0.15)
        workers[0].send_signal(signal.SIGKILL)
        workers[0].wait()
        time.sleep(chance.random() * 0.02)
        assert workers[1].poll() is None, "the other one was disturbed"
        workers[1].send_signal(signal.SIGKILL)
        workers[1].wait()
        _check_whole(store)
    store.prune(lambda image: True, cache=True)
    assert os.listdir(store.folder.place("blobs/sha256")) == os.listdir(store.folder.place("layers")) == []


@pytest.mark.slow
@pytest.mark.root
def test_two_processes_unpack_one_layer(store: Store) -> None:
    layer = add_layer(store, tar_of(**{f"f{n}": "x" * 100 for n in range(3000)}))
    text = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import test_store as t; "
    text += f"print(t.open_store({store.path!r}).directory(t.Layer(*{tuple(layer)!r})))"
    workers = [subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert {worker.communicate()[0] for worker in workers} == {store.directory(layer) + "\n"}
    assert len(os.listdir(store.directory(layer))) == 3000
    assert os.listdir(store.folder.place("temporary")) == []
