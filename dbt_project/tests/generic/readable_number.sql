{% test readable_number(model, column_name, scale) %}
    select {{ column_name }}
    from {{ model }}
    where {{ number_text(column_name) }} is not null and {{ number(column_name, scale) }} is null
{% endtest %}
