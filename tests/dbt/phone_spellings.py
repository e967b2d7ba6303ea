"""Phones in many spellings, and what the library `phonenumbers` makes of them."""

from collections.abc import Iterator

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


def all_cells() -> list[str]:
    """Return every spelling that these tests ask about, once."""
    return sorted({*correct(), *mistyped()})


def _international(number: PhoneNumber) -> Iterator[str]:
    code = str(number.country_code)
    national = national_significant_number(number)
    yield f"+{code}{national}"
    yield f"00 {code} {national[:3]} {national[3:]}"
    yield format_number(number, PhoneNumberFormat.INTERNATIONAL)
    yield f"  (+{code}) {national[:2]}.{national[2:4]}\u2013{national[4:]} ext. 12"
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
