"""The whole way through a review by links and forms alone, without JavaScript."""

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from house import Browser, House, fill, house, open_house, snapshot

from lookalike import cleaning
from lookalike.deciding import decisions
from lookalike.reviewing.choosing import in_order

__all__ = ["house"]


def enter(house: House) -> Browser:
    """Come in by the address that is printed."""
    browser = Browser(f"{house.origin}/?token={house.desk.known.token}")
    browser.go("./")
    return browser


@pytest.fixture
def browser(house: House) -> Iterator[Browser]:
    with closing(enter(house)) as made:
        yield made


def test_the_whole_way(house: House, browser: Browser, tmp_path: Path) -> None:  # noqa: PLR0915 - it is long
    before = snapshot(house.album)
    assert "3 groups of the same picture" in browser.page.text
    assert "0 of 3 groups done" in browser.page.text
    start = next(link for link in browser.page.links if link.startswith("groups/"))
    browser.go(start)
    first = int(browser.place.rsplit("/", 1)[1])

    browser.press("/accept")  # and on to the next one
    second = int(browser.place.rsplit("/", 1)[1])
    assert second != first
    assert "1 of 3 groups done" in browser.page.text

    names = [Path(member.ref.path).name for member in in_order(house.desk.review.group(second))]
    low = next(at for at, name in enumerate(names) if "low" in name)
    browser.press("/mark", image=str(low))  # was proposed to go, and stays now
    assert house.desk.review.choices.all()[second].going == tuple(
        at for at in house.desk.review.choices.all()[second].going if at != low
    )
    browser.press("/mark", image=str(low))
    assert low in house.desk.review.choices.all()[second].going
    browser.press("/keeper", image=str(low))
    chosen = house.desk.review.choices.all()[second]
    assert chosen.keeper == low
    assert len(chosen.going) == 2
    browser.press("take-back")
    assert house.desk.review.choices.all()[second].keeper != low
    assert "taken back" in browser.page.text

    browser.go("../")
    third = ({0, 1, 2} - {first, second}).pop()
    browser.go(f"groups/{third}")
    browser.press("/differ")
    assert house.desk.review.choices.all()[third].keeper is None
    assert "last group" in browser.page.text
    assert len(cleaning_decisions(house)) == 1
    browser.press("take-back")
    assert cleaning_decisions(house) == []

    browser.go("../" if "groups" in browser.place else "")
    browser.go("accept/copy")
    assert "Accept 1 group?" in browser.page.text
    browser.press("accept/copy")
    assert "1 group accepted" in browser.page.text
    assert "3 of 3 groups done" in browser.page.text

    browser.go("plan")
    browser.press("plan")
    assert "go" in browser.wait().text
    plans = list((tmp_path / "plans").iterdir())
    assert len(plans) == 1
    assert len([one for one in json.loads(plans[0].read_text())["decisions"] if one["verdict"] == "remove"]) == 6
    assert snapshot(house.album) == before  # not a file until now

    browser.press("apply", most="yes")
    assert "6 images removed" in browser.wait().text
    left = {path.name for path in house.album.glob("*.jpg")}
    assert len(left) == len([path for path in before if path.endswith(".jpg")]) - 6
    assert "What was removed" in browser.go("./").text
    assert "3 removed" in browser.page.text
    browser.go(f"groups/{first}")
    buttons = [
        one for tag, one in browser.page.elements if tag == "button" and "/keeper" in (one.get("formaction") or "")
    ]
    assert buttons
    assert all("disabled" in one for one in buttons)

    browser.go("../result")
    browser.press("undo")
    assert "6 files back" in browser.wait().text
    after = {path: one for path, one in snapshot(house.album).items() if ".lookalike" not in path}
    assert after == before
    browser.press("quit")
    assert "closed" in browser.page.text
    assert house.server.should_exit


def cleaning_decisions(house: House) -> list[object]:
    return list(decisions(ledger=house.desk.review.ledger))


def test_a_second_review_goes_on_where_the_first_stopped(tmp_path: Path) -> None:
    album = fill(tmp_path / "photos")
    with open_house(album, tmp_path) as house, closing(enter(house)) as browser:
        browser.go("groups/1")
        browser.press("/accept")
        chosen = house.desk.review.choices.all()
    with open_house(album, tmp_path) as again, closing(enter(again)) as browser:
        assert "1 of 3 groups done" in browser.page.text
        assert again.desk.review.choices.all() == chosen
        assert again.desk.known != house.desk.known  # neither cookie nor form value of then
        browser.press("take-back")
        assert "0 of 3 groups done" in browser.page.text


def test_over_half_of_a_folder_needs_a_tick(tmp_path: Path) -> None:
    album = fill(tmp_path / "photos")
    for path in album.glob("9?.jpg"):
        path.unlink()
    before = snapshot(album)
    with open_house(album, tmp_path) as house, closing(enter(house)) as browser:
        browser.go("accept/copy")
        browser.press("accept/copy")
        browser.go("plan")
        browser.press("plan")
        assert "over half" in browser.wait().text
        plan = house.desk.plan
        assert plan is not None
        for fields in ({}, {"most": ""}, {"most": "no"}, {"most": "on"}):
            house.post("/apply", plan=house.desk.plans, **fields)
            assert not house.desk.jobs.busy
            assert "tick that this is right" in browser.go("./plan").text
        assert snapshot(album) == before
        browser.press("apply", most="yes")
        assert "6 images removed" in browser.wait().text


def test_only_the_plan_that_is_shown_is_carried_out(house: House, browser: Browser) -> None:
    before = snapshot(house.album)
    browser.go("groups/0")
    browser.press("/accept")
    browser.go("../plan")
    browser.press("plan")
    browser.wait()
    shown = next(fields["plan"] for _, action, fields in browser.page.forms if action.endswith("apply"))
    for stale in ("", "x", shown + "0", "0", "01", "-1", "2026-01-01T00:00:00+00:00"):
        house.post("/apply", plan=stale, most="yes")
        assert "not the plan that was made last" in browser.go("./plan").text
    with closing(enter(house)) as other:  # another tab
        other.go("groups/1")
        other.press("/accept")
    browser.press("apply", plan=shown, most="yes")
    assert "make it again" in browser.page.text
    assert house.desk.jobs.last is not None
    assert house.desk.jobs.last.name == "Making the plan"
    assert snapshot(house.album) == before


def test_a_plan_made_in_the_same_second_is_another_one(house: House) -> None:
    """Shown in one tab, and made again with more in it in another."""
    house.post("/groups/0/accept")
    house.post("/plan")
    house.done()
    assert house.desk.plan is not None
    shown = house.get("/plan").text.partition('name="plan" value="')[2].partition('"')[0]
    house.post("/groups/1/accept")
    house.post("/plan")
    house.done()
    before = snapshot(house.album)
    house.post("/apply", plan=shown, most="yes")
    house.done()
    assert snapshot(house.album) == before


def test_nothing_is_chosen_while_something_is_under_way(house: House) -> None:
    house.post("/groups/0/accept")
    go, under_way = threading.Event(), threading.Event()

    def work(_progress: object) -> None:
        under_way.set()
        assert go.wait(30)

    house.desk.jobs.start("Waiting", work)
    assert under_way.wait(10)
    before = snapshot(house.album.parent), house.desk.review.choices.all(), house.desk.review.route.order
    try:
        for path in (
            "/groups/1/accept",
            "/groups/1/differ",
            "/take-back",
            "/accept/exact",
            "/order",
            "/plan",
            "/apply",
            "/undo",
        ):
            answer = house.post(path, order="space", image=1)
            assert (answer.code, answer["location"]) == (
                303,
                "../" * (path.count("/") - 1) + ("./" if path.count("/") == 1 else "") + "work",
            )
        assert "Waiting" in house.get("/work").text
        assert "disabled" in house.get("/groups/0").text
        assert (snapshot(house.album.parent), house.desk.review.choices.all(), house.desk.review.route.order) == before
    finally:
        go.set()
        house.done()
    assert house.post("/order", order="space")["location"] == "./"
    assert house.desk.review.route.order == "space"


def test_a_plan_and_a_choice_at_the_same_time_are_one_after_the_other(house: House) -> None:
    """A plan on the table is always of all that was chosen."""
    house.post("/groups/0/accept")
    for _ in range(6):
        sent = [
            threading.Thread(target=house.post, args=(path,), kwargs=fields)
            for path, fields in (
                ("/plan", {}),
                ("/groups/0/mark", {"image": 2}),
                ("/plan", {}),
                ("/groups/0/mark", {"image": 1}),
            )
        ]
        for thread in sent:
            thread.start()
        for thread in sent:
            thread.join()
        house.done()
        if house.desk.plan is not None:
            going = {decision.path for decision in house.desk.plan[0].removals}
            ordered, choice = in_order(house.desk.review.group(0)), house.desk.review.choices.all()[0]
            assert going == {ordered[at].ref.path for at in choice.going}


def test_two_reviews_at_once_know_their_own_cookies(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    with (
        open_house(fill(tmp_path / "one" / "photos", (1,)), tmp_path / "one") as one,
        open_house(fill(tmp_path / "two" / "photos", (1, 2)), tmp_path / "two") as two,
        closing(enter(one)) as browser,
    ):
        browser.place = two.origin + "/"
        browser.go("")
        assert browser.code == 403
        browser.place = f"{two.origin}/?token={two.desk.known.token}"
        browser.go("")
        for house, groups in ((one, "1 group of"), (two, "2 groups of")):
            browser.place = house.origin + "/"
            assert groups in browser.go("").text
        assert two.get("/", ("X", "y")).code == 200
        browser.place = one.origin + "/"
        browser.go("")
        fields = {"form": two.desk.known.form, "order": "space"}
        browser._take("POST", "order", fields)
        assert browser.code == 403


def test_work_and_result_lead_home_where_there_is_none(house: House) -> None:
    for path in ("/work", "/result"):
        answer = house.get(path)
        assert (answer.code, answer["location"]) == (303, "./")
    assert house.post("/undo").code == 303
    house.done()
    assert "nothing was removed in this review" in house.get("/work").text


def test_what_goes_wrong_in_a_job_is_told(house: House) -> None:
    house.post("/plan")
    house.done()
    page = house.get("/work").text
    assert "nothing was chosen to go yet" in page
    assert "refresh" not in page
    assert house.get("/").code == 200


def test_a_refused_removal_is_told(house: House, browser: Browser) -> None:
    browser.go("groups/0")
    browser.press("/accept")
    browser.go("../plan")
    browser.press("plan")
    browser.wait()
    assert house.desk.plan is not None
    going = house.desk.plan[0].removals[0].path
    Path(going).write_bytes(b"edited meanwhile")
    browser.press("apply", most="yes")
    assert "left alone" in browser.wait().text
    assert Path(going).read_bytes() == b"edited meanwhile"
    assert cleaning.history(ledger=house.desk.review.ledger)
