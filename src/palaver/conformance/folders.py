"""Contract §5.1: folders, their files, and the agents that look into them."""

from uuid import uuid4

from letta_client.types import Folder
from letta_client.types.folders import FileUploadResponse

from palaver.conformance.checks import Section
from palaver.conformance.visit import Json, Visit

section = Section("folders")

_TEXT = b"The lighthouse is striped.\nThe mill turns.\n"


def _folder(it: Visit) -> Json:
    name = f"conformance {uuid4().hex}"
    made: Json = it.json("POST", "/v1/folders/", {"name": name})
    it.made.append(f"/v1/folders/{made['id']}")
    it.same("the name of a new folder", made["name"], name)
    return made


def _upload(it: Visit, folder_id: str, name: str = "sea.txt", **how: str) -> Json:
    answer = it.http.post(
        f"/v1/folders/{folder_id}/upload", files={"file": (name, _TEXT)}, params=how
    )
    it.same("the status of an upload", answer.status_code, 200)
    uploaded: Json = answer.json()
    return uploaded


@section.check
def made(it: Visit) -> None:
    """A folder is made, read, found by its name, changed and deleted."""
    folder = _folder(it)
    path = f"/v1/folders/{folder['id']}"
    it.typed(Folder, it.json("GET", path))
    found = it.json("GET", "/v1/folders/", name=folder["name"])
    it.same("what its name finds", [one["id"] for one in found], [folder["id"]])
    it.same("a description", it.json("PATCH", path, {"description": "D"})["description"], "D")
    it.same("what deleting answers", it.json("DELETE", path), None)
    it.refused(404, "GET", path)


@section.check
def uploaded(it: Visit) -> None:
    """A file is uploaded, read with its text, listed and deleted; a second one is told apart."""
    folder = _folder(it)["id"]
    first = _upload(it, folder)
    it.typed(FileUploadResponse, first)
    second = _upload(it, folder)
    it.true("their names differ", second, holds=second["file_name"] != first["file_name"])
    skipped = _upload(it, folder, duplicate_handling="skip")
    it.same("what is skipped is the first", skipped["file_name"], first["file_name"])
    path = f"/v1/folders/{folder}"
    read = it.json("GET", f"{path}/files/{first['id']}", include_content=True)
    it.same("its text", read["content"], _TEXT.decode())
    it.same("the status of deleting", it.ask("DELETE", f"{path}/{second['id']}").status_code, 204)
    listed = [one["id"] for one in it.json("GET", f"{path}/files")]
    it.same("the files then", listed, [first["id"]])


@section.check
def opened(it: Visit) -> None:
    """An agent gets a folder, opens a file of it, closes it, and loses the folder again."""
    agent, folder = it.agent(), _folder(it)["id"]
    file = _upload(it, folder)["id"]
    path = f"/v1/agents/{agent.id}"
    it.json("PATCH", f"{path}/folders/attach/{folder}")
    it.same("its folders", [one["id"] for one in it.json("GET", f"{path}/folders")], [folder])

    def open_files() -> list[str]:
        found = it.json("GET", f"{path}/files", is_open=True)["files"]
        return [one["file_id"] for one in found]

    it.json("PATCH", f"{path}/files/{file}/open")
    it.same("what is open", open_files(), [file])
    it.json("PATCH", f"{path}/files/{file}/close")
    it.same("what is open then", open_files(), [])
    it.json("PATCH", f"{path}/folders/detach/{folder}")
    it.same("its folders then", it.json("GET", f"{path}/folders"), [])
