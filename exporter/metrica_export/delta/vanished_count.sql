-- From the counts, since a join of all ids takes as long as the comparison.
select
    (
        select count(*)
        from {{ delivered }}
        where _hash is distinct from '{{ erased }}'
    )
    - (
        select count(*)
        from {{ compared }}
        where _is_delivered
    )
    + (
        select coalesce(sum(repeated.extra_rows), 0)
        from (
            select count(*) - 1 as extra_rows
            from {{ compared }}
            where
                _is_delivered
                and _id in (
                    select _id from {{ changed_ids }}
                    where _id is not null
                )
            group by _id
        ) as repeated
    ) as vanished
