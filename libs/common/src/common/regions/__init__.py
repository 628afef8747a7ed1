"""Divisions of China by their GB/T 2260 codes: names, levels, who lies in whom.

A code is three pairs of digits, province, city, county; `140000` covers every `14xxxx`, `140100` every
`1401xx` and `000000` all. A county-level unit that its province administers directly (429004, 659001), and
every district of a municipality, has the province as its parent. Hong Kong, Macau and Taiwan are known as
provinces.
"""

from .divisions import (
    COUNTRY,
    Level,
    UnknownRegion,
    authority_name,
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

__all__ = [
    "COUNTRY",
    "Level",
    "UnknownRegion",
    "authority_name",
    "children",
    "counties",
    "covers",
    "exists",
    "full_name",
    "level",
    "name_of",
    "parent",
    "provinces",
]
