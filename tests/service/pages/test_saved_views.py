"""A user names a view of the list; the browser keeps it, and the forms work without JavaScript."""

from __future__ import annotations

from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.pages.endpoint_list import CHOICES, EndpointFilter
from exporters.pages.saved_views import cookie_of, read_views, with_view
from tests.service.pages.samples import client_of, status
from tests.service.samples import legacy, modern

VIEW = {"name": "payments, old", "q": "team=payments", "version": "TLSv1.0", "sort": "expiry"}
LINK = "/endpoints?q=team%3Dpayments&version=TLSv1.0&sort=expiry"
VIEWER = {"via": "1.1 proxy"}


async def test_a_view_is_saved_shown_and_removed() -> None:
    async with client_of(status(modern()), status(legacy())) as client:
        saved = await client.post("/endpoints/views", data=VIEW, headers=VIEWER)
        assert (saved.status_code, saved.headers["location"]) == (303, LINK)
        cookie = saved.headers["set-cookie"]
        assert all(word in cookie for word in ("HttpOnly", "Path=/endpoints", "SameSite=lax"))
        page = (await client.get("/endpoints")).text
        assert f'href="{LINK.replace("&", "&amp;")}">payments, old</a>' in page
        assert 'aria-current="page">payments, old' in (await client.get(LINK)).text
        removed = await client.post("/endpoints/views", data={"remove": VIEW["name"]})
        assert removed.headers["location"] == "/endpoints"
        assert "payments, old" not in (await client.get("/endpoints")).text


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"name": ""}, "a view needs a name"),
        ({"name": "x" * 41}, "a view needs a name of at most 40 characters"),
        ({"name": "x", "strength": "iron"}, "strength must be one of"),
    ],
)
async def test_a_wrong_form_gets_one_sentence(form: dict[str, str], words: str) -> None:
    async with client_of() as client:
        answer = await client.post("/endpoints/views", data=form)
        assert (answer.status_code, words in answer.text) == (400, True)


@pytest.mark.parametrize(("words", "room"), [("x", 20), ("x" * 190, 16)])
def test_there_is_room_for_many_views(words: str, room: int) -> None:
    filters, views = EndpointFilter(q=words), read_views("")
    for number in range(room):
        views = with_view(views, f"view {number}", filters)
    assert read_views(cookie_of(views)) == views
    with pytest.raises(ValueError, match="no room for another view: remove one"):
        with_view(views, "another", filters)


FILTER = st.builds(
    EndpointFilter,
    q=st.text(st.characters(exclude_categories=["C"]), max_size=60),
    **{name: st.sampled_from(["", *values]) for name, values in CHOICES.items()},
    sort=st.sampled_from(["worst", "-expiry", "name"]),
)
NAME = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=40)


@given(NAME, FILTER)
def test_a_browser_returns_what_was_saved(name: str, filters: EndpointFilter) -> None:
    (view,) = read_views(cookie_of(with_view([], name, filters)))
    assert (view.name, view.filters) == (name, filters)


@given(st.text(max_size=200) | st.binary(max_size=200).map(quote))
def test_any_cookie_can_be_read(cookie: str) -> None:
    assert all(view.link.startswith("/endpoints") for view in read_views(cookie))


async def test_a_hostile_cookie_makes_no_element() -> None:
    async with client_of() as client:
        for text in ("<script>", "a%3D%26", "%3Cb%3E%3Dq%253Dx", "\"'", "=" * 3000):
            answer = await client.get("/endpoints", headers={"cookie": f"tlsprobe_views={text}"})
            assert answer.status_code == httpx.codes.OK
            assert "<b>" not in answer.text
