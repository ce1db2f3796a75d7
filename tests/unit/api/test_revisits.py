"""Revisits over HTTP: lists, one whole, and what people make of it."""

import pytest

from telephony.errors import NotAllowedError
from telephony.rules.verdict import Finding, Outcome
from tests.unit.api.revisits import NUMBER, deemed, put_case, replied, settled


def ids(api, query=""):
    return [each["id"] for each in api.get(f"revisits?{query}").json()]


def result(api, revisit_id, **body):
    return api.ask("POST", f"revisits/{revisit_id}/result", json={"by": "王芳"} | body)


@pytest.fixture
def three(api):
    """Three revisits: of 23, 20 and 23 November; the last has no valid number."""
    first = replied(api, "A-1", unit="城管局", category="A")
    second = replied(api, "A-2", at="2026-11-20T10:00:00+08:00", unit="水务局", district="新华区")
    third = replied(api, "A-3", at="2026-11-23T11:00:00+08:00", numbers=["13800005678"])
    settled(api, third["id"], number="13800005678")
    return first["id"], second["id"], third["id"]


def test_open_revisits_are_listed_by_deadline(api, three):
    first, second, _ = three
    assert ids(api, "state=open") == [second, first]


def test_all_revisits_are_listed_the_newest_first(api, three):
    assert ids(api) == sorted(three, reverse=True)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("unit=城管局", [0]),
        ("district=新华区", [1]),
        ("category=A", [0]),
        ("case=A-2", [1]),
        ("verdict=number_invalid", [2]),
        ("state=decided", [2]),
        ("due_before=2026-11-26T00:00:00%2B08:00", [1]),
        ("since=2026-11-23T11:00:00%2B08:00", [2]),
        ("until=2026-11-23T10:00:00%2B08:00", [1]),
        ("state=open&unit=城管局&category=B", []),
    ],
)
def test_a_list_can_be_narrowed(api, three, query, found):
    assert ids(api, query) == [three[index] for index in found]


@pytest.mark.parametrize("state", ["", "state=open", "state=decided"])
def test_a_list_goes_on_after_the_last_one_seen(api, state):
    known = [replied(api, f"A-{n}", numbers=[f"1380000000{n}"])["id"] for n in range(4)]
    if state == "state=decided":
        for n, each in enumerate(known):
            settled(api, each, attempt=f"rv-{n}", number=f"1380000000{n}")
    pages, after = [], ""
    while page := ids(api, f"{state}&limit=3{after}"):
        pages.append(page)
        after = f"&after={page[-1]}"
    assert [len(page) for page in pages] == [3, 1]
    assert sorted(each for page in pages for each in page) == known


def test_after_a_revisit_that_is_not_there_nothing_follows(api, three):
    assert ids(api, "state=open&after=99") == []


@pytest.mark.parametrize(
    "query", ["state=shut", "verdict=deemed", "category=E", "limit=0", "after=0", "unit="]
)
def test_a_filter_that_cannot_be_meant_is_refused(api, query):
    assert api.get(f"revisits?{query}").status_code == 422


def test_one_revisit_is_shown_with_calls_decisions_and_work(api, three):
    found = api.get(f"revisits/{three[2]}").json()
    (attempt,), (decision,), (work,) = found["attempts"], found["decisions"], found["work"]
    assert (attempt["state"], attempt["number"]) == ("invalid_number", "13800005678")
    assert (decision["verdict"], decision["decided_by"]) == ("number_invalid", "rules")
    assert (work["kind"], work["closed_at"]) == ("number_invalid", None)
    assert found["numbers"] == ["13800005678"]


@pytest.mark.parametrize("path", ["revisits/99", "cases/none/revisits"])
def test_what_is_not_there_is_not_found(api, path):
    assert api.get(path).status_code == 404


def test_the_work_list_has_what_waits_for_a_person(api, three):
    (item,) = api.get("revisits/worklist").json()
    assert (item["kind"], item["revisit"]["id"]) == ("number_invalid", three[2])
    assert api.get("revisits/worklist?kind=overdue").json() == []
    assert api.get(f"revisits/worklist?after={item['id']}").json() == []


def test_what_a_citizen_told_a_person_is_the_verdict_and_closes_the_work(api, three):
    found = result(api, three[2], result="satisfied", note="很好", call_id="pc-1").json()
    (rating,) = found["ratings"]
    assert (found["verdict"], rating["given_to"], rating["call_id"]) == ("satisfied", "王芳", "pc-1")
    assert api.get("revisits/worklist").json() == []
    assert api.outbound.dialer.woken[-1] == "now"


def test_a_dissatisfied_citizen_begins_a_new_round(api, three):
    result(api, three[0], result="dissatisfied")
    assert api.get("cases/A-1").json()["round"] == 2
    told = api.get("outbox").json()
    assert [item["topic"] for item in told["items"][-2:]] == ["revisit_decided", "redo"]


def test_a_person_may_find_that_nobody_can_be_reached(api, three):
    found = result(api, three[2], result="unreachable", note="三次无人接听").json()
    assert (found["verdict"], found["decisions"][-1]["decided_by"]) == ("unreachable", "王芳")
    assert found["decisions"][-1]["why"] == "三次无人接听"


@pytest.mark.parametrize(
    "body",
    [
        {"result": "deemed_satisfied", "note": "x"},
        {"result": "number_invalid", "note": "x"},
        {"result": "unreachable"},
        {"result": "satisfied", "by": "rules"},
        {"result": "satisfied", "by": " Survey"},
        {"result": "satisfied", "by": ""},
        {"result": "satisfied", "note": "a\nb"},
    ],
    ids=str,
)
def test_a_result_that_no_person_can_give_is_refused(api, three, body):
    assert result(api, three[0], **body).status_code == 422
    assert api.get(f"revisits/{three[0]}").json()["verdict"] is None


def test_what_the_citizen_said_is_not_outdone_by_a_finding_of_ours(api, three):
    result(api, three[0], result="satisfied")
    assert result(api, three[0], result="unreachable", note="x").status_code == 409
    assert result(api, three[0], result="dissatisfied").json()["verdict"] == "dissatisfied"


def test_a_corrected_number_opens_the_revisit_again(api, three):
    body = {"numbers": ["+8613800000009"], "by": "王芳"}
    found = api.ask("POST", f"revisits/{three[2]}/numbers", json=body).json()
    assert (found["numbers"], found["verdict"]) == (["13800000009"], None)
    assert found["next_at"] == "2026-11-23T14:30:00+08:00"
    assert api.get("revisits/worklist").json() == []


def test_numbers_change_nothing_once_the_citizen_has_spoken(api, three):
    result(api, three[0], result="satisfied")
    body = {"numbers": [NUMBER], "by": "王芳"}
    assert api.ask("POST", f"revisits/{three[0]}/numbers", json=body).status_code == 409


@pytest.mark.parametrize("numbers", [[], ["x"], [NUMBER] * 21], ids=repr)
def test_numbers_that_cannot_be_dialled_are_refused(api, three, numbers):
    body = {"numbers": numbers, "by": "王芳"}
    assert api.ask("POST", f"revisits/{three[0]}/numbers", json=body).status_code == 422


def test_an_agent_calls_from_the_work_list(api, three):
    placed = api.ask("POST", f"revisits/{three[2]}/call", json={"agent": "8001"})
    assert placed.json() == {"call_id": "pc-1"}
    assert api.outbound.person_calls.calls == [(three[2], "8001")]


def test_who_is_no_agent_calls_nobody_and_a_full_trunk_is_told(api, three):
    assert api.ask("POST", "revisits/1/call", json={"agent": "9999"}).status_code == 404
    assert api.outbound.person_calls.calls == []
    api.outbound.person_calls.refusal = NotAllowedError("no channel")
    assert api.ask("POST", "revisits/1/call", json={"agent": "8001"}).status_code == 409


def test_the_outbox_goes_on_after_what_the_platform_has(api, three):
    first = api.get("outbox").json()
    assert [item["payload"]["verdict"] for item in first["items"]] == ["number_invalid"]
    result(api, three[0], result="satisfied")
    more = api.get(f"outbox?after={first['last']}").json()
    assert [item["payload"]["verdict"] for item in more["items"]] == ["satisfied"]
    assert api.get(f"outbox?after={more['last']}").json() == {"items": [], "last": more["last"]}


def test_a_paused_dialer_says_why_until_it_is_resumed(api):
    paused = api.ask("POST", "revisits/pause", json={"reason": "线路检修", "by": "班长"}).json()
    assert (paused["paused"], paused["reason"], paused["asleep"]) == (True, "线路检修", "paused")
    assert api.get("revisits/dialer").json() == paused
    resumed = api.ask("POST", "revisits/resume").json()
    assert (resumed["paused"], resumed["reason"], resumed["asleep"]) == (False, None, "")
    assert api.outbound.dialer.woken == ["now"]
    kinds = [event["kind"] for event in api.get("events").json()["events"]]
    assert kinds == ["dialer_paused", "dialer_resumed"]


def test_the_dialer_shows_its_channels_and_trunks_that_rest(api):
    channels = api.outbound.dialer.channels
    channels.take("carrier")
    for _ in range(5):
        channels.breakers["carrier"].note(Finding(Outcome.FAILED), api.outbound.times.monotonic())
    found = api.get("revisits/dialer").json()
    assert (found["under_way"], found["channels"]) == (1, 20)
    assert found["trunks"] == [{"name": "carrier", "resting": True}]


def test_without_an_outbound_side_its_routes_say_so(api):
    object.__setattr__(api.services, "outbound", None)
    assert api.get("revisits/dialer").status_code == 503
    assert api.get("revisits").status_code == 200


def test_a_number_is_left_in_peace_until_it_may_be_called_again(api):
    put_case(api)
    body = {"reason": "要求人工联系", "expires_at": "2026-12-01T00:00:00+08:00"}
    assert api.ask("PUT", "no-disturb/+8613800001234", json=body).status_code == 200
    entry = api.get(f"no-disturb/{NUMBER}").json()
    assert (entry["reason"], entry["expires_at"]) == (body["reason"], body["expires_at"])
    assert api.get("no-disturb").json() == [entry]
    assert api.ask("DELETE", f"no-disturb/{NUMBER}").status_code == 204
    assert api.get(f"no-disturb/{NUMBER}").status_code == 404
    assert api.ask("DELETE", f"no-disturb/{NUMBER}").status_code == 404


def test_a_wish_not_to_be_disturbed_that_is_over_already_is_refused(api):
    body = {"reason": "x", "expires_at": "2026-11-23T12:00:00+08:00"}
    assert api.ask("PUT", f"no-disturb/{NUMBER}", json=body).status_code == 422


def test_the_decisions_of_a_case_are_audited(api):
    api.put_rows(api.outbound.campaign.begin, api.outbound.times.tick())
    revisit = replied(api, "A-1")
    result(api, revisit["id"], result="unreachable", note="x")
    found = api.get("revisits/audit?case=A-1").json()
    assert (found["agrees"], found["decisions"], found["disagreements"]) == (True, 1, [])
    assert api.get("revisits/audit").status_code == 422


def test_a_plan_says_when_the_next_call_is_and_why_not_earlier(api, three):
    found = api.get(f"revisits/{three[0]}/plan").json()
    assert (found["state"], found["impossible"], found["outside"]) == ("waiting", None, True)
    assert found["next"] == {
        "at": "2026-11-23T14:30:00+08:00",
        "number": NUMBER,
        "band": "14:30-18:00",
        "latest_at": found["next"]["latest_at"],
    }
    assert any(NUMBER in line for line in found["words"])


def test_a_plan_says_why_there_is_no_call(api, three):
    api.ask("PUT", f"no-disturb/{NUMBER}", json={"reason": "x"})
    found = api.get(f"revisits/{three[0]}/plan").json()
    assert (found["next"], found["impossible"]) == (None, "no_disturb")
    assert api.get(f"revisits/{three[2]}/plan").json()["state"] == "decided"
    assert api.get("revisits/99/plan").status_code == 404


@pytest.fixture
def four(api):
    """Four revisits of two units, the first two deemed satisfied."""
    units = ("城管局", "水务局", "水务局", "水务局")
    known = [
        replied(api, f"A-{n}", numbers=[f"138{n:08d}"], unit=unit)["id"] for n, unit in enumerate(units, 1)
    ]
    deemed(api, *known[:2])
    return known


def test_a_report_tells_the_deemed_apart_in_each_group(api, four):
    result(api, four[2], result="satisfied")
    found = api.get("revisits/report?group=unit").json()
    groups = {each["group"]: each for each in found["groups"]}
    water = groups["水务局"]
    assert (water["opened"], water["satisfied"], water["deemed_satisfied"], water["open"]) == (3, 1, 1, 1)
    assert (found["total"]["opened"], found["total"]["deemed_share"]) == (4, 0.6667)
    assert groups["城管局"]["satisfaction_without_deemed"] is None


def test_a_report_is_of_the_replies_of_a_time(api, four):
    found = api.get("revisits/report?group=all&since=2026-11-23T10:00:01%2B08:00").json()
    assert found["total"]["opened"] == 0
    assert api.get("revisits/report?group=colour").status_code == 422


def test_a_sample_is_drawn_from_the_deemed_and_again_by_its_seed(api, four):
    found = api.get("revisits/sample").json()
    assert {each["revisit_id"] for each in found["cases"]} == set(four[:2])
    again = api.get(f"revisits/sample?seed={found['seed']}").json()
    assert again == found
    assert len(api.get("revisits/sample?size=1&seed=1").json()["cases"]) == 1
    assert api.get("revisits/sample?until=2026-11-23T10:00:00%2B08:00").json()["cases"] == []
