"""The rules of rich text: sections, lists, quotes, code, and what they are made of."""

from __future__ import annotations

from integrations.sandbox.slack.grammar import Check, array, boolean, integer, one_by_type, string, thing


def _piece(kind: str, required: dict[str, Check], optional: dict[str, Check] | None = None) -> Check:
    return thing({"type": string(one_of={kind}), **required}, optional or {})


_STYLE = thing(
    {},
    dict.fromkeys(
        ("bold", "italic", "strike", "code", "underline", "highlight", "client_highlight", "unlink"), boolean
    ),
)
_STYLED: dict[str, Check] = {"style": _STYLE}
_PIECES: dict[str, Check] = {
    "text": _piece("text", {"text": string()}, _STYLED),
    "link": _piece("link", {"url": string(3_000)}, {**_STYLED, "text": string(least=0), "unsafe": boolean}),
    "emoji": _piece("emoji", {"name": string()}, {**_STYLED, "unicode": string(), "skin_tone": integer(1, 6)}),
    "user": _piece("user", {"user_id": string()}, _STYLED),
    "usergroup": _piece("usergroup", {"usergroup_id": string()}, _STYLED),
    "channel": _piece("channel", {"channel_id": string()}, _STYLED),
    "team": _piece("team", {"team_id": string()}, _STYLED),
    "broadcast": _piece("broadcast", {"range": string(one_of={"here", "channel", "everyone"})}, _STYLED),
    "color": _piece("color", {"value": string()}, _STYLED),
    "date": _piece(
        "date", {"timestamp": integer(0), "format": string()}, {**_STYLED, "url": string(3_000), "fallback": string()}
    ),
}
_ANY = one_by_type(_PIECES)
_IN_CODE = one_by_type({kind: _PIECES[kind] for kind in ("text", "link")})
_SECTION = _piece("rich_text_section", {"elements": array(_ANY, least=0)})
_BORDER: dict[str, Check] = {"border": integer(0, 1)}

ELEMENTS = array(
    one_by_type(
        {
            "rich_text_section": _SECTION,
            "rich_text_list": _piece(
                "rich_text_list",
                {"style": string(one_of={"bullet", "ordered"}), "elements": array(_SECTION)},
                {**_BORDER, "indent": integer(0, 8), "offset": integer(0)},
            ),
            "rich_text_quote": _piece("rich_text_quote", {"elements": array(_ANY)}, _BORDER),
            "rich_text_preformatted": _piece(
                "rich_text_preformatted", {"elements": array(_IN_CODE)}, {**_BORDER, "language": string()}
            ),
        }
    )
)
RICH_TEXT = thing({"type": string(one_of={"rich_text"}), "elements": ELEMENTS}, {"block_id": string(255)})
