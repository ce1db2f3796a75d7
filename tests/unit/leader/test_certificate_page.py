"""The page of a certificate: whole, with nothing in it that runs, whatever people have written."""

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from telephony.leader.certificate import CertificateView
from telephony.leader.certificate_document import worded
from telephony.leader.certificate_page import page
from telephony.rules.leader_certificate import Deviation, digest
from telephony.rules.leader_day_figures import figures
from telephony.rules.leader_figures import Sums
from telephony.store.leader_figures import Satisfaction

AT = "2026-12-10T15:00:00+08:00"
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)> \u202e & 'quote\" {{ 7*7 }}"
VOID = {"meta", "br"}
QUIET = {
    *("html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "small", "table", "thead", "tbody"),
    *("tr", "th", "td", "ul", "li", "br", "section", "strong"),
}


class Reader(HTMLParser):
    """Reads a page as a browser would: its elements in order, its text, and whether all are closed."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.words, self.open = [], set(), [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def call(**values):
    known = {
        "call_id": "1.0",
        "entered_at": AT,
        "entry": "screened",
        "in_scope": True,
        "number": "138****1234",
    }
    known |= {"screened_by": "8803", "screener": "高洁", "summary": "停水", "fate": "answered", "unit": None}
    known |= {"wait_seconds": 75.0, "screening_seconds": 30.0, "talk_seconds": 3661.9, "case_number": "C1"}
    known |= {"result": "on_the_spot", "unit_name": None, "settled": None, "settled_by": None}
    return {**known, "settled_at": None, "settled_note": None, **values}


def view(**values):
    day = {"id": 7, "starts_at": AT, "ends_at": AT, "scope": "供水", "reason": None, "played": 0}
    day |= {"opened_at": AT, "closed_at": AT, "closed_why": None, "seat": "city-hall", "topics": []}
    day |= {"centre": {"code": "city", "name": "市中心"}}
    day |= {"leader": {"code": "mayor-li", "name": "李建国", "post": "市长"}}
    notice = {"nth": 1, "kind": "published", "published_at": AT, "by": "李敏", "reason": None}
    notice["content"] = {
        "starts_at": "2026-12-17T15:00:00+08:00",
        "leader": {"name": "周敏", "post": "副市长"},
    }
    document = {
        "day": day,
        "notices": [notice],
        "presence": {"there_seconds": 7199.9, "paused_seconds": 60.0, "least_seconds": 7200.0},
        "figures": plain(figures(Sums(), {})),
        "recount": {"agrees": True, "differences": []},
        "calls": [call()],
        "deviations": [worded(Deviation("shortfall", {"seconds": 1}))],
        "certified": None,
    }
    known = {"day_id": 7, "state": "closed", "frozen": False, "digest": digest(document), "intact": True}
    known |= {"document": document, "satisfaction": Satisfaction(**dict.fromkeys(SAID, 2))}
    return replace(CertificateView(**known), **values)


SAID = Satisfaction.__dataclass_fields__


def plain(found):
    return {name: vars(value) if hasattr(value, "count") else value for name, value in vars(found).items()}


def changed(part, **values):
    whole = view()
    whole.document[part] |= values
    return whole


def test_the_page_is_whole_and_in_chinese():
    read = Reader(page(view()))
    assert read.open == []
    assert read.tags[0] == "html"
    assert "领导接线日证明" in read.text
    assert "李建国 市长" in read.text
    assert "2026-12-10 15:00:00" in read.text


def test_a_notice_says_who_was_announced_and_for_when():
    text = Reader(page(view())).text
    assert "周敏 2026-12-17 15:00:00 李敏" in text


def test_it_is_printed_on_a4_and_heads_of_tables_come_again_on_each_sheet():
    text = page(view())
    assert "size: A4" in text
    assert "display: table-header-group" in text


@pytest.mark.parametrize("field", ["summary", "number", "screener", "case_number", "unit", "settled_by"])
def test_what_is_written_of_a_call_is_text_and_nothing_else(field):
    whole = view()
    whole.document["calls"] = [call(**{field: HOSTILE, "settled": "noted", "unit_name": None})]
    read = Reader(page(whole))
    assert set(read.tags) <= QUIET
    assert read.attributes <= {"lang", "charset", "http-equiv", "content", "class", "style", "colspan"}
    assert "<script>alert(1)</script>" in read.text
    assert "{{ 7*7 }}" in read.text
    assert "\u202e" not in read.text


@pytest.mark.parametrize("field", ["scope", "closed_why"])
def test_what_is_written_of_a_day_is_text_and_nothing_else(field):
    read = Reader(page(changed("day", **{field: HOSTILE})))
    assert set(read.tags) <= QUIET
    assert "<script>alert(1)</script>" in read.text


def test_the_reason_of_a_deviation_is_text_and_nothing_else():
    whole = view()
    said = {"seconds": 60, "at": "x", "reason": HOSTILE}
    whole.document["deviations"] = [worded(Deviation("closed_early", said))]
    read = Reader(page(whole))
    assert set(read.tags) <= QUIET
    assert read.text.count("<script>alert(1)</script>") == 2


@pytest.mark.parametrize(
    ("by", "said"),
    [("rules", "已回拨 called back 系统自动 the service itself"), ("王芳", "已回拨 called back 王芳")],
)
def test_who_settled_a_call_is_said_and_what_the_service_did_by_itself_in_words(by, said):
    whole = view()
    whole.document["calls"] = [call(settled="called_back", settled_by=by)]
    text = Reader(page(whole)).text
    assert said in text
    assert "rules" not in text


def test_a_long_text_is_whole_and_may_break_anywhere():
    whole = view()
    whole.document["calls"] = [call(summary="长" * 500)]
    text = page(whole)
    assert "长" * 500 in text
    assert "overflow-wrap: anywhere" in text


def test_it_asks_nothing_of_any_other_place():
    text = page(view())
    assert "default-src 'none'" in text
    assert [
        word for word in ("http://", "https://", "src=", "href=", "url(", "@import") if word in text
    ] == []


def test_times_are_never_shown_longer_than_they_were():
    text = Reader(page(view())).text
    assert "1:59:59" in text
    assert "1:01:01" in text


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"frozen": False}, "草稿"),
        ({"intact": False}, "与出具时的指纹不符"),
    ],
)
def test_a_draft_and_a_broken_certificate_say_so(values, words):
    assert words in Reader(page(view(**values))).text
    assert words not in Reader(page(view(frozen=True, intact=True))).text


def test_a_demonstration_says_so():
    assert "演示数据" in Reader(page(changed("day", played=1))).text
    assert "演示数据" not in Reader(page(view())).text


def test_deviations_are_told_and_none_is_said_to_be_none():
    assert "比规定少 0:00:01" in Reader(page(view())).text
    whole = view()
    whole.document["deviations"] = []
    assert "无 none" in Reader(page(whole)).text


def test_who_certified_and_the_digest_stand_at_the_end():
    whole = view(frozen=True)
    whole.document["certified"] = {"at": AT, "by": "王芳"}
    text = Reader(page(whole)).text
    assert "2026-12-10 15:00:00 王芳" in text
    assert whole.digest in text


def test_what_citizens_said_later_is_apart_and_says_that_it_is_no_part_of_it():
    text = Reader(page(view())).text
    assert "不属本证明" in text
    assert "视为满意 deemed satisfied 2" in text
