{% test known_values(model, column_name, to, field) %}
    with counted as (
        select
            {{ column_name }} as value,
            count(*) as row_count
        from {{ model }}
        where {{ column_name }} is not null
        group by {{ column_name }}
    )

    select
        counted.value,
        counted.row_count
    from counted
    left join (select * from {{ to }}) as parents on counted.value = parents.{{ field }}
    where parents.{{ field }} is null
{% endtest %}
