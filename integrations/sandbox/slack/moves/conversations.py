"""Channels and direct messages: making them, coming and going, names and topics, what was read."""

from __future__ import annotations

import re
from collections.abc import Iterable

from integrations.sandbox.slack.moves.messages import MessageMoves
from integrations.sandbox.slack.records import Channel, Message, SlackError

_NAME = re.compile(r"[a-z0-9_\-\u00c0-\uffff]+")
_MENTION = re.compile(r"<(?:@(?P<person>\w+)|!subteam\^(?P<group>\w+)|!(?P<all>channel|here|everyone))(?:\|[^>]*)?>")
NAME_LIMIT = 80
TOPIC_LIMIT = 250


class ConversationMoves(MessageMoves):
    """What can be done with a conversation itself."""

    # ---------------------------------------------------------------- making

    def create_channel(self, by: str, name: str, *, private: bool = False) -> Channel:
        self._may_arrange(by)
        name = self._free_name(name)
        channel = Channel(
            id=self.next_id("C"),
            name=name,
            kind="private" if private else "channel",
            members=[by],
            creator=by,
            created=int(self.clock()),
        )
        self.channels[channel.id] = channel
        self.changed("channel_created", channel=channel.id, user=by, name=name)
        self.changed("member_joined_channel", channel=channel.id, user=by, inviter=None)
        return channel

    def open_dm(self, users: Iterable[str], *, by: str | None = None) -> Channel:
        """The conversation of exactly these people (`by` among them); made on the first time."""
        members = list(dict.fromkeys([*([by] if by else []), *(self.person(user).id for user in users)]))
        if len(members) == 1 and by:
            members = [by]
        if not members or len(members) > 9:  # noqa: PLR2004  Slack's bound
            raise SlackError("not_enough_users" if not members else "too_many_users", f"{len(members)} people")
        kind = "im" if len(members) <= 2 else "mpim"  # noqa: PLR2004
        for found in self.channels.values():
            if found.kind == kind and set(found.members) == set(members):
                return found
        handles = "--".join(self.people[member].name for member in members)
        channel = Channel(
            id=self.next_id("D" if kind == "im" else "G"),
            name="" if kind == "im" else f"mpdm-{handles}-1",
            kind="im" if kind == "im" else "mpim",
            members=members,
            creator=members[0],
            created=int(self.clock()),
        )
        self.channels[channel.id] = channel
        self.changed("dm_opened", channel=channel.id, user=members[0])
        return channel

    def dm_with_bot(self, person: str) -> Channel:
        """The app's Messages tab of a person."""
        return self.open_dm([self.bot_user_id], by=self.person(person).id)

    # ---------------------------------------------------------------- coming and going

    def join(self, by: str, channel: str) -> Channel:
        found = self.seen(by, channel)
        if found.kind != "channel":
            raise SlackError("method_not_supported_for_channel_type", f"{found.id} cannot be joined")
        if found.archived:
            raise SlackError("is_archived", found.name)
        if by not in found.members:
            self._enter(found, by, inviter=None)
        return found

    def invite(self, by: str, channel: str, users: Iterable[str]) -> Channel:
        found = self.writable(by, channel)
        if found.is_dm:
            raise SlackError("method_not_supported_for_channel_type", f"{found.id} is a direct message")
        self._may_arrange(by)
        wanted = list(dict.fromkeys(users))
        for user in wanted:
            if user == by:
                raise SlackError("cant_invite_self", f"{by} invites itself")
            if user not in self.people or self.people[user].deleted:
                raise SlackError("user_not_found", f"there is nobody called {user!r}")
            if user in found.members:
                raise SlackError("already_in_channel", f"{user} is in {found.name}")
        for user in wanted:
            self._enter(found, user, inviter=by)
        return found

    def kick(self, by: str, channel: str, user: str) -> None:
        found = self.writable(by, channel)
        self._may_arrange(by)
        if found.is_dm:
            raise SlackError("method_not_supported_for_channel_type", f"{found.id} is a direct message")
        if user == by:
            raise SlackError("cant_kick_self", f"{by} kicks itself")
        if found.is_general:
            raise SlackError("cant_kick_from_general", found.name)
        if self.person(user).id not in found.members:
            raise SlackError("not_in_channel", f"{user} is not in {found.name}")
        found.members.remove(user)
        self.changed("member_left_channel", channel=found.id, user=user, by=by)

    def leave(self, by: str, channel: str) -> bool:
        """True when they were in."""
        found = self.seen(by, channel)
        if found.is_dm:
            raise SlackError("method_not_supported_for_channel_type", f"{found.id} is a direct message")
        if found.archived:
            raise SlackError("is_archived", found.name)
        if by not in found.members:
            return False
        if found.is_general:
            raise SlackError("cant_leave_general", found.name)
        self._note(found, by, "leave", f"<@{by}> has left the channel")
        found.members.remove(by)
        self.changed("member_left_channel", channel=found.id, user=by, by=by)
        return True

    def _enter(self, channel: Channel, person: str, *, inviter: str | None) -> None:
        channel.members.append(person)
        self.changed("member_joined_channel", channel=channel.id, user=person, inviter=inviter)
        extra = {"inviter": inviter} if inviter else {}
        self._note(channel, person, "join", f"<@{person}> has joined the channel", **extra)

    # ---------------------------------------------------------------- names, topics, the end

    def rename(self, by: str, channel: str, name: str) -> Channel:
        found = self._arranged(by, channel)
        old, found.name = found.name, self._free_name(name, but=found.id)
        self.changed("channel_rename", channel=found.id, user=by, name=found.name, old_name=old)
        text = f'has renamed the channel from "{old}" to "{found.name}"'
        self._note(found, by, "name", text, old_name=old, name=found.name)
        return found

    def set_topic(self, by: str, channel: str, topic: str) -> Channel:
        found = self.writable(by, channel)
        if len(topic) > TOPIC_LIMIT:
            raise SlackError("too_long", f"a topic has at most {TOPIC_LIMIT} characters, this has {len(topic)}")
        if found.kind == "im":
            raise SlackError("method_not_supported_for_channel_type", f"{found.id} is a direct message")
        found.topic = topic
        self.changed("channel_topic", channel=found.id, user=by, topic=topic)
        self._note(found, by, "topic", f"set the channel topic: {topic}", topic=topic)
        return found

    def set_purpose(self, by: str, channel: str, purpose: str) -> Channel:
        found = self.writable(by, channel)
        if len(purpose) > TOPIC_LIMIT:
            raise SlackError("too_long", f"a purpose has at most {TOPIC_LIMIT} characters, this has {len(purpose)}")
        if found.is_dm:
            raise SlackError("method_not_supported_for_channel_type", f"{found.id} is a direct message")
        found.purpose = purpose
        self.changed("channel_purpose", channel=found.id, user=by, purpose=purpose)
        self._note(found, by, "purpose", f"set the channel purpose: {purpose}", purpose=purpose)
        return found

    def archive(self, by: str, channel: str) -> None:
        found = self.joined(by, channel)
        self._may_arrange(by)
        if found.is_dm:
            raise SlackError("method_not_supported_for_channel_type", f"{found.id} is a direct message")
        if found.archived:
            raise SlackError("already_archived", found.name)
        if found.is_general:
            raise SlackError("cant_archive_general", found.name)
        self._note(found, by, "archive", f"<@{by}> archived the channel", members=list(found.members))
        found.archived = True
        self.changed("channel_archive", channel=found.id, user=by)

    def unarchive(self, by: str, channel: str) -> None:
        found = self.seen(by, channel)
        self._may_arrange(by)
        if not found.archived:
            raise SlackError("not_archived", found.name or found.id)
        found.archived = False
        self.changed("channel_unarchive", channel=found.id, user=by)

    def _arranged(self, by: str, channel: str) -> Channel:
        found = self.writable(by, channel)
        self._may_arrange(by)
        if found.is_dm:
            raise SlackError("method_not_supported_for_channel_type", f"{found.id} is a direct message")
        return found

    def _may_arrange(self, by: str) -> None:
        person = self.person(by)
        if person.is_restricted or person.is_stranger:
            raise SlackError("user_is_restricted", f"{person.real_name} is a guest")

    def _free_name(self, name: str, *, but: str | None = None) -> str:
        if not name:
            raise SlackError("invalid_name_required", "a channel needs a name")
        name = name.removeprefix("#")
        if len(name) > NAME_LIMIT:
            raise SlackError("invalid_name_maxlength", f"{len(name)} characters; at most {NAME_LIMIT}")
        if not re.search(r"[^\W_]", name):
            raise SlackError("invalid_name_punctuation", f"{name!r} is nothing but punctuation")
        if not _NAME.fullmatch(name) or name != name.lower():
            raise SlackError("invalid_name_specials", f"{name!r}: lowercase letters, digits, - and _ only")
        taken = self.channel_named(name)
        if taken is not None and taken.id != but:
            raise SlackError("name_taken", f"#{name} exists")
        return name

    def _note(self, channel: Channel, by: str, what: str, text: str, **extra: object) -> None:
        """The line in the channel that tells of a move."""
        prefix = "channel" if channel.kind == "channel" else "group"
        self._keep(Message(channel.id, self.next_ts(), by, text, subtype=f"{prefix}_{what}", extra=dict(extra)))

    # ---------------------------------------------------------------- bookmarks

    def add_bookmark(self, by: str, channel: str, title: str, link: str, emoji: str = "") -> dict[str, object]:
        found = self.writable(by, channel)
        if len(found.bookmarks) >= 100:  # noqa: PLR2004  Slack's bound
            raise SlackError("too_many_bookmarks", f"{found.name} has 100")
        now = int(self.clock())
        bookmark: dict[str, object] = {
            "id": self.next_id("Bk"),
            "channel_id": found.id,
            "title": title,
            "link": link,
            "emoji": emoji,
            "type": "link",
            "date_created": now,
            "date_updated": 0,
            "last_updated_by_user_id": by,
            "last_updated_by_team_id": self.team_id,
        }
        found.bookmarks.append(bookmark)
        self.changed("bookmark_changed", channel=found.id)
        return bookmark

    def edit_bookmark(self, by: str, channel: str, bookmark: str, **fields: str) -> dict[str, object]:
        found = self.writable(by, channel)
        for held in found.bookmarks:
            if held["id"] == bookmark:
                held.update(fields, date_updated=int(self.clock()), last_updated_by_user_id=by)
                self.changed("bookmark_changed", channel=found.id)
                return held
        raise SlackError("not_found", f"no bookmark {bookmark!r} in {found.name}")

    def remove_bookmark(self, by: str, channel: str, bookmark: str) -> None:
        found = self.writable(by, channel)
        if all(held["id"] != bookmark for held in found.bookmarks):
            raise SlackError("not_found", f"no bookmark {bookmark!r} in {found.name}")
        found.bookmarks = [held for held in found.bookmarks if held["id"] != bookmark]
        self.changed("bookmark_changed", channel=found.id)

    # ---------------------------------------------------------------- what was read

    def mark_read(self, by: str, channel: str, ts: str) -> None:
        found = self.seen(by, channel)
        self.last_read.setdefault(by, {})[found.id] = ts
        self.changed("read", channel=found.id, ts=ts, user=by)

    def unread(self, by: str, channel: str) -> int:
        """How many messages of others came to the channel itself since they last looked."""
        return sum(1 for _ in self._since(by, channel))

    def mentions(self, by: str, channel: str) -> int:
        """How many of those are for them: by name, by group, to all, or in a direct message."""
        found = self.channel(channel)
        return sum(1 for m in self._since(by, channel) if found.is_dm or self.is_for(by, m))

    def is_for(self, by: str, message: Message) -> bool:
        for hit in _MENTION.finditer(message.text):
            group = self.groups.get(hit["group"] or "")
            if hit["person"] == by or hit["all"] or (group is not None and by in group.users):
                return True
        return False

    def _since(self, by: str, channel: str) -> Iterable[Message]:
        seen = self.last_read.get(by, {}).get(channel, "")
        quiet = {"join", "leave", "archive", "name"}
        for message in reversed(list(self.top_level(channel))):
            if message.ts <= seen:
                return
            if message.user != by and (message.subtype or "").partition("_")[2] not in quiet:
                yield message
