"""Write phone_calling_codes.csv from the metadata of the package `phonenumbers`.

    python dbt_project/seeds/phone_calling_codes.py > dbt_project/seeds/phone_calling_codes.csv

A row per calling code that people have phones under (freephone and premium codes are
not written). `national_lengths` are those of fixed, mobile, internet and personal numbers.
"""

import csv
import re
import sys
from itertools import chain, product
from typing import TextIO

import regex  # type: ignore[import-untyped]
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

PERSONAL = ("fixed_line", "mobile", "voip", "personal_number")
ACCEPTED = range(7, 16)  # digits of an international number
DIGITS = "0123456789"
SHORT = tuple(map("".join, chain(product(DIGITS), product(DIGITS, repeat=2))))


def trunk_prefixes(metadata: PhoneMetadata) -> list[str]:
    """Return the prefixes of domestic calls, which a caller abroad leaves out."""
    pattern = metadata.national_prefix_for_parsing
    return [digits for digits in SHORT if pattern and re.fullmatch(pattern, digits)]


def exit_prefix(metadata: PhoneMetadata) -> str:
    """Return the prefix of calls abroad, empty if it begins with 00."""
    prefix = metadata.international_prefix or ""
    return prefix if re.fullmatch("[0-9]{3}", prefix) and not prefix.startswith("00") else ""


def row(code: int, regions: tuple[str, ...]) -> tuple[str, str, str, str, str]:
    """Return the seed's row for a calling code; its first region decides on the prefix."""
    found = [
        PhoneMetadata.metadata_for_nongeo_region(code)
        if region == "001"
        else PhoneMetadata.metadata_for_region(region)
        for region in regions
    ]
    metadata = [each for each in found if each is not None]
    kinds = [getattr(m, kind) for m in metadata for kind in PERSONAL]
    kinds = [kind for kind in kinds if kind and kind.national_number_pattern]
    lengths = {n for kind in kinds for n in kind.possible_length}
    fitting = sorted(n for n in lengths if len(str(code)) + n in ACCEPTED)
    leading_zero = any(
        regex.fullmatch(kind.national_number_pattern, "0", partial=True) for kind in kinds
    )
    return (
        str(code),
        ",".join(trunk_prefixes(metadata[0])),
        exit_prefix(metadata[0]),
        str(leading_zero).lower(),
        ",".join(map(str, fitting)),
    )


def write(out: TextIO) -> None:
    """Write the seed with its header, sorted by code."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ("calling_code", "trunk_prefixes", "exit_prefix", "leading_zero", "national_lengths")
    )
    rows = (row(code, regions) for code, regions in COUNTRY_CODE_TO_REGION_CODE.items())
    writer.writerows(sorted(r for r in rows if r[-1]))


if __name__ == "__main__":
    write(sys.stdout)
