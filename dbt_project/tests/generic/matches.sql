{% test matches(model, column_name, pattern, by_value=false) %}
    select {{ column_name }}
    from {{ model }}
    {% if by_value %}
        group by {{ column_name }}
        having {{ column_name }} is not null and not {{ matches(column_name, pattern) }}
    {% else %}
        where {{ column_name }} is not null and not {{ matches(column_name, pattern) }}
    {% endif %}
{% endtest %}
