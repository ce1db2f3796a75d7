"""What is announced of a leader day (Art. 6): the content that is stored, and the forms it goes out in.

A notice is Chinese, as the web site and the WeChat account print it. Its content is put together once and
stored; text, iCalendar and what callers hear are made of the content alone, so that they never change.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from icalendar import Calendar, Event
from icalendar.enums import STATUS

from telephony.clock import SHANGHAI
from telephony.config import Config
from telephony.rules.leader_day import CANCELLED, POSTPONED, PUBLISHED, SUBSTITUTED
from telephony.rules.spoken_time import spoken_day, spoken_hour, weekday
from telephony.store.leader_days import LeaderDayView, LeaderNoticeView

Content = dict[str, Any]
TITLES = {PUBLISHED: "", POSTPONED: "（延期）", SUBSTITUTED: "（更换接线领导）", CANCELLED: "（取消）"}
PRODID = "-//hotline-telephony//leader days//ZH"
_REPLACED = ("number", "leader", "starts_at", "ends_at", "when")


def content_of(  # noqa: PLR0913 - what a notice says beside the day itself
    day: LeaderDayView,
    config: Config,
    *,
    nth: int,
    kind: str,
    now: datetime,
    reason: str | None = None,
    replaces: Content | None = None,
) -> Content:
    """Return what a day's `nth` notice says; `day` is as it will be, `replaces` the one before it."""
    leader = config.leaders[day.leader]
    content: Content = {
        "number": f"{day.id}-{nth}",
        "day": day.id,
        "seat": day.seat,
        "kind": kind,
        "title": f"领导接线日公告{TITLES[kind]}",
        "centre": config.centres[day.centre].name,
        "leader": {"name": leader.name, "post": leader.post},
        "date": f"{_local(day.starts_at):%Y-%m-%d}",
        "weekday": weekday(_local(day.starts_at).date()),
        "starts_at": _local(day.starts_at).isoformat(),
        "ends_at": _local(day.ends_at).isoformat(),
        "when": _when(day.starts_at, day.ends_at),
        "scope": day.scope,
        "call": _call(day, config),
        "uid": f"leader-day-{day.id}@hotline-{config.hotline.area_code}",
        "reason": reason,
        "replaces": None if replaces is None else {name: replaces[name] for name in _REPLACED},
        "published_at": _local(now).isoformat(timespec="seconds"),
    }
    # Nobody hears of a day that was only played.
    return {**content, "spoken": None if day.played else _spoken(content)}


def spoken_of(content: Mapping[str, Any]) -> str | None:
    """Return what callers hear of a notice; None if a session is as it was announced before."""
    found: str | None = content["spoken"]
    return found


def text_of(content: Mapping[str, Any]) -> str:
    """Return the announcement, as the web site and the WeChat account print it."""
    lines = [content["centre"], content["title"], f"第{content['number']}号", "", *_opening(content)]
    if content["kind"] != CANCELLED:
        leader = content["leader"]
        lines += [
            f"接线领导：{leader['post']} {leader['name']}",
            f"接线时间：{content['when']}",
            f"接线地点：{content['centre']}接线大厅",
            f"受理范围：{content['scope']}",
            f"拨打方式：{_how(content['call'])}",
        ]
    published = datetime.fromisoformat(content["published_at"])
    return "\n".join([*lines, "", content["centre"], _day(published.date())]) + "\n"


def calendar_of(notices: Iterable[LeaderNoticeView]) -> str:
    """Return an iCalendar (RFC 5545) of days, each by its newest notice; times are in Asia/Shanghai."""
    calendar = Calendar.new(prodid=PRODID, method="PUBLISH", subcomponents=[_event(each) for each in notices])
    calendar.pop("UID", None)  # a new one each time: what was announced would never be the same file twice
    calendar.add_missing_timezones()
    text: str = calendar.to_ical().decode()
    return text


def _event(notice: LeaderNoticeView) -> Event:
    content = notice.content
    gone = content["kind"] == CANCELLED
    return Event.new(
        uid=content["uid"],
        sequence=notice.nth - 1,
        stamp=notice.published_at,
        last_modified=notice.published_at,
        start=_at(content["starts_at"]),
        end=_at(content["ends_at"]),
        summary=f"领导接线日：{content['leader']['post']} {content['leader']['name']}",
        location=content["centre"],
        description=text_of(content),
        status=STATUS.CANCELLED if gone else STATUS.CONFIRMED,
    )


def _opening(content: Mapping[str, Any]) -> list[str]:
    replaces, kind = content["replaces"], content["kind"]
    if replaces is None:
        return ["现将领导接线日活动安排公告如下：", ""]
    before = f"第{replaces['number']}号公告的{replaces['when']}领导接线日活动"
    who = "{post} {name}".format(**replaces["leader"])
    said = {
        POSTPONED: f"因{content['reason']}延期。现将延期后的安排公告如下：",
        SUBSTITUTED: f"因{content['reason']}更换接线领导，原为{who}。现将安排公告如下：",
        CANCELLED: f"因{content['reason']}取消。",
    }
    return [f"{before}{said[kind]}", *([] if kind == CANCELLED else [""])]


def _spoken(content: Mapping[str, Any]) -> str | None:
    replaces = content["replaces"]
    if replaces is None or content["kind"] == SUBSTITUTED:
        return None
    planned = f"您好，原定{_said(replaces['starts_at'])}的领导接线日活动"
    if content["kind"] == CANCELLED:
        return f"{planned}取消，敬请谅解。"
    return f"{planned}延期至{_said(content['starts_at'])}，敬请谅解，欢迎届时来电。"


def _call(day: LeaderDayView, config: Config) -> Content:
    seat = config.seats[day.seat]
    menu = config.numbers[seat.main_number].keys if seat.main_number else {}
    keys = [{"key": key, "name": to.name} for key, to in menu.items() if to.queue in day.topics]
    return {"main_number": seat.main_number, "key": seat.key, "own_number": seat.number, "topics": keys}


def _how(call: Mapping[str, Any]) -> str:
    ways = []
    if call["main_number"] is not None:
        topics = "".join(f"，{each['name']}按{each['key']}键" for each in call["topics"])
        ways.append(f"活动期间拨打{call['main_number']}，接通后按{call['key']}键{topics}")
    if call["own_number"] is not None:
        ways.append(f"活动期间拨打领导接线专线{call['own_number']}")
    return "；或".join(ways)


def _said(text: str) -> str:
    at = _at(text)
    return f"{spoken_day(at.date())}{spoken_hour(at)}"


def _when(starts_at: datetime, ends_at: datetime) -> str:
    start, end = _local(starts_at), _local(ends_at)
    # A session may end at midnight: that is 24:00 of its own day.
    ends = "24:00" if end.date() != start.date() else f"{end:%H:%M}"
    return f"{_day(start.date())}（{weekday(start.date())}）{start:%H:%M}—{ends}"


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(SHANGHAI)


def _local(at: datetime) -> datetime:
    return at.astimezone(SHANGHAI)
