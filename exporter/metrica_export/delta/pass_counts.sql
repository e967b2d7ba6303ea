select
    (select count(*) from {{ mart_keys }}) as compared_rows,
    (select count(*) from {{ staged }}) as staged_rows,
    cast(greatest(
        cast({{ since }} as timestamptz),
        (
            select max(_updated_at)
            from {{ mart_keys }}
            where
                _updated_at between timestamptz '1970-01-01 00:00:00+00'
                and cast({{ now }} as timestamptz)
        )
    ) as text) as latest
