"""Kept answers: made once however many ask, never of another version, never of an error, never without limit."""

from __future__ import annotations

import asyncio

import pytest
from fastapi import Request, Response
from fastapi.responses import JSONResponse

from api.answers import Answers


def asked(path: str = "/a", query: bytes = b"") -> Request:
    return Request({"type": "http", "method": "GET", "path": path, "query_string": query, "headers": []})


def nothing(tag: str) -> bool:
    """Who asks has no answer yet."""
    return False


class Maker:
    def __init__(self, answer: Response | Exception) -> None:
        self.answer, self.times = answer, 0

    async def __call__(self) -> Response:
        self.times += 1
        await asyncio.sleep(0.01)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_fifty_who_ask_at_once_cost_one_answer() -> None:
    async def ask() -> None:
        answers, make = Answers(), Maker(JSONResponse({"n": 1}))
        found = await asyncio.gather(*(answers.get(asked(), "t1", make, nothing) for _ in range(50)))
        assert {each.body for each in found} == {b'{"n":1}'}
        again = await answers.get(asked(), "t1", make, nothing)
        assert (again.body, again.media_type, make.times) == (b'{"n":1}', "application/json", 1)

    asyncio.run(ask())


def test_another_version_or_question_is_another_answer() -> None:
    async def ask() -> None:
        answers, make = Answers(), Maker(JSONResponse([]))
        for path, query, tag in (("/a", b"", "t1"), ("/a", b"", "t2"), ("/a", b"q=x", "t2"), ("/b", b"", "t2")):
            await answers.get(asked(path, query), tag, make, nothing)
        assert make.times == 4

    asyncio.run(ask())


def test_a_failure_is_told_to_all_who_wait_and_not_kept() -> None:
    async def ask() -> None:
        answers, fail = Answers(), Maker(LookupError("away"))
        found = await asyncio.gather(
            *(answers.get(asked(), "t", fail, nothing) for _ in range(3)), return_exceptions=True
        )
        assert [type(each) for each in found] == [LookupError] * 3
        assert (await answers.get(asked(), "t", Maker(JSONResponse(1)), nothing)).body == b"1"
        refused = Maker(JSONResponse({}, status_code=400))
        found_wrong = await answers.get(asked("/x"), "t", refused, nothing)
        assert (found_wrong.status, found_wrong.tag) == (400, "")
        await answers.get(asked("/x"), "t", refused, nothing)
        assert refused.times == 2

    asyncio.run(ask())


def test_who_goes_away_does_not_take_the_answer_from_the_others() -> None:
    async def ask() -> None:
        answers, make = Answers(), Maker(JSONResponse(1))
        first = asyncio.ensure_future(answers.get(asked(), "t", make, nothing))
        other = asyncio.ensure_future(answers.get(asked(), "t", make, nothing))
        await asyncio.sleep(0)
        first.cancel()
        assert (await other).body == b"1"
        with pytest.raises(asyncio.CancelledError):
            await first
        assert make.times == 1

    asyncio.run(ask())


def test_the_longest_unused_answers_go_first() -> None:
    async def ask() -> None:
        answers, make = Answers(most=25), Maker(JSONResponse("12345678"))  # ten bytes each
        for path in ("/a", "/b", "/a", "/c"):
            await answers.get(asked(path), "t", make, nothing)
        assert make.times == 3
        await answers.get(asked("/a"), "t", make, nothing)
        assert make.times == 3
        await answers.get(asked("/b"), "t", make, nothing)
        assert make.times == 4

    asyncio.run(ask())


def test_the_tag_is_of_what_is_said_and_not_of_the_version() -> None:
    async def ask() -> None:
        answers = Answers()
        first, same = [await answers.get(asked(), v, Maker(JSONResponse([1])), nothing) for v in ("t1", "t2")]
        other = await answers.get(asked(), "t3", Maker(JSONResponse([2])), nothing)
        assert first.tag == same.tag != other.tag

    asyncio.run(ask())


def test_who_has_an_answer_too_large_to_be_kept_costs_no_other_one() -> None:
    async def ask() -> None:
        answers, make = Answers(most=5, names=1), Maker(JSONResponse("12345678"))
        tag = (await answers.get(asked("/a"), "t", make, nothing)).tag
        assert (await answers.get(asked("/a"), "t", make, tag.__eq__)).tag == tag
        assert make.times == 1
        assert (await answers.get(asked("/a"), "t", make, nothing)).body == b'"12345678"'
        await answers.get(asked("/b"), "t", make, nothing)
        await answers.get(asked("/a"), "t", make, tag.__eq__)
        assert make.times == 4, "of too many questions the oldest is forgotten"

    asyncio.run(ask())
