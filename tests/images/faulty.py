"""A registry that does what can go wrong."""

import gzip
import hashlib
import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any, NamedTuple

from test_store import config, tar_of

Start = Callable[..., Any]
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
INDEX = f'{{"mediaType":"{INDEX_TYPE}","manifests":'.encode()


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
