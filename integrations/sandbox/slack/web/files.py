"""Files: the upload in three steps, what is known of them, and their bytes."""

from __future__ import annotations

from dataclasses import replace

from aiohttp import web
from aiohttp.web_request import FileField

from integrations.sandbox.slack import shapes
from integrations.sandbox.slack.records import SlackError, Wire
from integrations.sandbox.slack.state import Workspace
from integrations.sandbox.slack.web.method import Call, Upload, method

LARGEST = 50 * 1024 * 1024  # of this workspace, which is in memory; Slack's own is 1 GB


@method("files.getUploadURLExternal", "files:write", required=("filename", "length"))
def get_upload_url(call: Call) -> Wire:
    length = call.arguments.number("length", 0, least=0)
    if length == 0:
        what = "[ERROR] must be greater than 0 [json-pointer:/length]"
        raise SlackError("invalid_arguments", "an empty file", messages=[what])
    if length > LARGEST:
        raise SlackError("file_upload_size_restricted", f"{length} bytes; at most {LARGEST}")
    upload = Upload(
        call.workspace.next_id("F"), call.arguments.text("filename"), length, call.arguments.text("alt_txt")
    )
    call.uploads[upload.id] = upload
    return {"upload_url": f"{call.workspace.base_url}/upload/v1/{upload.id}", "file_id": upload.id}


async def take(request: web.Request, uploads: dict[str, Upload]) -> web.Response:
    """Raw bytes, or a form with one file in it."""
    upload = uploads.get(request.match_info["upload"])
    if upload is None:
        return web.Response(status=404, text="no such upload")
    if request.content_type == "multipart/form-data":
        held = next((one for one in (await request.post()).values() if isinstance(one, FileField)), None)
        content = held.file.read() if held is not None else b""
    else:
        content = await request.read()
    if len(content) != upload.length:
        return web.Response(status=400, text=f"{len(content)} bytes came, {upload.length} were announced")
    uploads[upload.id] = replace(upload, content=content)
    return web.Response(text=f"OK - {len(content)}")


@method("files.completeUploadExternal", "files:write", required=("files",))
def complete_upload(call: Call) -> Wire:
    arguments, workspace = call.arguments, call.workspace
    told = arguments.objects("files")
    if not told:
        raise SlackError("invalid_arguments", messages=["[ERROR] no less than 1 items allowed [json-pointer:/files]"])
    for one in told:
        upload = call.uploads.get(str(one.get("id")))
        if upload is None or upload.content is None:
            raise SlackError("file_not_found", f"nothing was uploaded as {one.get('id')!r}")
    channels = [arguments.text("channel_id")] if "channel_id" in arguments else arguments.words("channels")
    for channel in channels:
        if channel not in workspace.channels:
            raise SlackError("channel_not_found", channel)
        workspace.writable(call.bot, channel)
    blocks = arguments.blocks()
    for one in told:
        upload = call.uploads.pop(one["id"])
        title = str(one.get("title") or "")
        workspace.add_file(
            call.bot, upload.name, upload.content or b"", title=title, alt_text=upload.alt_text, file_id=upload.id
        )
    ids = [one["id"] for one in told]
    for channel in channels:
        workspace.share_file(
            call.bot,
            ids,
            channel,
            thread_ts=arguments.maybe("thread_ts"),
            text=arguments.text("initial_comment"),
            blocks=blocks or (),
        )
    return {"files": [shapes.file(workspace, workspace.files[one]) for one in ids]}


@method("files.info", "files:read", required=("file",))
def info(call: Call) -> Wire:
    held = call.workspace.file(call.bot, call.arguments.text("file"))
    return {
        "file": shapes.file(call.workspace, held),
        "comments": [],
        "response_metadata": {"next_cursor": ""},
    }


@method("files.list", "files:read")
def list_(call: Call) -> Wire:
    arguments = call.arguments
    count, number = arguments.number("count", 100, least=1, most=1_000), arguments.number("page", 1, least=1)
    channel, user = arguments.maybe("channel"), arguments.maybe("user")
    if channel is not None:
        call.channel()
    found = []
    for held in reversed(call.workspace.files.values()):
        seen = held.user == call.bot or any(call.workspace.can_see(call.bot, one) for one in held.channels)
        if seen and (channel is None or channel in held.channels) and user in {None, held.user}:
            found.append(shapes.file(call.workspace, held))
    start = (number - 1) * count
    pages = max(1, -(-len(found) // count))
    return {
        "files": found[start : start + count],
        "paging": {"count": count, "total": len(found), "page": number, "pages": pages},
    }


@method("files.delete", "files:write", required=("file",))
def delete(call: Call) -> Wire:
    call.workspace.delete_file(call.bot, call.arguments.text("file"))
    return {}


def give(request: web.Request, workspace: Workspace, by: str | None) -> web.StreamResponse:
    """The bytes, if `by` may see them; nobody in particular is sent to where people sign in, as Slack does."""
    file_id = request.match_info["file"]
    if by is None and request.headers.get("Sec-Fetch-Site") != "same-origin":
        raise web.HTTPFound(f"/?redir=/files/{file_id}/{request.match_info['name']}")
    try:
        held = workspace.file(by, file_id) if by is not None else workspace.files[file_id]
    except (SlackError, KeyError):
        return web.Response(status=404, text="file_not_found")
    headers = {
        # What somebody uploaded is never run as a page of ours.
        "Content-Security-Policy": "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'",
        "X-Content-Type-Options": "nosniff",
    }
    if "download" in request.query or not held.mimetype.startswith(("image/", "text/plain")):
        headers["Content-Disposition"] = "attachment"
    return web.Response(body=held.content, content_type=held.mimetype, headers=headers)
