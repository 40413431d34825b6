"""Folders and their files: made, filled, listed and removed."""

import codecs
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from letta_client import (
    APIStatusError,
    ConflictError,
    Letta,
    NotFoundError,
    UnprocessableEntityError,
)

from tests.contract.talk import paged

ABSENT = "source-00000000-0000-4000-8000-00000000dead"


@pytest.fixture
def folder(client: Letta) -> str:
    """The id of an empty folder."""
    return client.folders.create(name=f"notes {uuid4().hex}").id


def put(client: Letta, folder: str, file: str, text: str | bytes = "x", **how: Any) -> Any:
    """Upload a file."""
    content = text if isinstance(text, bytes) else text.encode()
    return client.folders.files.upload(folder, file=(file, content), **how)


def names(client: Letta, folder: str) -> list[str | None]:
    """The names of the files in a folder."""
    return [one.file_name for one in client.folders.files.list(folder, order="asc")]


def test_a_folder_is_made_read_changed_and_removed(client: Letta, http: httpx2.Client) -> None:
    name = f"plans {uuid4().hex}"
    before = http.get("/v1/folders/count").json()
    made = client.folders.create(
        name=name, description="D", instructions="Read first.", metadata={"a": 1},
        embedding="some/model", embedding_chunk_size=100,
    )  # fmt: skip
    assert (made.embedding_config.embedding_model, made.embedding_config.handle) == (
        "none",
        "some/model",
    )
    assert http.get(f"/v1/folders/name/{name}").json() == made.id
    assert http.get("/v1/folders/count").json() == before + 1
    with pytest.raises(ConflictError):
        client.folders.create(name=name)

    file = put(client, made.id, "a.txt", "Tea at noon.")
    changed = client.folders.update(made.id, name=f"{name}!", description=None, metadata={"b": 2})
    assert client.folders.retrieve(made.id) == changed
    assert (changed.name, changed.description, changed.instructions, changed.metadata) == (
        f"{name}!", None, "Read first.", {"b": 2},
    )  # fmt: skip

    assert client.folders.delete(made.id) is None
    for gone in (
        lambda: client.folders.retrieve(made.id),
        lambda: client.folders.files.list(made.id),
        lambda: client.folders.files.retrieve(file.id, folder_id=made.id),
        lambda: client.folders.delete(made.id),
        lambda: put(client, made.id, "b.txt"),
    ):
        with pytest.raises(NotFoundError):
            gone()


def test_folders_are_listed_oldest_first(client: Letta) -> None:
    made = [client.folders.create(name=uuid4().hex) for _ in range(4)]
    ids, first = [one.id for one in made], made[0].id

    up = [one.id for one in client.folders.list(after=first, limit=2)]
    assert up == ids[1:]
    assert paged(lambda limit: client.folders.list(limit=limit, order="desc"))[1][:4] == ids[::-1]
    assert [one.id for one in client.folders.list(name=made[2].name)] == [ids[2]]


def test_a_file_is_read_and_found_again(client: Letta, http: httpx2.Client, folder: str) -> None:
    text = "\n\n".join(f"Paragraph {n} tells of {'rain ' * 200}" for n in range(5))
    made = put(client, folder, "rain.md", text)
    assert (made.source_id, made.file_name, made.file_type) == (folder, "rain.md", "text/markdown")
    assert (made.processing_status, made.file_size, made.content) == ("completed", len(text), None)
    assert made.total_chunks and made.total_chunks >= 5

    read = client.folders.files.retrieve(made.id, folder_id=folder, include_content=True)
    assert read.content == text
    assert client.folders.files.retrieve(made.id, folder_id=folder).content is None
    [listed] = client.folders.files.list(folder, include_content=True)
    assert listed.content == text

    path, page = f"/v1/folders/{folder}/passages", {"order": "asc", "limit": "2"}
    pieces: list[Any] = []
    while some := http.get(path, params=page).json():
        pieces += some
        page["after"] = some[-1]["id"]
    assert "".join(piece["text"] for piece in pieces) == text
    assert {(one["file_id"], one["file_name"], one["source_id"]) for one in pieces} == {
        (made.id, "rain.md", folder)
    }

    client.folders.files.delete(made.id, folder_id=folder)
    assert http.get(path).json() == names(client, folder) == []
    with pytest.raises(NotFoundError):
        client.folders.files.delete(made.id, folder_id=folder)


def test_files_are_listed_newest_first(client: Letta, folder: str) -> None:
    made = [put(client, folder, f"{n}.txt").id for n in range(4)]
    tiled = paged(lambda limit: client.folders.files.list(folder, limit=limit))
    assert tiled == [made[::-1]] * 3


def test_one_name_four_ways(client: Letta, folder: str) -> None:
    def put_as(how: str) -> Any:
        return put(client, folder, "a.tar.gz", how, duplicate_handling=how)

    first = put(client, folder, "a.tar.gz", "first")
    assert put_as("skip").id == first.id
    with pytest.raises(ConflictError, match="another name"):
        put_as("error")
    assert put_as("suffix").file_name == "a.tar_(1).gz"
    assert put(client, folder, "a.tar.gz").file_name == "a.tar_(2).gz"
    replaced = put_as("replace")
    assert replaced.id != first.id
    read = client.folders.files.retrieve(replaced.id, folder_id=folder, include_content=True)
    assert read.content == "replace"
    assert sorted(map(str, names(client, folder))) == ["a.tar.gz", "a.tar_(1).gz", "a.tar_(2).gz"]
    for odd, second in (("/", "/_(1)"), (".", "._(1)"), ("x" * 255, "x" * 251 + "_(1)")):
        put(client, folder, "x.bin", name=odd)
        assert put(client, folder, "x.bin", name=odd).file_name == second
    named = put(client, folder, "x.bin", name="dir/b.txt")
    assert (named.file_name, named.original_file_name) == ("dir/b.txt", "x.bin")


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("empty.txt", b"", ""),
        ("bom.csv", "\ufeffa,b\r\n1,2\r\n".encode(), "a,b\r\n1,2\r\n"),
        ("photo.jpg", b"it is a text", "it is a text"),
        ("notepad.txt", codecs.BOM_UTF16_LE + "雨\r\n".encode("utf-16-le"), "雨\r\n"),
        ("excel.csv", codecs.BOM_UTF16_BE + "é\t1".encode("utf-16-be"), "é\t1"),
        ("雨.html", "<p>雨の日</p>\n".encode(), "<p>雨の日</p>\n"),
    ],
)
def test_what_is_a_text_is_decided_by_what_is_in_it(
    client: Letta, folder: str, name: str, content: bytes, text: str
) -> None:
    made = put(client, folder, name, content)
    read = client.folders.files.retrieve(made.id, folder_id=folder, include_content=True)
    assert (read.file_name, read.content) == (name, text)


@pytest.mark.parametrize(
    "content",
    [b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", b"a\0b", b"\xed\xa0\x80", b"caf\xe9", b"\xff\xfea\0\x00\xd8"],
)
def test_what_is_no_text_is_refused(client: Letta, folder: str, content: bytes) -> None:
    with pytest.raises(APIStatusError, match="UTF-8") as refused:
        put(client, folder, "a.txt", content)
    assert refused.value.status_code == 415
    assert names(client, folder) == []


def test_what_cannot_be_meant_is_refused(client: Letta, http: httpx2.Client, folder: str) -> None:
    for wrong in (
        lambda: put(client, folder, "a.txt", duplicate_handling="keep"),
        lambda: put(client, folder, "a.txt", name="a\nb"),
        lambda: put(client, folder, "a" * 256),
        lambda: client.folders.create(name=""),
        lambda: client.folders.create(name="x", embedding_chunk_size=0),
    ):
        with pytest.raises(UnprocessableEntityError):
            wrong()
    with pytest.raises(NotFoundError):
        put(client, ABSENT, "a.txt")
    path = f"/v1/folders/{folder}/upload"
    assert http.post(path, json={}).status_code == 422
    broken = {"content-type": "multipart/form-data; boundary=x"}
    assert http.post(path, content=b"--y\r\n", headers=broken).status_code == 400
    assert names(client, folder) == []


def test_what_is_in_folders_is_counted(client: Letta, http: httpx2.Client, folder: str) -> None:
    file = put(client, folder, "a.txt", "four")
    path, asked = "/v1/folders/metadata", {"include_detailed_per_source_metadata": True}

    told, plain = http.get(path, params=asked).json(), http.get(path).json()

    assert plain == {**told, "sources": []}
    assert (told["total_sources"], told["total_files"]) == (
        len(told["sources"]),
        sum(one["file_count"] for one in told["sources"]),
    )
    [mine] = [one for one in told["sources"] if one["source_id"] == folder]
    assert (mine["file_count"], mine["total_size"]) == (1, 4)
    assert mine["files"] == [{"file_id": file.id, "file_name": "a.txt", "file_size": 4}]
