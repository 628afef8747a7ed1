"""Rate limits: the counter against an exact one, and what a client sees."""

from collections import deque

import pytest
from common.testing import api_client
from gateway.limits.classes import route_class
from gateway.limits.window import Rate, RateLimiter
from gateway.main import create_app
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("method", "path", "anonymous", "expected"),
    [
        ("GET", "/api/v1/credit/subjects", False, "read"),
        ("POST", "/api/v1/credit/facts", False, "write"),
        ("POST", "/api/v1/contracts/contracts:batch", False, "bulk"),
        ("POST", "/api/v1/credit/subjects:import", False, "bulk"),
        ("GET", "/api/v1/credit/public/subjects", True, "anonymous"),
        ("POST", "/oauth/token", True, "login"),
        ("POST", "/api/v1/identity/sessions", True, "login"),
        ("POST", "/api/v1/identity/guest-sessions", True, "guest"),
    ],
)
def test_classes(method, path, anonymous, expected):
    assert route_class(method, path, anonymous=anonymous) == expected


@pytest.mark.parametrize("text", ["", "5", "0/60", "5/0", "a/b", "-1/60", "5/60/2"])
def test_broken_rates(text):
    with pytest.raises(ValueError):
        Rate.parse(text)


@given(st.lists(st.floats(0, 5), max_size=300), st.integers(1, 20))
def test_no_window_ever_lets_more_than_twice_the_quota_through_and_rest_restores(steps, quota):
    now = 1000.0
    limiter = RateLimiter({"read": Rate(quota, 10)}, now=lambda: now)
    let: deque[float] = deque()
    for number, step in enumerate(steps):
        now += step
        decision = limiter.hit("read", "a")
        while let and let[0] <= now - 10:
            let.popleft()
        if decision.allowed:
            let.append(now)
            assert len(let) <= 2 * quota
        else:
            waited = now + decision.retry_after
            assert limiter.hit("read", f"somebody else {number}").allowed
            assert decision.retry_after >= 1
            now = waited
            assert limiter.hit("read", "a").allowed
            let.append(now)
    now += 20
    assert limiter.hit("read", "a").remaining == quota - 1


def test_callers_and_classes_are_counted_apart_and_forgotten():
    now = 0.0
    limiter = RateLimiter({"read": Rate(1, 60), "write": Rate(1, 60)}, now=lambda: now)
    assert limiter.hit("read", "a").allowed
    assert not limiter.hit("read", "a").allowed
    assert limiter.hit("read", "b").allowed
    assert limiter.hit("write", "a").allowed
    now = 600.0
    limiter.hit("read", "c")
    assert len(limiter._counters) == 1


async def test_guests_are_limited_with_retry_after(settings):
    settings = settings.model_copy(update={"rate_guest": "3/60"})
    async with api_client(create_app(settings)) as client:
        path = "/api/v1/identity/guest-sessions"
        answers = [await client.post(path, headers={"Accept-Language": "en"}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[0].headers["ratelimit-policy"] == '"guest";q=3;w=60'
    assert answers[0].headers["ratelimit"].startswith('"guest";r=2;t=')
    assert 1 <= int(answers[3].headers["retry-after"]) <= 120
    assert answers[3].json()["type"] == "/problems/too-many-requests"
    assert answers[3].headers["x-request-id"]
