{% test readable_number(model, column_name, scale) %}
    {%- set types = types_of_column(model, column_name) %}
    select {{ column_name }}
    from {{ model }}
    where
        {{ column_name }} is not null
        and {{ number(column_name, scale, types) }} is null
        {% if _is_type(column_name, ['numeric', 'whole'], types) != 'true' %}
            and {{ number_text(column_name, types) }} is not null
        {% endif %}
{% endtest %}
