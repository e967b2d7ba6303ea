{% test readable_date(model, column_name) %}
    {%- set types = types_of_column(model, column_name) %}
    select {{ column_name }}
    from {{ model }}
    where {{ day_text(column_name) }} is not null and {{ day(column_name, types) }} is null
{% endtest %}
