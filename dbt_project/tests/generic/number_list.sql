{% test number_list(model, column_name, shortest, longest) %}
    {%- set number = '[1-9][0-9]{' ~ (shortest - 1) ~ ',' ~ (longest - 1) ~ '}' %}
    -- PostgreSQL needs several times longer for a pattern that counts, and most lists are one number.
    select {{ column_name }}
    from {{ model }}
    where
        {{ column_name }} is not null
        and not case
            when {{ matches(column_name, '^[1-9][0-9]*$') }}
                then length({{ column_name }}) between {{ shortest }} and {{ longest }}
            else {{ matches(column_name, '^' ~ number ~ '(,' ~ number ~ ')*$') }}
        end
{% endtest %}
