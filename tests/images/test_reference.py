"""Image references: what docker makes of them, and its words for what it refuses (each row was measured on BuildKit)."""

import pytest

from dock2sh.images.reference import InvalidReference, normalise_reference, same_image

HEX = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("busybox", "docker.io/library/busybox:latest"),
        ("debian:12", "docker.io/library/debian:12"),
        ("me/app", "docker.io/me/app:latest"),
        ("docker.io/app", "docker.io/library/app:latest"),
        ("index.docker.io/x:1", "docker.io/library/x:1"),
        ("localhost/x", "localhost/x:latest"),
        ("localhost:5000/x:1", "localhost:5000/x:1"),
        ("[::1]:5000/x", "[::1]:5000/x:latest"),
        ("FOO/bar", "FOO/bar:latest"),
        ("gcr.io/a/b__c-d.e:T_1", "gcr.io/a/b__c-d.e:T_1"),
        (f"x@sha256:{HEX}", f"docker.io/library/x@sha256:{HEX}"),
        (f"x:1@sha256:{HEX}", f"docker.io/library/x:1@sha256:{HEX}"),
        ("a" * 247, f"docker.io/library/{'a' * 247}:latest"),
    ],
)
def test_normalised(text: str, whole: str) -> None:
    assert normalise_reference(text) == whole


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Ubuntu", "invalid reference format: repository name (library/Ubuntu) must be lowercase"),
        ("a/B", "invalid reference format: repository name (a/B) must be lowercase"),
        ("Foo.com/Bar", "invalid reference format: repository name (Bar) must be lowercase"),
        ("foo:bar:baz", "invalid reference format"),
        ("-x", "invalid reference format"),
        ("a//b", "invalid reference format"),
        ("x:", "invalid reference format"),
        ("x@", "invalid reference format"),
        ("", "invalid reference format"),
        ("foo:" + "a" * 129, "invalid reference format"),
        ("a" * 248, "repository name must not be more than 255 characters"),
        ("foo@sha256:abc", "invalid reference format"),
        ("foo@sha256:" + "a" * 36, "invalid checksum digest length"),
        ("foo@md5:" + "a" * 36, "unsupported digest algorithm"),
        ("foo@sha256:AAAA" + "a" * 60, "invalid checksum digest format"),
        (HEX, f"invalid repository name ({HEX}), cannot specify 64-byte hexadecimal strings"),
    ],
)
def test_refused_in_dockers_words(text: str, message: str) -> None:
    with pytest.raises(InvalidReference) as refusal:
        normalise_reference(text)
    assert str(refusal.value) == message


def test_the_digest_decides_where_there_is_one() -> None:
    assert same_image("busybox", "docker.io/library/busybox:latest")
    assert same_image(f"x:1@sha256:{HEX}", f"x:2@sha256:{HEX}")
    assert not same_image(f"x@sha256:{HEX}", "x")
    assert not same_image("x:1", "x:2")
    assert not same_image("No Image", "No Image")
