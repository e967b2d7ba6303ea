"""Order statuses, attributes, products and types (the `/schema` pages)."""

from typing import Any

import pytest

from tests.support.emulator_fixture import RunningEmulator

STATUSES = "/schema/order_statuses"
ATTRIBUTES = "/schema/attributes"
PRODUCTS = "/schema/products"


def post_statuses(emulator: RunningEmulator, *statuses: object) -> Any:  # noqa: ANN401
    return emulator.call("POST", STATUSES, json={"order_statuses": statuses})


def post_attributes(
    emulator: RunningEmulator, *attributes: object, entity_type: str = "ORDER"
) -> Any:  # noqa: ANN401
    parameters = {"entity_type": entity_type}
    return emulator.call("POST", ATTRIBUTES, params=parameters, json={"attributes": attributes})


def refusal(answer: Any) -> tuple[int, str, str | None]:  # noqa: ANN401 - a response
    error = answer.json()["errors"][0]
    return answer.status_code, error["error_type"], error.get("location")


def test_statuses_are_stored_and_listed(emulator: RunningEmulator) -> None:
    assert emulator.call("GET", STATUSES).json() == {"order_statuses": []}
    answer = post_statuses(
        emulator,
        {"id": "new", "type": "IN_PROGRESS", "humanized": "Новый", "goal_action_ids": ["a", "b"]},
        {"id": "PAID", "type": "PAID"},
    )
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert emulator.call("GET", STATUSES).json() == {
        "order_statuses": [
            {
                "id": "PAID",
                "type": "PAID",
                "humanized": None,
                "goal_action_ids": [],
                "order_status_source": "USER",
            },
            {
                "id": "new",
                "type": "IN_PROGRESS",
                "humanized": "Новый",
                "goal_action_ids": ["a", "b"],
                "order_status_source": "USER",
            },
        ]
    }


def test_statuses_are_added_or_replaced(emulator: RunningEmulator) -> None:
    def listed() -> list[str]:
        statuses = emulator.call("GET", STATUSES).json()["order_statuses"]
        return [status["id"] for status in statuses]

    post_statuses(emulator, {"id": "a", "type": "PAID"})
    post_statuses(emulator, {"id": "b", "type": "PAID"})
    assert listed() == ["a", "b"]
    emulator.switches(statuses_post="replace")
    post_statuses(emulator, {"id": "c", "type": "PAID"})
    assert listed() == ["c"]


@pytest.mark.parametrize(
    ("status", "location"),
    [
        ({"type": "PAID"}, "id"),
        ({"id": "два", "type": "PAID"}, "id"),
        ({"id": "x" * 256, "type": "PAID"}, "id"),
        ({"id": "a"}, "type"),
        ({"id": "a", "type": "CANCELED"}, "type"),
        ({"id": "PAID", "type": "OTHER"}, "type"),
        ({"id": "a", "type": "PAID", "humanized": "x" * 4097}, "humanized"),
        ({"id": "a", "type": "PAID", "goal_action_ids": "dostavka"}, "goal_action_ids"),
        ({"id": "a", "type": "PAID", "goal_action_ids": ["g", "g"]}, "goal_action_ids"),
        ({"id": "a", "type": "PAID", "goal_action_ids": list("abcdefghijk")}, "goal_action_ids"),
    ],
)
def test_schema_bad_status_refuses_the_whole_request(
    emulator: RunningEmulator, status: dict[str, object], location: str
) -> None:
    answer = post_statuses(emulator, {"id": "good", "type": "PAID"}, status)
    assert refusal(answer) == (400, "invalid_parameter", f"order_statuses[1].{location}")
    assert emulator.sql("select * from order_statuses") == []


def test_attributes_are_kept_per_entity_type(emulator: RunningEmulator) -> None:
    age = {"name": "age", "type_name": "numeric", "multivalued": False, "humanized": "Возраст"}
    assert post_attributes(emulator, age, entity_type="CONTACT").json() == {"success": True}
    listed = emulator.call("GET", f"{ATTRIBUTES}?entity_type=CONTACT").json()
    assert listed["custom_attributes"] == [
        {
            "name": "age",
            "type_name": "numeric",
            "type_group": "PREDEFINED",
            "type_humanized": None,
            "humanized": "Возраст",
            "multivalued": False,
        }
    ]
    system = {attribute["name"]: attribute for attribute in listed["system_attributes"]}
    assert {"uniq_id", "emails", "birth_date"} <= set(system)
    assert (system["emails"]["multivalued"], system["name"]["multivalued"]) == (True, False)
    for other in ("ORDER", "SIMPLE_ORDER", "COMPANY"):
        answer = emulator.call("GET", f"{ATTRIBUTES}?entity_type={other}")
        assert answer.json()["custom_attributes"] == []


def test_schema_attribute_can_be_created_again(emulator: RunningEmulator) -> None:
    for humanized in ("A", "B"):
        attribute = {"name": "a", "type_name": "text", "multivalued": False}
        post_attributes(emulator, attribute | {"humanized": humanized})
    assert emulator.sql("select name, humanized from attributes") == [("a", "B")]


@pytest.mark.parametrize(
    ("attribute", "location"),
    [
        ({"type_name": "text", "multivalued": False}, "name"),
        ({"name": "a b", "type_name": "text", "multivalued": False}, "name"),
        ({"name": "revenue", "type_name": "numeric", "multivalued": False}, "name"),
        ({"name": "a", "type_name": "text"}, "multivalued"),
        ({"name": "a", "type_name": "text", "multivalued": "no"}, "multivalued"),
        ({"name": "a", "type_name": "integer", "multivalued": False}, "type_name"),
        ({"name": "a", "type_group": "MINE", "multivalued": False}, "type_group"),
        ({"name": "a", "multivalued": False, "humanized": 5}, "humanized"),
    ],
)
def test_schema_bad_attribute_is_refused(
    emulator: RunningEmulator, attribute: dict[str, object], location: str
) -> None:
    answer = post_attributes(emulator, attribute)
    assert refusal(answer) == (400, "invalid_parameter", f"attributes[0].{location}")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_schema_entity_type_is_required_and_in_capitals(
    emulator: RunningEmulator, method: str
) -> None:
    body: dict[str, list[str]] | None = {"attributes": []} if method == "POST" else None
    answer = emulator.call(method, ATTRIBUTES, json=body)
    assert refusal(answer) == (400, "missing_parameter", "entity_type")
    answer = emulator.call(method, f"{ATTRIBUTES}?entity_type=order", json=body)
    assert refusal(answer) == (400, "invalid_parameter", "entity_type")


def test_products_are_added_by_name(emulator: RunningEmulator) -> None:
    for humanized in ("Pear", "Груша"):
        items = [{"name": "pear", "humanized": humanized}, {"name": "apple"}]
        answer = emulator.call("POST", PRODUCTS, json={"attributes": [], "items": items})
        assert (answer.status_code, answer.json()) == (200, {"success": True})
    stored = emulator.sql("select name, humanized from products order by name")
    assert stored == [("apple", None), ("pear", "Груша")]
    assert emulator.call("GET", "/last_uploadings").json() == {"uploadings": []}


def test_products_appear_in_the_list_by_switch(emulator: RunningEmulator) -> None:
    emulator.switches(products_in_list="on")
    emulator.call("POST", PRODUCTS, json={"attributes": [], "items": [{"name": "pear"}]})
    [upload] = emulator.call("GET", "/last_uploadings").json()["uploadings"]
    assert (upload["entity_type"], upload["uploading_format"]) == ("SYSTEM_LIST", "JSON")
    assert (upload["api_validation_status"], upload["elements_count"]) == ("PASSED", 1)


@pytest.mark.parametrize(
    ("body", "location"),
    [
        ({"items": []}, "attributes"),
        ({"attributes": [], "items": {}}, "items"),
        ({"attributes": [], "items": [{"name": "Ноутбук"}]}, "items[0].name"),
        ({"attributes": [], "items": [{"name": "a"}, {}]}, "items[1].name"),
        ({"attributes": [], "items": [{"name": "a", "humanized": 1}]}, "items[0].humanized"),
        ({"attributes": [], "items": [{}] * 160_001}, "items"),
    ],
)
def test_schema_bad_catalogue_is_refused(
    emulator: RunningEmulator, body: dict[str, object], location: str
) -> None:
    answer = emulator.call("POST", PRODUCTS, json=body)
    assert refusal(answer) == (400, "invalid_parameter", location)
    assert emulator.sql("select * from products") == []


def test_types_are_listed(emulator: RunningEmulator) -> None:
    predefined = emulator.call("GET", "/schema/predefined_types").json()["types"]
    assert [entry["name"] for entry in predefined] == [
        "numeric",
        "date",
        "datetime",
        "email",
        "text",
    ]
    system = emulator.call("GET", "/schema/types").json()["types"]
    assert {"name": "product", "group": "SYSTEM_LIST", "humanized": "Product"} in system


def test_schema_takes_json_only(emulator: RunningEmulator) -> None:
    answer = emulator.call("POST", STATUSES, data="order_statuses=1")
    assert refusal(answer) == (406, "not_acceptable", None)
    answer = emulator.call(
        "POST", STATUSES, data="{", headers={"Content-Type": "application/json; charset=utf-8"}
    )
    assert refusal(answer) == (400, "invalid_json", None)
    answer = emulator.call("POST", STATUSES, json=[])
    assert refusal(answer) == (400, "invalid_parameter", "order_statuses")
