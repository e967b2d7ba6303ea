select
    (select count(*) from {{ standing_verdicts }}) as standing,
    (
        select count(*)
        from {{ standing_verdicts }}
        where _id in (select _id from {{ mart_keys }})
    ) as standing_in_window,
    (
        select count(*)
        from {{ compared }}
        where
            _is_same
            and _id not in (
                select _id from {{ changed_ids }}
                where _id is not null
            )
    ) as unchanged
