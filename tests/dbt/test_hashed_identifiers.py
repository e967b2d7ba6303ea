"""Identifiers that a CRM has as MD5 only."""

from hashlib import md5

import pytest

from tests.dbt import crm
from tests.dbt.warehouse import Warehouse

OWN, SECOND, EMAIL, PHONE = (
    md5(text).hexdigest()  # noqa: S324 - Metrica's
    for text in (b"anna@example.com", b"a.li@example.com", b"other@example.com", b"79990000000")
)


@pytest.mark.parametrize("form", ["plain", "md5"])
def test_hashed_identifiers_of_the_crm_reach_the_mart_once(warehouse: Warehouse, form: str) -> None:
    warehouse.run(
        *crm.SAMPLE,
        f"""insert into crm.contact_identifiers values
            ('C-1', 'email_md5', '{OWN}', null), ('C-1', 'EMAIL_MD5', ' {EMAIL.upper()}', null),
            ('c-3', 'phone_md5', '{PHONE}', null), ('c-3', 'phone_md5', '{PHONE[1:]}', null)""",
    )
    outcome = warehouse.build(
        crm_has_hashed_identifiers=True, identifiers={"emails": form, "phones": "plain"}
    )
    assert "crm_contact_identifiers_with_unreadable_md5" in outcome.complaints
    computed = {"plain": (), "md5": sorted((OWN, SECOND))}[form]
    assert warehouse.rows(
        """select uniq_id, emails_md5, phones_md5, identifiers_count from metrica.contacts
        where uniq_id <> 'C-2' order by birth_date nulls first"""
    ) == [("c-3", None, PHONE, 1), ("C-1", ",".join((*computed, EMAIL)), None, 6)]
