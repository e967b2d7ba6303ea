{% test readable_date(model, column_name) %}
    select {{ column_name }}
    from {{ model }}
    where {{ day_text(column_name) }} is not null and {{ day(column_name) }} is null
{% endtest %}
