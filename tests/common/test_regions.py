"""Divisions: complete, without statistical stand-ins, and in agreement with the access rules."""

import pytest
from common.auth import region_prefix
from common.regions import (
    COUNTRY,
    UnknownRegion,
    children,
    counties,
    covers,
    exists,
    full_name,
    level,
    name_of,
    parent,
    provinces,
)
from hypothesis import given
from hypothesis import strategies as st

CITIES = [city for province in provinces() for city in children(province) if level(city) == "city"]
ALL = [COUNTRY, *provinces(), *CITIES, *counties()]
codes = st.sampled_from(ALL)


def test_the_counts_are_the_official_ones() -> None:
    assert len(provinces()) == 34
    assert len(CITIES) == 333
    assert len(counties()) == 2847
    assert len(counties("140000")) == 117 and len(children("140000")) == 11
    assert len(counties("652300")) == 7


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("140105", "山西省太原市小店区"),
        ("652328", "新疆维吾尔自治区昌吉回族自治州木垒哈萨克自治县"),
        ("659001", "新疆维吾尔自治区石河子市"),
        ("110101", "北京市东城区"),
        ("500157", "重庆市两江新区"),
        ("500105", "重庆市江北区"),
        ("441900", "广东省东莞市"),
        ("810000", "香港特别行政区"),
        ("710000", "台湾省"),
        (COUNTRY, "全国"),
    ],
)
def test_full_names(code: str, name: str) -> None:
    assert full_name(code) == name


@pytest.mark.parametrize(
    "code",
    [
        "140171",
        "140271",
        "140671",
        "140971",
        "110100",
        "659000",
        "320576",
        "620201",
        "500105",
        "149999",
        "",
        "14",
    ],
)
def test_what_is_no_division_of_today_does_not_exist(code: str) -> None:
    assert not exists(code)


def test_levels_and_parents() -> None:
    assert [level(c) for c in (COUNTRY, "140000", "140100", "140105")] == [
        "country",
        "province",
        "city",
        "county",
    ]
    assert [parent(c) for c in (COUNTRY, "140000", "140100", "140105")] == [None, COUNTRY, "140000", "140100"]
    assert parent("659001") == parent("652300") == "650000" and level("659001") == "county"
    assert parent("110101") == "110000" and children("441900") == () and counties("441900") == ()
    assert counties("140105") == ("140105",) and counties("500105") == ()


def test_unknown_codes_are_refused() -> None:
    for question in (name_of, full_name, level, parent, children, counties):
        with pytest.raises(UnknownRegion) as caught:
            question("149999")
        assert caught.value.status == 422


@given(codes, codes)
def test_covering_is_what_the_access_rules_mean_by_it(scope: str, code: str) -> None:
    assert covers(scope, code) is code.startswith(region_prefix(scope))


@given(codes)
def test_everything_lies_in_all_that_is_above_it(code: str) -> None:
    above: str | None = code
    while above is not None:
        assert covers(above, code) and exists(above)
        assert above == code or code in counties(above) or level(code) != "county"
        up = parent(above)
        assert up is None or above in children(up)
        above = up


@given(codes)
def test_children_share_out_their_parent(code: str) -> None:
    inside = [county for below in children(code) for county in counties(below)]
    assert level(code) == "county" or tuple(inside) == counties(code)
    assert len(set(inside)) == len(inside) and all(covers(code, county) for county in inside)


@given(st.text(max_size=8), st.text(max_size=8))
def test_covers_takes_any_text(scope: str, code: str) -> None:
    assert covers(scope, code) in (True, False)
