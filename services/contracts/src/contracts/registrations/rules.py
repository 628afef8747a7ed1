"""Contract numbers and the states of a contract."""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from common.problems import Text
from stdnum.iso7064 import mod_37_36

__all__ = [
    "ORDER_NO_LENGTH",
    "SERIALS",
    "ContractNumber",
    "InvalidContractNumber",
    "Status",
    "may_complete",
    "may_depart",
    "province_of",
]

SERIALS = 99_999_999
ORDER_NO_LENGTH = 200
_NUMBER = re.compile(r"([0-9]{6})([0-9]{8})(0[1-7])([0-9]{8})([0-9A-Z])")


class Status(StrEnum):
    """Where a contract stands in its life."""

    REGISTERED = "registered"
    DEPARTED = "departed"
    COMPLETED = "completed"


class InvalidContractNumber(ValueError):
    """No contract has such a number."""


@dataclass(frozen=True, slots=True)
class ContractNumber:
    """`{province 6}{yyyymmdd}{type 2}{serial 8}{check 1}`: 25 characters, the last by ISO 7064 mod 37,36."""

    province: str
    day: date
    type_code: str
    serial: int

    def __str__(self) -> str:
        body = f"{self.province}{self.day:%Y%m%d}{self.type_code}{self.serial:08d}"
        return body + mod_37_36.calc_check_digit(body)

    @classmethod
    def parse(cls, text: str) -> "ContractNumber":
        """The parts of a number.

        Raises:
            InvalidContractNumber: the form, the day or the check character is wrong.
        """
        match = _NUMBER.fullmatch(text)
        if match is None or not mod_37_36.is_valid(text):
            raise InvalidContractNumber(text)
        province, day, type_code, serial, _ = match.groups()
        try:
            parsed = date(int(day[:4]), int(day[4:6]), int(day[6:]))
        except ValueError as error:
            raise InvalidContractNumber(text) from error
        return cls(province, parsed, type_code, int(serial))


def province_of(region: str | None) -> str:
    """The province a number begins with; 000000 for a contract whose region is not known."""
    return "000000" if region is None else region[:2] + "0000"


def may_depart(status: str, departure_on: date, return_on: date, on: date, today: date) -> Text | None:
    """Why a departure on `on` cannot be recorded, or None if it can."""
    if status != Status.REGISTERED:
        return Text(f"合同状态为 {status}，不能登记出发", f"A contract that is {status} cannot depart")
    if on > today:
        return Text("出发日期晚于今天", "The departure lies in the future")
    if not departure_on <= on <= return_on:
        return Text("出发日期不在合同行程之内", "The departure lies outside the agreed dates")
    return None


def may_complete(status: str, departure_on: date, on: date, today: date) -> Text | None:
    """Why a completion on `on` cannot be recorded, or None if it can. A trip may end before its last day."""
    if status == Status.COMPLETED:
        return Text("合同已经履行完毕", "The contract is already completed")
    if on > today:
        return Text("履行完毕日期晚于今天", "The completion lies in the future")
    if on < departure_on:
        return Text("履行完毕日期早于出发日期", "The completion lies before the departure")
    return None
