"""Phones in many spellings, and what the library `phonenumbers` makes of them."""

import unicodedata
from collections.abc import Iterator
from itertools import cycle

from phonenumbers import (
    SUPPORTED_REGIONS,
    NumberParseException,
    PhoneNumber,
    PhoneNumberFormat,
    PhoneNumberType,
    ValidationResult,
    country_code_for_region,
    example_number_for_type,
    format_number,
    is_possible_number_for_type_with_reason,
    national_significant_number,
    parse,
)

PERSONAL = (
    PhoneNumberType.FIXED_LINE,
    PhoneNumberType.MOBILE,
    PhoneNumberType.VOIP,
    PhoneNumberType.PERSONAL_NUMBER,
)
HOME = "RU"

PLANE = [chr(code) for code in range(0x80, 0x10000)]
INVISIBLE = [
    *(
        sign
        for sign in PLANE
        if unicodedata.category(sign) == "Cf"
        and ord(sign) not in range(0x600, 0x606)
        and ord(sign) not in {0x6DD, 0x70F, 0x890, 0x891, 0x8E2}
    ),
    *map(chr, range(0xFE00, 0xFE10)),
    *map(chr, (0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x2065, 0x3164, 0xFFA0)),
    *map(chr, (0xE0001, 0xE0020, 0xE0100)),
]
BLANKS = [sign for sign in PLANE if unicodedata.category(sign) in {"Zs", "Zl", "Zp"}]
DASHES = [*map(chr, range(0x2010, 0x2016)), "\u2212", "\u30fc", "\ufe63", "\uff0d"]
DIGITS = ["\uff10", "\u0660", "\u06f0", "\u0966"]


def expected(cell: str) -> str | None:
    """Return the digits that the library reads, if a person may have such a number."""
    try:
        number = parse(cell, HOME)
    except NumberParseException:
        return None
    possible = any(
        is_possible_number_for_type_with_reason(number, kind) == ValidationResult.IS_POSSIBLE
        for kind in PERSONAL
    )
    digits = format_number(number, PhoneNumberFormat.E164)[1:]
    return digits if possible and 7 <= len(digits) <= 15 else None


def correct() -> dict[str, str | None]:
    """Return spellings of right numbers of every country, and the digits of each."""
    found: dict[str, str | None] = {}
    for region in sorted(SUPPORTED_REGIONS):
        for kind in (PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE):
            number = example_number_for_type(region, kind)
            if number:
                digits = format_number(number, PhoneNumberFormat.E164)[1:]
                found |= dict.fromkeys(_international(number), digits)
                if region == HOME:
                    found |= dict.fromkeys(_at_home(number), digits)
    return found


def mistyped() -> dict[str, str | None]:
    """Return numbers that lack a digit or have one too many, and what the library reads."""
    cells = []
    for region in sorted(SUPPORTED_REGIONS):
        number = example_number_for_type(region, PhoneNumberType.MOBILE)
        if number:
            digits = format_number(number, PhoneNumberFormat.E164)
            cells += [digits[:-1], digits + "7", digits[:-2] + "-" + digits[-2:] + "00"]
            cells += [digits[1:], national_significant_number(number)[:-1]]
    return {cell: expected(cell) for cell in cells}


def typeset() -> dict[str, str]:
    """Return numbers of every country with signs and wrappings of other programs, and their digits.

    Every sign is used with several numbers, and every number with several signs.
    """
    found: dict[str, str] = {}
    signs = zip(
        cycle(INVISIBLE),
        cycle(BLANKS),
        cycle(DASHES),
        cycle(DIGITS),
        cycle("\uff0b+"),
        strict=False,
    )
    for region in sorted(SUPPORTED_REGIONS):
        for kind in (PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE):
            number = example_number_for_type(region, kind)
            if number:
                digits = format_number(number, PhoneNumberFormat.E164)[1:]
                forms = (*_signs(number, next(signs)), *_signs(number, next(signs)))
                found |= dict.fromkeys((*forms, *_wrapped(number)), digits)
    return found


def written_by_programs() -> dict[str, str]:
    """Return home numbers as floating-point numbers and in wrappings, and their digits."""
    found: dict[str, str] = {}
    for tail in range(1000):
        national = f"{8125551000 + tail}"
        digits = f"7{national}"
        found |= dict.fromkeys(
            (
                f"{national}.0",
                f"8{national}.00",
                f"{digits}.0",
                f"+7 {national[:3]} {national[3:]}.0",
                f"8 ({national[:3]}) {national[3:6]}-{national[6:]}.0",
                f"{national},0",
                f"{national[0]}.{national[1:]}e9",
                f"{digits[0]}.{digits[1:]}E+10",
                f"'8{national}",
                f'="8{national}"',
                f"tel:8{national}",
                f"8[{national[:3]}]{national[3:]}",
            ),
            digits,
        )
    return found


def all_cells() -> list[str]:
    """Return every spelling that these tests ask about, once."""
    return sorted({*correct(), *mistyped(), *typeset(), *written_by_programs()})


def _international(number: PhoneNumber) -> Iterator[str]:
    code = str(number.country_code)
    national = national_significant_number(number)
    yield f"+{code}{national}"
    yield f"00 {code} {national[:3]} {national[3:]}"
    yield format_number(number, PhoneNumberFormat.INTERNATIONAL)
    yield f"  (+{code}) {national[:2]}.{national[2:4]}\u2013{national[4:]} ext. 12"
    if len(national) >= 6:
        yield f"+{code} {national[:2]}/{national[2:]}"
    # As it is dialled at home, with the country code put in front.
    at_home = format_number(number, PhoneNumberFormat.NATIONAL)
    yield f"+{code} {at_home}"


def _at_home(number: PhoneNumber) -> Iterator[str]:
    national = national_significant_number(number)
    code = country_code_for_region(HOME)
    yield national
    yield f"8{national}"
    yield f"{code}{national}"
    yield f"8 ({national[:3]}) {national[3:6]}-{national[6:8]}-{national[8:]}"
    yield f"{code}-{national[:3]}-{national[3:]} доб. 12"
    yield f"{national[:3]}/{national[3:]}"
    yield f"8-{national[:3]}/{national[3:6]}-{national[6:]}"
    yield f"+{code}/{national[:3]}/{national[3:]}"


def _signs(number: PhoneNumber, signs: tuple[str, ...]) -> Iterator[str]:
    invisible, blank, dash, zero, plus = signs
    code = str(number.country_code)
    national = national_significant_number(number)
    first, second, third = national[:2], national[2:4], national[4:]
    yield f"{invisible}+{code}{national}{invisible}"
    yield f"+{code} {first}{invisible}{second}-{third}"
    yield f"{blank}+{code}{blank}{first}{blank}{second}{blank}{third}{blank}"
    yield f"+{code}{dash}{first}{dash}{second}{dash}{third}"
    yield f"+{code} [{first}] {second}-{third}"
    yield f"+{code}\uff08{first}\uff09{second}\uff0d{third}"
    yield f"{plus}{code} {national}".translate({48 + n: ord(zero) + n for n in range(10)})


def _wrapped(number: PhoneNumber) -> Iterator[str]:
    code = str(number.country_code)
    national = national_significant_number(number)
    dashed = f"{national[:2]}-{national[2:4]}-{national[4:]}"
    yield f"tel:+{code}-{dashed}"
    yield f"tel:+{code}-{dashed};ext=12"
    yield f"tel:{dashed};phone-context=+{code}"
    yield f"'+{code}{national}"
    yield f"\u2019+{code} {dashed}"
    yield f'="+{code} {dashed}"'
    yield f'"+{code}{national}"'
    yield f"<tel:+{code}{national}>"
    yield f"8-10-{code}-{dashed}"
    yield f"8~10 {code} {national}"
    yield f"810{code}{national}"
