"""Files: uploads in two steps, sharing, canvases."""

from __future__ import annotations

import mimetypes
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from integrations.sandbox.slack.moves.messages import MessageMoves
from integrations.sandbox.slack.records import File, Message, SlackError

_FILETYPES = {
    "text/plain": "text",
    "image/jpeg": "jpg",
    "text/markdown": "markdown",
    "application/octet-stream": "binary",
}
_PNG = b"\x89PNG\r\n\x1a\n"


class FileMoves(MessageMoves):
    """What can be done with a file."""

    def add_file(
        self,
        by: str,
        name: str,
        content: bytes,
        *,
        title: str = "",
        alt_text: str = "",
        mimetype: str | None = None,
        filetype: str | None = None,
        file_id: str | None = None,
    ) -> File:
        """Kept, and not yet shown to anybody else."""
        self.person(by)
        kind = mimetype or mimetypes.guess_type(name)[0] or ("text/plain" if _is_text(content) else None)
        kind = kind or "application/octet-stream"
        extension = name.rpartition(".")[2].lower() if "." in name else ""
        width, height = _png_size(content)
        file = File(
            id=file_id or self.next_id("F"),
            name=name,
            title=title or name,
            mimetype=kind,
            filetype=filetype or extension or _FILETYPES.get(kind, kind.rpartition("/")[2]),
            size=len(content),
            user=by,
            created=int(self.clock()),
            content=content,
            alt_text=alt_text,
            width=width,
            height=height,
        )
        self.files[file.id] = file
        self.changed("file_created", file=file.id, user=by)
        return file

    def file(self, by: str, file: str) -> File:
        """The file, if `by` owns it or sees a place where it was shared."""
        found = self.files.get(file)
        if found is None or not (found.user == by or any(self.can_see(by, channel) for channel in found.channels)):
            raise SlackError("file_not_found", f"{by} sees no file {file!r}")
        return found

    def share_file(
        self,
        by: str,
        file: str | Sequence[str],
        channel: str,
        *,
        thread_ts: str | None = None,
        text: str = "",
        blocks: Sequence[Mapping[str, Any]] = (),
    ) -> Message:
        """One message with the file, or the files."""
        ids = [file] if isinstance(file, str) else list(file)
        for wanted in ids:
            self.file(by, wanted)
        message = self.post(by, channel, text, blocks=blocks, thread_ts=thread_ts, files=ids)
        for shared in ids:
            self.files[shared].shares.append(
                {"channel": message.channel, "ts": message.ts, "thread_ts": message.thread_ts}
            )
            self.changed(
                "file_shared",
                file=shared,
                user=by,
                channel=message.channel,
                ts=message.ts,
                thread_ts=message.thread_ts,
            )
        return message

    def delete_file(self, by: str, file: str) -> None:
        found = self.file(by, file)
        if found.user != by:
            raise SlackError("cant_delete_file", f"{file} belongs to {found.user}")
        del self.files[file]
        for share in found.shares:
            message = self.find(share["channel"], share["ts"])
            if message is not None:
                message.files = [held for held in message.files if held != file]
                if not message.files and not message.text and not message.blocks:
                    self.delete(message.user, message.channel, message.ts)
        self.changed("file_deleted", file=file, user=by)

    # ---------------------------------------------------------------- canvases

    def create_canvas(self, by: str, title: str, markdown: str, *, channel: str | None = None) -> File:
        found = self.writable(by, channel) if channel else None
        if found is not None and found.canvas in self.files:
            raise SlackError("channel_canvas_already_exists", f"{found.name} has {found.canvas}")
        canvas = self.add_file(
            by,
            f"{title or 'Untitled'}",
            markdown.encode(),
            title=title or "Untitled",
            mimetype="application/vnd.slack-docs",
            filetype="canvas",
        )
        if found is not None:
            found.canvas = canvas.id
            canvas.shares.append({"channel": found.id, "ts": "", "thread_ts": None})
        return canvas

    def canvas(self, by: str, canvas: str) -> File:
        found = self.files.get(canvas)
        if found is None or found.filetype != "canvas":
            raise SlackError("canvas_not_found", f"there is no canvas {canvas!r}")
        if not (found.user == by or any(self.can_see(by, channel) for channel in found.channels)):
            raise SlackError("canvas_not_found", f"{by} sees no canvas {canvas!r}")
        return found

    def write_canvas(self, by: str, canvas: str, markdown: str, *, title: str | None = None) -> File:
        found = self.canvas(by, canvas)
        found.content = markdown.encode()
        found.size = len(found.content)
        if title:
            found.title = found.name = title
        self.changed("file_changed", file=canvas, user=by)
        return found


def _is_text(content: bytes) -> bool:
    try:
        return "\x00" not in content[:4096].decode(errors="strict")
    except UnicodeDecodeError:
        return False


def _png_size(content: bytes) -> tuple[int | None, int | None]:
    if not content.startswith(_PNG) or len(content) < 24:  # noqa: PLR2004  where a PNG's header ends
        return None, None
    width, height = struct.unpack(">II", content[16:24])
    return width, height
