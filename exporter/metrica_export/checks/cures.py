"""Cures for the reasons of rejected, held and pending rows. The runbook has the same texts."""

CURES = {
    "value_missing": "fill the column; for an order without a status, map the status",
    "hash_missing": "use the shipped marts' `row_hash` expression in a changed model",
    "hash_malformed": "use the shipped marts' `row_hash` expression in a changed model",
    "id_malformed": "correct the id",
    "id_duplicated": "leave one row per id; it is sent without help",
    "name_malformed": "correct it in the seed or the model",
    "type_unknown": "correct `dbt_project/seeds/order_status_map.csv`",
    "client_type_unknown": "set CONTACT in the model",
    "date_out_of_range": "correct the date, or leave it empty where it is optional",
    "date_in_future": "none: the row is sent when the time has come; otherwise correct the date",
    "number_malformed": "correct the number",
    "amount_too_large": "correct the amount",
    "currency_unknown": "correct it, or map the old code with the var `currency_codes`",
    "too_many_values": "shorten the list",
    "values_repeated": "remove the repeated value",
    "client_ids_malformed": "correct the list; ClientIDs must never pass through floating point",
    "emails_malformed": "let the models normalise it, or correct it",
    "phones_malformed": "let the models normalise it, or correct it; set the var "
    "`default_calling_code` for national numbers of one country",
    "md5_malformed": "correct the expression in the model",
    "goals_malformed": "correct the model that fills `goals`",
    "products_malformed": "correct the model that fills `products`",
    "goal_ids_malformed": "correct `dbt_project/seeds/order_status_map.csv`",
    "humanized_too_long": "shorten it",
    "row_too_large": "raise `--chunk-bytes`, or shorten the row",
    "refused_by_metrica": "correct the row; if the cause was on Metrica's side, `metrica-export "
    "retry`",
    "refused_with_others": "correct the refused rows first; the next run tries this row again; "
    "raise `--split-requests` if many rows wait",
    "path_malformed": "correct `order_status_history`: its last status must be the order's",
    "identifier_missing": "add an identifier; without one Metrica cannot match the order",
    "window_past": "none, or run with `--late-orders send`",
    "status_unmapped": "add a row for the status that the warning of `dbt build` names (in "
    "`metrica.orders` it is `unmapped:…`), run `dbt build`, run again",
    "status_unknown": "map it in the seed, or create the goal; if the mapping itself was "
    "rejected, correct that row first",
    "contact_unknown": "add the contact to the mart `contacts`, or correct `contact_id` of the "
    "order",
    "contact_unsendable": "cure the contact; the order follows without help",
    "outcome_unknown": "none: the row is sent again in the next run",
    "steps_left": "none: the next run continues; raise `--max-steps` to go faster",
}
"""Reason → cure."""
